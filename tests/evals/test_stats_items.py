"""From verdicts to items: means, the order's completed prefix, what skips could have changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.stats.items import (
    PlannedItem,
    ScoredItem,
    Verdict,
    completed_prefix,
    counted,
    item_scores,
    mirrored,
    tallied,
    theta,
    win_difference,
)
from evals.stats.skips import skip_sensitivity

COUNTS = st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50)).filter(any)


def verdicts(text):
    """`a:1 b:0`, a grader each."""
    return [Verdict(word[0], f"g{place}", float(word[2:])) for place, word in enumerate(text.split())]


def test_an_items_score_is_the_mean_of_its_verdicts():
    assert item_scores(verdicts("a:1 b:0 a:0.5 c:0.5 a:0")) == {"a": 0.5, "b": 0.0, "c": 0.5}
    assert tallied(item_scores(verdicts("a:1 a:0 b:0.5")).values()) == {0.5: 2}


def test_the_prefix_ends_at_the_first_item_that_waits():
    order = [PlannedItem("a"), PlannedItem("b", 2), PlannedItem("c"), PlannedItem("d")]
    complete = verdicts("a:1 b:1 b:0 d:1")
    assert completed_prefix(order, complete) == [ScoredItem("a", 1.0), ScoredItem("b", 0.5)]
    assert completed_prefix(order, verdicts("b:1 b:0 c:1")) == []
    assert completed_prefix(order, [*complete, Verdict("c", "x", 0.0)]) == [
        ScoredItem("a", 1.0), ScoredItem("b", 0.5), ScoredItem("c", 0.0), ScoredItem("d", 1.0),
    ]  # fmt: skip


def test_a_skip_for_good_holds_nobody_up_and_has_no_score():
    order = [PlannedItem("a", 1, skipped=1), PlannedItem("b", 2, skipped=1), PlannedItem("c")]
    assert completed_prefix(order, verdicts("b:0.5 c:1")) == [ScoredItem("b", 0.5), ScoredItem("c", 1.0)]


def test_a_verdict_that_was_not_planned_is_a_bug():
    with pytest.raises(AssertionError, match="item a has verdicts that were not planned"):
        completed_prefix([PlannedItem("a")], verdicts("a:1 a:0"))


@given(st.permutations("abcdef"), st.integers(0, 6))
def test_the_prefix_does_not_depend_on_which_verdict_came_when(arrived, count):
    order = [PlannedItem(item) for item in "abcdef"]
    found = completed_prefix(order, [Verdict(item, "g", 1.0) for item in arrived[:count]])
    there = set(arrived[:count])
    expected = next((place for place, item in enumerate("abcdef") if item not in there), 6)
    assert [scored.item for scored in found] == list("abcdef"[:expected])


@given(COUNTS)
def test_the_win_difference_is_that_of_the_counts_and_turns_with_the_sides(counts):
    wins, ties, losses = counts
    tally = counted(*counts)
    assert win_difference(tally) == (wins - losses) / (wins + ties + losses)
    assert theta(tally) == pytest.approx((1 + win_difference(tally)) / 2)
    assert win_difference(mirrored(tally)) == -win_difference(tally)


@pytest.mark.parametrize(
    ("tally", "skipped", "above", "holds"),
    [
        ({1.0: 60, 0.0: 40}, 5, 0.5, True),  # 4.8 % are few
        ({1.0: 51, 0.0: 44}, 5, 0.5, True),  # 5 % are few, though the worst case is not better
        ({1.0: 52, 0.0: 42}, 6, 0.5, True),
        ({1.0: 50, 0.0: 44}, 6, 0.5, False),
        ({1.0: 47, 0.0: 47}, 6, 0.425, True),
        ({1.0: 40, 0.0: 54}, 6, 0.425, False),
        ({1.0: 40, 0.0: 54}, 6, 0.5, True),  # nothing was claimed
    ],
)
def test_with_many_skips_a_claim_must_hold_in_the_worst_case(tally, skipped, above, holds):
    found = skip_sensitivity(tally, skipped, above=above)
    assert found.holds is holds
    assert found.as_losses <= min(found.theta, found.as_ties)
    assert found.as_losses == pytest.approx(tally[1.0] / (sum(tally.values()) + skipped))


def test_without_skips_nothing_changes():
    found = skip_sensitivity(counted(3, 2, 1), 0)
    assert (found.share, found.as_ties, found.as_losses) == (0.0, found.theta, found.theta)
