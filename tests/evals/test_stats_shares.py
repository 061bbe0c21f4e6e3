"""Shares: exact and score intervals, bounds of critical errors at every look."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evals.stats.critical import anytime_bounds, shown_above
from evals.stats.proportion import at_least, at_most, clopper_pearson, exact_lower, exact_upper, sign_test, wilson

HITS = st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("hits", "n", "score", "exact"),
    [
        (15, 20, [0.5313, 0.8881], [0.5090, 0.9134]),
        (0, 10, [0.0, 0.2775], [0.0, 0.3085]),
        (60, 100, [0.5020, 0.6906], [0.4972, 0.6967]),
    ],
)
def test_the_intervals_are_the_published_ones(hits, n, score, exact):
    assert [round(end, 4) for end in wilson(hits, n)] == score
    assert [round(end, 4) for end in clopper_pearson(hits, n)] == exact


@given(HITS)
def test_the_intervals_are_scipys(drawn):
    hits, n = drawn
    test = stats.binomtest(hits, n)
    assert wilson(hits, n) == pytest.approx(tuple(test.proportion_ci(method="wilson")), abs=1e-9)
    assert clopper_pearson(hits, n) == pytest.approx(tuple(test.proportion_ci(method="exact")), abs=1e-9)
    assert sign_test(hits, n) == pytest.approx(test.pvalue, rel=1e-9)


@given(HITS, st.floats(0.01, 0.99))
def test_the_tails_are_the_binomials(drawn, share):
    hits, n = drawn
    assert at_least(hits, n, share) == pytest.approx(stats.binom.sf(hits - 1, n, share), rel=1e-8, abs=1e-300)
    assert at_most(hits, n, share) == pytest.approx(stats.binom.cdf(hits, n, share), rel=1e-8, abs=1e-300)


def test_the_sign_test_has_the_tables_values():
    assert round(at_least(60, 100, 0.5), 7) == 0.0284440
    assert round(at_least(30, 40, 0.5), 7) == 0.0011107


@pytest.mark.parametrize(
    ("n", "fixed", "anytime"), [(50, 5.8, 12.9), (100, 3.0, 7.3), (200, 1.5, 4.1), (300, 1.0, 2.9)]
)
def test_no_critical_error_bounds_their_share(n, fixed, anytime):
    assert round(100 * exact_upper(0, n), 1) == fixed
    assert round(100 * anytime_bounds(0, n).upper, 1) == anytime
    assert anytime_bounds(0, n).lower == exact_lower(0, n) == 0.0


@given(HITS)
def test_bounds_of_every_look_are_wider_than_those_of_one(drawn):
    errors, n = drawn
    found = anytime_bounds(errors, n)
    assert found.lower <= exact_lower(errors, n) <= errors / n <= exact_upper(errors, n) <= found.upper
    assert anytime_bounds(n - errors, n) == pytest.approx((1 - found.upper, 1 - found.lower))


@given(HITS, st.floats(0.001, 0.5))
def test_too_many_is_shown_where_the_lower_bound_is_above_the_limit(drawn, limit):
    lower = anytime_bounds(*drawn).lower
    if not math.isclose(lower, limit, rel_tol=1e-9):
        assert shown_above(*drawn, limit) is (lower > limit)


def test_one_error_is_too_many_where_none_is_put_up_with():
    assert shown_above(1, 1000, 0.0)
    assert not shown_above(0, 1000, 0.0)


def test_so_few_campaigns_with_a_share_at_the_limit_are_called_harmful():
    errors = np.cumsum(np.random.default_rng(5).random((400, 200)) < 0.05, axis=1)
    harmful = sum(any(shown_above(int(many), n, 0.05) for n, many in enumerate(row, 1)) for row in errors)
    assert harmful <= 20
