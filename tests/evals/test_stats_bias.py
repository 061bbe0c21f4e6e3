"""Bias: of the side, of knowing the model, of the length."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from evals.stats.blinding import blinding_index
from evals.stats.length import Measured, length_effect
from evals.stats.position import Sides, position_effect

COUNT = st.integers(1, 80)


def test_the_effect_of_the_side_is_that_of_the_table():
    found = position_effect(Sides(40, 20, 30, 30))
    assert [round(value, 4) for value in (found.candidate, found.side, found.error)] == [0.3466, 0.3466, 0.1882]
    assert found.z == pytest.approx(0.3466 / 0.1882, rel=1e-3)
    assert found.left_share == 70 / 120
    assert found.p == pytest.approx(0.0824, abs=1e-4)


@given(COUNT, COUNT, COUNT, COUNT)
def test_the_effects_are_those_of_logistic_regression_on_the_side(a, b, c, d):
    found = position_effect(Sides(a, b, c, d))

    def slope(effects):
        left, right = (1 / (1 + math.exp(-(effects[0] + sign * effects[1]))) for sign in (1, -1))
        return [a - (a + b) * left + c - (c + d) * right, a - (a + b) * left - c + (c + d) * right]

    assert optimize.root(slope, [0.0, 0.0], tol=1e-12).x == pytest.approx([found.candidate, found.side], abs=1e-6)


@given(COUNT, COUNT, COUNT, COUNT)
def test_with_left_and_right_exchanged_the_side_turns_and_the_candidate_does_not(a, b, c, d):
    found, turned = position_effect(Sides(a, b, c, d)), position_effect(Sides(c, d, a, b))
    assert (turned.candidate, turned.side, turned.left_share) == pytest.approx(
        (found.candidate, -found.side, 1 - found.left_share)
    )


def test_a_count_of_0_does_not_make_an_effect_endless():
    found = position_effect(Sides(10, 0, 8, 3))
    assert found.candidate == pytest.approx((math.log(10.5 / 0.5) + math.log(8.5 / 3.5)) / 2)
    assert position_effect(Sides(0, 0, 0, 0)) is None
    one = position_effect(Sides(1, 0, 0, 0))
    assert (one.left_share, one.p) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("guesses", "index", "broken"),
    [
        ((0, 0, 7), 0.0, False),
        ((4, 4, 2), 0.0, False),
        ((3, 0, 0), 1.0, False),
        ((4, 0, 0), 1.0, True),
        ((12, 1, 2), 11 / 15, True),
        ((1, 9, 0), -0.8, False),
    ],
)
def test_bangs_index_says_whether_the_models_were_told_apart(guesses, index, broken):
    found = blinding_index(*guesses)
    assert (found.index, found.broken, found.guesses) == (pytest.approx(index), broken, sum(guesses))
    assert found.low <= found.index <= found.high


def test_who_does_not_know_counts_as_blind():
    assert (blinding_index(8, 1, 0).index, blinding_index(8, 1, 60).index) == (7 / 9, 7 / 69)
    assert blinding_index(8, 1, 0).broken
    assert blinding_index(0, 0, 0) is None


def test_blinding_is_seldom_called_broken_where_graders_guess():
    chance = np.random.default_rng(3)
    for n in (3, 5, 10, 30):
        right = chance.binomial(n, 0.5, 1000)
        assert sum(blinding_index(int(many), n - int(many), 0).broken for many in right) <= 80


def measured(lengths, scores):
    return [Measured(score, *pair) for pair, score in zip(lengths, scores, strict=True)]


def simulated(effect, per_length, n=2000, seed=7):
    """Items whose odds depend on the model by `effect` and on the length by `per_length`; the candidate writes more."""
    chance = np.random.default_rng(seed)
    lengths = np.stack([chance.integers(200, 900, n), chance.integers(100, 600, n)], axis=1)
    shares = (lengths[:, 0] - lengths[:, 1]) / lengths.sum(axis=1)
    wins = chance.random(n) < 1 / (1 + np.exp(-effect - per_length * shares))
    return measured(lengths.tolist(), wins.astype(float).tolist())


def test_what_length_won_is_taken_away():
    found = length_effect(simulated(effect=0.0, per_length=2.0))
    assert found.theta > 0.57
    assert found.low < 0.5 < found.high
    assert found.gamma > 0.3


def test_what_length_did_not_win_stays():
    found = length_effect(simulated(effect=0.8, per_length=0.0))
    assert found.low < 1 / (1 + math.exp(-0.8)) < found.high
    assert abs(found.gamma) < 0.15


@given(st.lists(st.tuples(st.integers(1, 99), st.integers(1, 99), st.sampled_from([0.0, 0.5, 1.0])), min_size=12))
def test_the_adjusted_theta_is_where_the_likelihood_is_highest(rows):
    items = [Measured(score, one, other) for one, other, score in rows]
    found = length_effect(items)
    if found is None:
        return
    shares = np.array([(one - other) / (one + other) for one, other, _ in rows])
    z, y = shares / np.sqrt((shares**2).mean()), np.array([score for *_, score in rows])

    def slope(effects):
        away = y - 1 / (1 + np.exp(-effects[0] - effects[1] * z))
        return [away.sum(), (away * z).sum()]

    assert slope([math.log(found.adjusted / (1 - found.adjusted)), found.gamma]) == pytest.approx([0, 0], abs=1e-6)
    assert found.low <= found.adjusted <= found.high


def test_seen_from_the_other_side_theta_turns_and_the_pull_of_length_stays():
    items = simulated(0.3, 1.0, n=200)
    found = length_effect(items)
    other = length_effect([Measured(1 - item.score, item.baseline, item.candidate) for item in items])
    assert (other.adjusted, other.gamma, other.low) == pytest.approx((1 - found.adjusted, found.gamma, 1 - found.high))


@pytest.mark.parametrize(
    "items",
    [
        measured([(10, 5), (5, 10)], [1, 0]),  # two items
        measured([(10, 10)] * 6, [1, 0, 1, 1, 0, 1]),  # lengths are equal
        measured([(20, 10)] * 6, [1, 0, 1, 1, 0, 1]),  # and here always differ alike
        measured([(20, 10), (30, 10), (10, 20), (10, 30)], [1, 1, 0, 0]),  # length foretells all
        measured([(20, 10), (30, 10), (10, 20), (10, 30)], [1, 1, 1, 1]),  # nothing was lost
        measured([(0, 0)] * 3, [1, 0, 1]),  # nothing was written
    ],
)
def test_where_length_and_model_cannot_be_told_apart_nothing_is_said(items):
    assert length_effect(items) is None
