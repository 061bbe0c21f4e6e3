"""Graders: how far they agree, what other experts would say, and whether one of them decides."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.stats.agreement import agreement, krippendorff
from evals.stats.decision import Rules
from evals.stats.items import Verdict
from evals.stats.leave_one_out import leave_one_out
from evals.stats.pigeonhole import pigeonhole_interval

CANONICAL = [
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
]
"""Krippendorff 2011: four observers, twelve units."""

UNITS = [
    [float(value) for value in unit if value != "."]
    for unit in zip(*(line.split() for line in CANONICAL), strict=True)
]  # fmt: skip


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.7434), ("ordinal", 0.8154), ("interval", 0.8491), ("ratio", 0.7974)]
)
def test_alpha_is_the_published_one(level, alpha):
    assert round(krippendorff(UNITS, level), 4) == alpha


def test_the_interval_of_alpha_draws_items_and_is_wider_than_one_that_draws_pairs():
    found = agreement(UNITS)
    assert (found.items, round(found.alpha, 4)) == (11, 0.8154)
    # evalica 0.4.2 has 0.621 to 0.930: it draws pairs of verdicts, and keeps the disagreement that is expected.
    assert found.low < 0.621
    assert found.high > 0.930
    assert found == agreement(UNITS)
    assert found != agreement(UNITS, seed=1)


def test_the_interval_of_three_items_is_from_the_worst_to_the_best_resample():
    units = [[1.0, 1.0], [0.0, 0.5], [0.0, 0.0]]
    resamples = [krippendorff(list(drawn)) for drawn in product(units, repeat=3)]
    each = [alpha for alpha in resamples if alpha is not None]
    found = agreement(units)
    assert (found.low, found.high) == (pytest.approx(min(each)), pytest.approx(max(each)))


def test_unanimity_has_no_alpha_and_says_so():
    found = agreement([[1.0, 1.0]] * 5)
    assert (found.alpha, found.low, found.high, found.same, found.reversed) == (None, None, None, 1.0, 0.0)


def test_items_of_one_grader_say_nothing():
    assert agreement([[1.0], [0.0], []]) == agreement([])
    assert agreement([]).items == 0
    assert krippendorff([[1.0], [0.0]]) is None
    assert krippendorff([[1.0, 0.0], [1.0], [0.5]]) == krippendorff([[1.0, 0.0]])


def test_one_item_has_an_alpha_and_no_interval():
    found = agreement([[1.0, 0.0]])
    assert (found.alpha, found.low, found.high, found.same, found.reversed) == (0.0, None, None, 0.0, 1.0)


def test_an_item_counts_once_however_many_judged_it():
    found = agreement([[1.0, 1.0, 1.0, 0.0], [0.5, 0.5]])
    assert (found.same, found.reversed) == (0.75, 0.25)


VERDICTS = st.lists(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=2, max_size=4), min_size=2, max_size=12)


@given(VERDICTS)
def test_alpha_is_1_at_most_and_the_same_seen_from_the_other_side(units):
    alpha = krippendorff(units)
    mirrored = krippendorff([[1 - value for value in unit] for unit in units])
    assert alpha is None or (alpha <= 1 and mirrored == pytest.approx(alpha))


@given(VERDICTS)
def test_verdicts_far_apart_count_for_more_than_neighbours(units):
    apart = krippendorff([*units, [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    near = krippendorff([*units, [0.0, 0.0], [1.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    assert apart < near


def panel(rows):
    """A row a grader, a letter an item: w, t, l, or a dot for none."""
    worth = {"w": 1.0, "t": 0.5, "l": 0.0}
    return [
        Verdict(f"item {place}", grader, worth[letter])
        for grader, row in rows.items()
        for place, letter in enumerate(row)
        if letter in worth
    ]


def test_the_pigeonhole_draws_items_and_graders():
    # Two graders, who disagree on everything: a resample has the one, the other, or both.
    low, high = pigeonhole_interval(panel({"ann": "wwwwww", "bo": "llllll"}))
    assert (low, high) == (0.0, 1.0)
    # Two items that differ, and no graders that do.
    low, high = pigeonhole_interval(panel({"ann": "wl", "bo": "wl"}))
    assert (low, high) == (0.0, 1.0)
    assert pigeonhole_interval(panel({"ann": "tt", "bo": "tt"})) == (0.5, 0.5)


def test_one_grader_or_one_item_says_nothing_of_others():
    assert pigeonhole_interval(panel({"ann": "wlwwl"})) is None
    assert pigeonhole_interval(panel({"ann": "w", "bo": "l"})) is None


def test_the_same_seed_gives_the_same_interval():
    verdicts = panel({"ann": "wlwwltwwlw", "bo": "wwtwl....."})
    assert pigeonhole_interval(verdicts) == pigeonhole_interval(verdicts)
    assert pigeonhole_interval(verdicts) != pigeonhole_interval(verdicts, seed=1)


def test_the_pigeonhole_holds_the_truth_of_all_experts_with_few_of_them():
    chance = np.random.default_rng(11)
    held = 0
    for _ in range(60):
        difficulty, leaning = chance.normal(0, 1.5, 60), chance.normal(0, 0.5, 5)
        verdicts = [
            Verdict(
                str(item), str(grader), float(chance.random() < 1 / (1 + np.exp(-difficulty[item] - leaning[grader])))
            )
            for item in range(60)
            for grader in chance.choice(5, 2, replace=False)
        ]
        low, high = pigeonhole_interval(verdicts, resamples=300)
        held += low <= 0.5 <= high
    assert held >= 57


def test_leaving_one_grader_out_shows_who_decides():
    verdicts = panel({"ann": "wwwwwwwwwwwwww", "bo": "wtlwtl"})
    found = {one.grader: one for one in leave_one_out(verdicts, Rules())}
    assert list(found) == ["ann", "bo"]
    assert (found["ann"].items, found["ann"].theta, found["ann"].decision, found["ann"].flips) == (
        6, 0.5, "continue", True,
    )  # fmt: skip
    assert (found["bo"].items, found["bo"].theta, found["bo"].decision, found["bo"].flips) == (
        14, 1.0, "superior", False,
    )  # fmt: skip


def test_an_item_keeps_the_verdicts_of_the_others():
    found = leave_one_out(panel({"ann": "wl", "bo": "lw", "cy": "ww"}), Rules())
    assert [(one.items, one.theta, one.flips) for one in found] == [(2, 0.75, False), (2, 0.75, False), (2, 0.5, False)]


def test_leaving_a_grader_out_does_not_reopen_a_capped_campaign():
    found = leave_one_out(panel({"ann": "wltwl...", "bo": ".....twl"}), Rules(cap=8))
    assert [(one.decision, one.flips) for one in found] == [("inconclusive", False)] * 2


def test_nobody_is_left_where_there_is_one_grader():
    assert leave_one_out(panel({"ann": "wwl"}), Rules()) == []
