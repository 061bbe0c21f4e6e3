"""Likelihoods of right answers and of text, against scipy and by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from assay.errors import AssayError
from evals.forgetting.drift import Likelihoods, TextLoss, band, drift, gold_log_prob, t_quantile, t_tail


@given(st.floats(-50, 50), st.integers(1, 3000))
def test_the_tail_is_students(t, degrees):
    assert t_tail(t, degrees) == pytest.approx(stats.t.sf(t, degrees), abs=1e-7)


@given(st.floats(0.55, 0.999), st.integers(1, 3000))
def test_the_quantile_is_students(share, degrees):
    assert t_quantile(share, degrees) == pytest.approx(stats.t.ppf(share, degrees), rel=1e-4)


def test_the_right_choices_share_is_a_softmax_without_overflow():
    assert gold_log_prob([-1000.0, -1001.0], 1) == pytest.approx(-math.log(1 + math.e))


def questions(changes):
    """Questions of two choices whose right one's log-odds change by so much from even."""
    return [Likelihoods(f"q{place}", (-5.0, -5.0), (-5.0 + change, -5.0), 0) for place, change in enumerate(changes)]


def test_a_drift_is_a_paired_t_test():
    changes = [-0.4, -0.1, -0.5, 0.1, -0.3, -0.2]
    found = drift(questions(changes))
    gold = [gold_log_prob([change, 0.0], 0) - math.log(0.5) for change in changes]
    expected = stats.ttest_1samp(gold, 0, alternative="less")
    both = stats.ttest_1samp(gold, 0).confidence_interval()
    assert (found.n, found.mean) == (6, pytest.approx(sum(gold) / 6))
    assert found.p == pytest.approx(expected.pvalue, abs=1e-7)
    assert (found.low, found.high) == (pytest.approx(both.low, abs=1e-5), pytest.approx(both.high, abs=1e-5))
    assert found.flagged


@pytest.mark.parametrize(
    ("changes", "flagged"),
    [
        ([-0.02, -0.021, -0.019], False),  # sure, and negligible
        ([-2.0, 1.8, -0.9], False),  # large, and not sure
        ([0.4, 0.5, 0.6], False),  # a rise
        ([-0.2, -0.2, -0.2], True),  # without any spread
        ([0.0, 0.0], False),
    ],
)
def test_only_a_sure_fall_that_matters_is_flagged(changes, flagged):
    assert drift(questions(changes)).flagged == flagged


def test_a_likelihood_that_is_no_number_is_named():
    broken = Likelihoods("q9", (-1.0, -2.0), (math.nan, -2.0), 0)
    with pytest.raises(AssayError, match="question q9 has a log-likelihood that is no finite number"):
        drift([*questions([0.1]), broken])


def test_one_question_has_no_drift():
    with pytest.raises(AssayError, match="a drift needs two questions or more, and there is one"):
        drift(questions([0.1]))


def test_a_texts_loss_is_given_a_token_and_a_byte():
    text = "发热三天"
    loss = TextLoss(nats=12 * math.log(2), tokens=4, size=len(text.encode()))
    assert (loss.bits_per_byte, loss.nats_per_token) == (1.0, 3 * math.log(2))


def test_bands_begin_at_their_lower_end():
    ends = (-1, 0.0299, 0.03, 0.0999, 0.1, 0.25)
    assert [band(rise) for rise in ends] == ["negligible", "negligible", "normal", "normal", "raised", "alarm"]
