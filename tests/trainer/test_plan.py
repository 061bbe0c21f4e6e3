"""The batch plan is a pure function of the seed."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from trainer.plan import Plan, held_out, plan_for


@given(samples=st.integers(1, 40), batch=st.integers(1, 17), epochs=st.integers(1, 3), seed=st.integers(0, 99))
def test_every_sample_is_read_once_an_epoch(samples, batch, epochs, seed):
    plan = plan_for(samples, batch, steps=None, epochs=epochs, seed=seed)
    read = [place for step in range(1, plan.steps + 1) for place in plan.samples_at(step)]
    assert Counter(read) == dict.fromkeys(range(samples), epochs)
    assert plan.epoch_after(plan.steps) == epochs


def test_a_step_reads_the_same_samples_whatever_was_asked_before():
    plan = Plan(samples=100, batch_size=8, steps=50, seed=3)
    later_first = [plan.samples_at(step) for step in (40, 1, 17)]
    assert [Plan(100, 8, 50, 3).samples_at(step) for step in (40, 1, 17)] == later_first
    assert Plan(100, 8, 500, 3).samples_at(17) == later_first[2]


def test_epochs_and_seeds_have_orders_of_their_own():
    plan = Plan(samples=50, batch_size=50, steps=2, seed=0)
    assert plan.samples_at(1) != plan.samples_at(2)
    assert Plan(50, 50, 2, seed=1).samples_at(1) != plan.samples_at(1)


def test_steps_go_round_the_data_as_often_as_needed_with_full_batches():
    plan = plan_for(5, 4, steps=10, epochs=1.0, seed=0)
    assert [len(plan.samples_at(step)) for step in range(1, 11)] == [4] * 10


def test_half_an_epoch_reads_half_the_samples():
    plan = plan_for(10, 4, steps=None, epochs=0.5, seed=0)
    assert [len(plan.samples_at(step)) for step in range(1, plan.steps + 1)] == [4, 1]


def test_held_out_rows_are_a_share_of_the_rows_but_never_all():
    assert [len(held_out(1000, 0.02, seed=0)), len(held_out(10, 0.01, seed=0)), len(held_out(2, 0.9, seed=0))] == [
        20,
        1,
        1,
    ]
    assert held_out(1000, 0, seed=0) == frozenset() == held_out(1, 0.5, seed=0)
    assert held_out(100, 0.1, seed=1) == held_out(100, 0.1, seed=1) != held_out(100, 0.1, seed=2)
