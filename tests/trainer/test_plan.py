"""The batch plan is a pure function of the seed, and keeps the shares it was given."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.errors import ConfigError
from trainer.plan import Plan, Stream, held_out, plan_for


def alone(samples):
    return [Stream("train", 1.0, range(samples))]


def made(samples, batch, *, steps=None, epochs=1.0, seed=0):
    return plan_for(alone(samples), [9] * samples, batch, steps=steps, epochs=epochs, seed=seed)


def everything(plan):
    return [place for step in range(1, plan.steps + 1) for place in plan.samples_at(step)]


@given(samples=st.integers(1, 40), batch=st.integers(1, 17), epochs=st.integers(1, 3), seed=st.integers(0, 99))
def test_every_sample_is_read_once_an_epoch(samples, batch, epochs, seed):
    plan = made(samples, batch, epochs=epochs, seed=seed)
    assert Counter(everything(plan)) == dict.fromkeys(range(samples), epochs)
    assert plan.epoch_after(plan.steps) == epochs


@given(
    samples=st.integers(1, 40), batch=st.integers(1, 17), seed=st.integers(0, 99),
    passes=st.lists(st.sampled_from([0.3, 0.5, 1.0, 1.7, 2.0, 3.0]), min_size=2, max_size=4, unique=True).map(sorted),
)  # fmt: skip
def test_more_epochs_leave_out_nothing_and_change_nothing_that_was_read(samples, batch, seed, passes):
    before, short = [], []
    for epochs in passes:
        plan = plan_for(alone(samples), [9] * samples, batch, steps=None, epochs=epochs, seed=seed, short=short)
        now = [plan.samples_at(step) for step in range(1, plan.steps + 1)]
        assert now[: len(before)] == before
        before, short = now, plan.short_until(plan.steps)
    read = everything(plan)
    assert read == everything(made(samples, batch, epochs=passes[-1], seed=seed))
    assert plan.epoch_after(plan.steps) == len(read) / samples


def test_steps_that_are_given_to_a_run_of_epochs_go_on_where_it_was():
    first = made(10, 4)
    longer = plan_for(alone(10), [9] * 10, 4, steps=5, epochs=1.0, seed=0, short=first.short_until(3))
    assert [len(longer.samples_at(step)) for step in range(1, 6)] == [4, 4, 2, 4, 4]
    assert everything(longer) == everything(made(10, 9, steps=2))
    assert (longer.short_until(2), longer.short_until(3), longer.short_until(5)) == ([], [(3, 10)], [(3, 10)])


def test_a_step_reads_the_same_samples_whatever_was_asked_before():
    plan = made(100, 8, steps=50, seed=3)
    later_first = [plan.samples_at(step) for step in (40, 1, 17)]
    assert [made(100, 8, steps=50, seed=3).samples_at(step) for step in (40, 1, 17)] == later_first
    assert made(100, 8, steps=500, seed=3).samples_at(17) == later_first[2]


def test_epochs_and_seeds_have_orders_of_their_own():
    plan = made(50, 50, steps=2)
    assert plan.samples_at(1) != plan.samples_at(2)
    assert made(50, 50, steps=2, seed=1).samples_at(1) != plan.samples_at(1)


def test_steps_go_round_the_data_as_often_as_needed_with_full_batches():
    plan = made(5, 4, steps=10)
    assert [len(plan.samples_at(step)) for step in range(1, 11)] == [4] * 10


def test_half_an_epoch_reads_half_the_samples():
    plan = made(10, 4, epochs=0.5)
    assert [len(plan.samples_at(step)) for step in range(1, plan.steps + 1)] == [4, 1]


LENGTHS = [10 + place % 7 for place in range(60)] + [31 + place % 5 for place in range(40)]
MIXED = [Stream("train", 0.7, range(60)), Stream("general", 0.3, range(60, 100), counts=False)]


@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
def test_the_share_of_tokens_holds_at_every_step_to_one_sample(share):
    streams = [MIXED[0]._replace(share=1 - share), MIXED[1]._replace(share=share)]
    plan = plan_for(streams, LENGTHS, 4, steps=300, epochs=1.0, seed=2)
    general = total = 0
    for step in range(1, 301):
        for place in plan.samples_at(step):
            total += LENGTHS[place]
            general += LENGTHS[place] * (place >= 60)
            assert abs(general - share * total) <= max(LENGTHS)
    assert general / total == pytest.approx(share, abs=0.003)


def test_an_epoch_is_a_pass_over_the_domain_data_however_much_is_mixed_in():
    plan = plan_for(MIXED, LENGTHS, 8, steps=None, epochs=2.0, seed=0)
    read = Counter(everything(plan))
    assert {read[place] for place in range(60)} == {2}
    assert plan.epoch_after(plan.steps) == 2.0
    tokens = sum(LENGTHS[place] * count for place, count in read.items())
    assert sum(LENGTHS[place] * read[place] for place in range(60, 100)) / tokens == pytest.approx(0.3, abs=0.02)


def test_a_mixed_plan_is_the_same_from_any_step():
    one, two = (plan_for(MIXED, LENGTHS, 8, steps=40, epochs=1.0, seed=5) for _ in range(2))
    assert two.samples_at(33) == [one.samples_at(step) for step in range(1, 34)][-1]
    assert plan_for(MIXED, LENGTHS, 8, steps=40, epochs=1.0, seed=6).samples_at(33) != two.samples_at(33)


def test_what_decides_the_order_is_told():
    assert made(10, 4, steps=5, seed=1).facts() == {"samples": 10, "batch_size": 4, "seed": 1, "shares": {}}
    mixed = plan_for(MIXED, LENGTHS, 8, steps=40, epochs=1.0, seed=5)
    assert mixed.facts()["shares"] == {"train": 0.7, "general": 0.3}


def test_a_share_of_nothing_is_refused():
    with pytest.raises(
        ConfigError, match=r"^general has no samples to mix in; name a file with rows, or leave it out$"
    ):
        plan_for([*alone(5), Stream("general", 0.2, [])], [9] * 5, 2, steps=3, epochs=1.0, seed=0)


def test_held_out_rows_are_a_share_of_the_rows_but_never_all():
    counts = [len(held_out(range(rows), share, seed=0)) for rows, share in ((1000, 0.02), (10, 0.01), (2, 0.9))]
    assert counts == [20, 1, 1]
    assert held_out(range(1000), 0, seed=0) == frozenset() == held_out(range(1), 0.5, seed=0)
    assert held_out(range(100), 0.1, seed=1) == held_out(range(100), 0.1, seed=1) != held_out(range(100), 0.1, seed=2)


@given(groups=st.lists(st.integers(0, 8), min_size=2, max_size=40), share=st.floats(0.01, 0.9), seed=st.integers(0, 9))
def test_no_group_is_ever_on_both_sides(groups, share, seed):
    apart = held_out(groups, share, seed)
    assert not {groups[place] for place in apart} & {group for place, group in enumerate(groups) if place not in apart}
    assert len(apart) < len(groups)


def test_a_group_larger_than_the_share_stays_with_what_is_learned():
    assert held_out([0] * 50 + list(range(1, 51)), 0.05, seed=0).isdisjoint(range(50))
    assert held_out([0] * 10, 0.5, seed=0) == frozenset()


def test_the_plan_is_a_plain_function_of_its_arguments():
    assert Plan(alone(3), [1, 1, 1], 2, 4, 0).samples_at(2) == made(3, 2, steps=4).samples_at(2)
