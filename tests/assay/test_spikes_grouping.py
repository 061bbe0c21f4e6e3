"""From alarms to spikes, and the spike score."""

import math
import statistics
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from assay.spikes import Spike, scan
from assay.spikes.score import Score
from tests.assay.spiking import noisy

NAN = math.nan


def spikes(losses: list[float], norms: list[float | None] | None = None) -> list[Spike]:
    """Those of a series behind forty quiet steps; its own first step is 41."""
    usual = noisy(40, noise=0.01), noisy(40, level=0.3, noise=0.05)
    rows = [
        {"loss": loss} if norm is None else {"loss": loss, "grad_norm": norm} for loss, norm in zip(*usual, strict=True)
    ]
    for loss, norm in zip(losses, norms or [None] * len(losses), strict=True):
        rows.append({"loss": loss} if norm is None else {"loss": loss, "grad_norm": norm})
    return scan(enumerate(rows, 1)).spikes


def facts(found: list[Spike]) -> list[tuple[object, ...]]:
    return [spike[:8] for spike in found]


def test_a_spike_has_onset_first_alarm_peak_and_end():
    (spike,) = spikes([2.0, 2.09, 3.0, 5.0, 4.0, 2.09, *[2.0] * 20])
    assert facts([spike]) == [(42, 43, 44, 5.0, 46, "loss", "T1", "skip")]
    assert [(alarm.step, alarm.rule) for alarm in spike.alarms] == [(43, "T1"), (44, "T1"), (45, "T1")]


def test_its_end_is_open_only_while_it_lasts_at_the_end_of_the_log():
    assert [spike.end for spike in spikes([5.0, *[2.0] * 9])] == [None]
    assert [spike.end for spike in spikes([5.0, *[2.0] * 10])] == [41]


def test_alarms_of_both_series_within_ten_points_are_one_spike():
    def of(points_between: int) -> list[Spike]:
        losses = [2.0, *[2.0] * points_between, 5.0, *[2.0] * 20]
        norms = [9.0, *[0.3] * points_between, 0.3, *[0.3] * 20]
        return spikes(losses, list(norms))

    assert facts(of(9)) == [(41, 41, 51, 5.0, 51, "both", "T1", "skip")]
    assert facts(of(10)) == [
        (41, 41, 41, 9.0, 41, "grad_norm", "T1", "amber"),
        (52, 52, 52, 5.0, 52, "loss", "T1", "skip"),
    ]


def test_rule_and_action_are_those_of_the_most_severe_alarm():
    (spike,) = spikes([*[2.08] * 3, 5.0, *[2.08] * 8, *[2.0] * 12])
    assert {(alarm.rule, alarm.action) for alarm in spike.alarms} == {
        ("T3", "amber"), ("T1", "skip"), ("T2", "rollback"),
    }  # fmt: skip
    assert (spike.rule, spike.action) == ("T2", "rollback")


def test_what_is_no_number_is_the_peak():
    (spike,) = spikes([9.0, NAN, math.inf, 2.0, *[2.0] * 20])
    assert (spike.peak_step, spike.end, spike.rule, spike.action) == (42, 43, "T0", "skip")
    assert math.isnan(spike.peak)


def test_a_log_of_nans_is_one_spike_from_its_first_point():
    found = scan((step, {"loss": NAN, "grad_norm": NAN}) for step in range(100))
    assert found.points == 100
    assert found.score == {"loss": 100.0, "grad_norm": 100.0}
    (spike,) = found.spikes
    assert (spike.onset, spike.first_alarm, spike.end, spike.series, spike.action) == (0, 0, None, "both", "rollback")


def test_spikes_do_not_overlap_and_lie_in_order():
    losses = noisy(600, noise=0.05, seed=2)
    for place in range(50, 600, 25):
        losses[place] *= 1.6
    found = spikes(losses)
    assert len(found) > 10
    for before, behind in pairwise(found):
        assert before.end is not None
        assert before.onset <= before.first_alarm <= before.end < behind.onset
        assert before.onset <= before.peak_step <= before.end


def test_signals_of_layers_and_the_loss_scale_count_as_the_gradients():
    rows = [(step, {"loss": 2.0, "grad_norm": 0.3, "loss_scale": 1024.0}) for step in range(1, 41)]
    rows += [(step, {"loss": 2.0, "grad_norm": 0.3, "loss_scale": 64.0}) for step in range(41, 60)]
    (spike,) = scan(rows).spikes
    assert (spike.onset, spike.series, spike.rule, spike.action) == (41, "grad_norm", "P", "amber")


def test_an_overflow_in_a_log_is_told_by_its_loss_scale():
    quiet = [(step, {"loss": 2.0, "grad_norm": 0.3, "loss_scale": 1024.0}) for step in range(1, 41)]
    overflow = {"loss": 2.0, "grad_norm": math.inf}
    assert scan([*quiet, (41, {**overflow, "loss_scale": 512.0})]).spikes == []
    assert [spike.rule for spike in scan([*quiet, (41, {**overflow, "loss_scale": 1.0})]).spikes] == ["T0"]
    assert [spike.rule for spike in scan([*quiet, (41, overflow)]).spikes] == ["T0"]


def test_rows_with_neither_loss_nor_gradient_are_no_points():
    found = scan([(1, {"val_loss": 2.0}), (2, {"loss": 2.0}), (3, {"grad_norm": 1.0})])
    assert (found.points, found.score, found.spikes) == (2, {"loss": 0.0, "grad_norm": 0.0}, [])
    assert scan([]).score == {"loss": None, "grad_norm": None}


@given(st.lists(st.sampled_from([1e8, NAN]) | st.floats(0, 4), max_size=400))
def test_the_score_counts_what_is_seven_deviations_from_the_newest_values(values):
    score = Score(window=50, least=20)
    newest: list[float] = []
    outside = 0
    for value in values:
        score.push(value)
        if not math.isfinite(value):
            outside += 1
            continue
        if len(newest) >= 20:
            deviation = statistics.pstdev(newest)
            far = abs(value - statistics.fmean(newest))
            if abs(far - 7 * deviation) < 1e-6 * deviation + 1e-9:
                return  # Too close to call: rounding decides.
            outside += deviation > 1e-10 and far > 7 * deviation
        newest = [*newest, value][-50:]
    assert (score.points, score.outside) == (len(values), outside)


@given(st.lists(st.sampled_from([1e200, -1e180, 1.7e308, -1.7e308, 1e151]) | st.floats(0, 4), max_size=300))
def test_the_score_takes_any_finite_value_and_is_itself_again_when_they_are_gone(values):
    score, plain = Score(window=50, least=20), Score(window=50, least=20)
    for value in values:
        score.push(value)
    newest = [2.0 + 0.01 * (place % 7) for place in range(50)]
    for value in newest:
        score.push(value)
        plain.push(value)
    before = score.outside
    for value in [2.05, 2.3, 2.0, 1e160, 2.0, 3.0]:
        score.push(value)
        plain.push(value)
    assert score.outside - before == plain.outside == 2


def test_the_score_of_huge_values_is_that_of_the_same_ones_made_small():
    huge, small = Score(window=50, least=20), Score(window=50, least=20)
    for place in range(300):
        value = 40.0 if place % 60 == 59 else 2.0 + 0.01 * (place % 7)
        small.push(value)
        huge.push(value * 1e300)
    assert huge.outside == small.outside == 5


def test_a_score_that_is_forked_goes_on_from_the_same_values_and_counts_from_nothing():
    score = Score(least=10)
    for value in [1.0, 1.1] * 20:
        score.push(value)
    other = score.forked()
    other.push(9.0)
    assert (other.points, other.outside, score.points, score.outside) == (1, 1, 40, 0)
    score.push(1.05)
    score.count(other)
    assert (score.points, score.outside) == (42, 1)
