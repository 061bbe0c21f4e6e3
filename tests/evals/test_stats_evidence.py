"""The e-process and its bounds: check values, what makes it valid, and what it is not moved by."""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import special

from bench.review_stats import drawn, wrongly_superior
from evals.stats.confidence import Bounds, bounds, confidence_sequence, last_bounds, lower_bound, upper_bound
from evals.stats.evidence import BETS, Bets, EProcess, e_value, log_e, log_e_path, log_e_paths
from evals.stats.items import counted, mirrored, tallied, theta

COUNTS = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40)).filter(any)
SCORES = st.lists(st.sampled_from([0.0, 0.25, 1 / 3, 0.5, 0.75, 1.0]), min_size=1, max_size=40)
SHARES = st.floats(0.05, 0.95)
FEW = settings(max_examples=20)
"""Examples of what halves, which takes its time."""


@pytest.mark.parametrize(
    ("counts", "half", "lower"),
    [
        ((5, 0, 0), 3.46353, 4.49685),
        ((15, 5, 5), 7.12768, 19.7019),
        ((30, 10, 10), 69.2327, 656.53),
        ((60, 20, 40), 3.56661, 74.4208),
        ((40, 20, 20), 16.7972, 312.423),
    ],
)
def test_the_evidence_is_that_of_the_table(counts, half, lower):
    assert e_value(counted(*counts), 0.5) == pytest.approx(half, rel=2e-6)
    assert e_value(counted(*counts), 0.45) == pytest.approx(lower, rel=2e-6)


def sign_evidence(wins, losses):
    """The uniform mixture of the sign test on decided pairs, in closed form."""
    log_beta = special.betaln(wins + 1, losses + 1)
    return 2 ** (wins + losses + 1) * math.exp(log_beta) * special.betainc(losses + 1, wins + 1, 0.5)


@pytest.mark.parametrize(
    ("wins", "losses", "expected"),
    [(5, 0, 10.5), (8, 2, 4.0020202), (15, 5, 6.3555212), (30, 10, 63.2279237), (60, 40, 1.7840591)],
)
def test_the_boldest_stakes_are_the_sign_test_of_decided_pairs(wins, losses, expected):
    assert sign_evidence(wins, losses) == pytest.approx(expected, abs=1e-7)
    assert e_value(counted(wins, 7, losses), 0.5, Bets(1.0, 4000)) == pytest.approx(expected, rel=1e-4)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_ties_say_nothing_for_or_against_superiority(wins, ties, losses):
    assert log_e(counted(wins, ties, losses), 0.5) == pytest.approx(log_e(counted(wins, 0, losses), 0.5), abs=1e-9)
    assert e_value(counted(wins, ties, losses), 0.5, Bets(1.0, 4000)) == pytest.approx(
        sign_evidence(wins, losses), rel=1e-3
    )


def test_one_stake_alone_is_a_constant_bet():
    # confseq's oracle: bet 1 at m = ½ on these ten scores.
    scores = [1, 1, 0.5, 1, 0, 1, 1, 0.5, 1, 1]
    assert e_value(tallied(scores), 0.5, Bets(1.0, 1)) == pytest.approx(8.54296875, rel=1e-12)


@pytest.mark.parametrize(("bets", "streak"), [(BETS, 11), (Bets(1.0, 200), 7)])
def test_so_many_wins_in_a_row_decide(bets, streak):
    path = [math.exp(log) for log in log_e_path([1.0] * streak, 0.5, bets)]
    assert path[-2] < 20 <= path[-1]


@given(COUNTS, st.floats(0, 1), st.floats(0, 1), SHARES)
def test_whatever_came_before_no_gain_is_to_be_expected_under_the_null(counts, first, second, m):
    shares = sorted((first, second))
    loss, tie, win = shares[0], shares[1] - shares[0], 1 - shares[1]
    assume(win + tie / 2 <= m)
    before = counted(*counts)
    expected = sum(
        chance * math.exp(log_e({**before, score: before[score] + 1}, m) - log_e(before, m))
        for score, chance in ((1.0, win), (0.5, tie), (0.0, loss))
    )
    assert expected <= 1 + 1e-9


@given(SCORES, SHARES, st.randoms(use_true_random=False))
def test_the_evidence_does_not_depend_on_the_order(scores, m, chance):
    shuffled = scores[:]
    chance.shuffle(shuffled)
    last = list(log_e_path(shuffled, m))[-1]
    assert last == pytest.approx(log_e(tallied(scores), m), abs=1e-9)


@given(COUNTS, SHARES, SHARES)
def test_the_evidence_falls_in_m_and_is_nothing_at_the_mean(counts, one, other):
    tally = counted(*counts)
    low, high = sorted((one, other))
    assert log_e(tally, low) >= log_e(tally, high) - 1e-12
    if 0 < theta(tally) < 1:
        assert log_e(tally, theta(tally)) <= 1e-9


def test_no_items_are_no_evidence_and_a_float_is_never_too_small_for_it():
    assert e_value({}, 0.5) == 1.0
    assert e_value({1.0: 10**6}, 0.5) == pytest.approx(1.7976931348623e308, rel=1e-9)
    assert e_value({0.0: 10**6}, 0.5) == pytest.approx(0.0, abs=1e-200)


def test_superiority_is_rarely_claimed_where_there_is_none_however_often_one_looks():
    wrong = sum(wrongly_superior(scores, 0.05) for scores in drawn(0.5, 0.2, runs=2000, looks=300))
    assert 0.02 < wrong / 2000 < 0.05


@FEW
@given(COUNTS)
def test_a_bound_is_where_the_evidence_reaches_its_threshold(counts):
    tally = counted(*counts)
    lower, upper = bounds(tally)
    assert 0 <= lower < upper <= 1
    assert lower <= theta(tally) <= upper
    if lower > 0:
        assert log_e(tally, lower * (1 - 1e-9)) >= math.log(20) > log_e(tally, lower * (1 + 1e-9))
    assert (lower > 0.5 + 1e-9) == (e_value(tally, 0.5 + 1e-9) >= 20)


@FEW
@given(COUNTS)
def test_the_bounds_turn_with_the_sides(counts):
    lower, upper = bounds(counted(*counts))
    assert bounds(mirrored(counted(*counts))) == (pytest.approx(1 - upper), pytest.approx(1 - lower))


@FEW
@given(COUNTS, st.floats(0.001, 0.3), st.floats(0.001, 0.3))
def test_a_stricter_level_has_wider_bounds(counts, one, other):
    strict, loose = sorted((one, other))
    tally = counted(*counts)
    assert lower_bound(tally, strict) <= lower_bound(tally, loose) + 1e-12
    assert upper_bound(tally, strict) >= upper_bound(tally, loose) - 1e-12


def test_all_losses_have_no_lower_bound_above_nothing():
    assert lower_bound(counted(0, 0, 50)) == 0.0
    assert upper_bound(counted(50, 0, 0)) == 1.0


@FEW
@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=20))
def test_the_sequence_is_the_best_bound_so_far(scores):
    found = list(confidence_sequence(scores))
    each = [bounds(tallied(scores[: n + 1])) for n in range(len(scores))]
    for n, now in enumerate(found):
        assert now.lower == pytest.approx(max(one.lower for one in each[: n + 1]), abs=1e-9)
        assert now.upper == pytest.approx(min(one.upper for one in each[: n + 1]), abs=1e-9)


@FEW
@given(SCORES)
def test_the_end_of_the_sequence_is_found_at_once(scores):
    *_, last = confidence_sequence(scores)
    assert last_bounds(scores) == (pytest.approx(last.lower, abs=1e-9), pytest.approx(last.upper, abs=1e-9))


def test_a_sequence_of_nothing_refutes_nothing():
    assert last_bounds([]) == (0.0, 1.0)


@given(SCORES, SHARES)
def test_a_path_is_the_same_item_by_item_and_all_at_once(scores, m):
    assert list(log_e_paths(scores, m)) == pytest.approx(list(log_e_path(scores, m)), abs=1e-9)


def test_the_win_difference_has_the_bounds_of_theta_stretched():
    assert Bounds(0.425, 1.0).of_win_difference() == (pytest.approx(-0.15), 1.0)


def test_a_score_or_a_null_outside_of_0_to_1_is_a_bug():
    with pytest.raises(AssertionError):
        EProcess(0.5).add(1.5)
    with pytest.raises(AssertionError):
        log_e({1.0: 3}, 1.0)
