"""The rules T0 to T3, each at its exact threshold; what a detector remembers and what it forgets."""

import json
import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.spikes import Detector, Settings, Verdict
from tests.assay.spiking import alarms, noisy, run

NAN, INF = math.nan, math.inf


def middle(values: list[float]) -> tuple[float, float]:
    """Median and raw MAD on the log scale."""
    logs = [math.log(value) for value in values]
    median = statistics.median(logs)
    return median, statistics.median(abs(log - median) for log in logs)


def armed(noise: float = 0.01, count: int = 40) -> tuple[Detector, list[float]]:
    """A detector that has seen losses around 2.0, evenly spread on the log scale with a MAD of `noise`, and those."""
    evenly = [2.0 * math.exp(noise * (4 * place / (count - 1) - 2)) for place in range(count)]
    losses = random.Random(0).sample(evenly, count)
    detector = Detector()
    assert alarms(run(detector, losses)) == []
    return detector, losses


def test_it_arms_with_the_32nd_value():
    detector = Detector()
    run(detector, noisy(31))
    assert not detector.armed
    assert detector.see(32, 500.0).action == "commit"
    assert detector.armed


@pytest.mark.parametrize("loss", [NAN, INF, -INF])
def test_t0_a_loss_that_is_no_number_is_never_stepped_on_and_three_in_a_row_go_back(loss):
    detector = Detector()
    found = run(detector, [2.0, loss, loss, loss, 2.0, loss])
    assert [verdict.action for verdict in found] == ["commit", "skip", "skip", "rollback", "commit", "skip"]
    assert found[1].alarms[0].limit is None
    assert found[1].alarms[0].says == f"not a number: the loss is {loss}"
    assert found[3].alarms[0].says.endswith("the third such step in a row")


def test_t0_a_gradient_that_is_no_number_beside_a_good_loss_counts_the_same():
    found = run(Detector(), [1.2309] * 3, [4.2, NAN, INF])
    assert alarms(found) == [(2, "grad_norm", "T0", "skip"), (3, "grad_norm", "T0", "skip")]


def test_t0_a_weight_that_is_no_number_goes_back_at_once():
    verdict = Detector().see(1, 2.0, 1.0, parameters_finite=False)
    assert (verdict.action, verdict.rule) == ("rollback", "T0")
    assert Detector().see(1, NAN, parameters_finite=False).action == "rollback"


def test_overflows_raise_no_alarm_and_do_not_count_as_no_numbers():
    detector = Detector()
    assert {detector.see(step, 2.0, INF, overflow=True) for step in range(1, 10)} == {Verdict("commit")}
    assert detector.see(10, NAN).action == "skip"


def test_t1_a_loss_jumps_exactly_above_eight_standard_deviations():
    detector, losses = armed(noise=0.02)
    median, mad = middle(losses)
    line = math.exp(median + 8 * 1.4826 * mad)
    assert line > 1.05 * math.exp(median)
    assert detector.see(41, line * (1 - 1e-9)).action == "commit"
    verdict = detector.see(42, line * (1 + 1e-9))
    assert alarms([verdict]) == [(42, "loss", "T1", "skip")]
    assert verdict.alarms[0].limit == pytest.approx(line)
    assert verdict.alarms[0].value == line * (1 + 1e-9)


def test_t1_says_with_what_it_compares():
    detector, losses = armed(noise=0.001)
    usual = math.exp(middle(losses)[0])
    says = detector.see(41, 5.0).alarms[0].says
    assert (
        says == f"jump: the loss 5 is above {1.05 * usual:.4g}; the median of the last 40 accepted steps is {usual:.4g}"
    )


def test_t1_however_quiet_the_loss_was_a_jump_is_five_percent_at_least():
    detector, losses = armed(noise=0.0005)
    usual = math.exp(middle(losses)[0])
    assert detector.see(41, usual * 1.0499).action == "commit"
    assert detector.see(42, usual * 1.0501).action == "skip"


def test_t1_a_gradient_alone_is_amber_and_with_the_loss_it_is_a_skip():
    detector = Detector()
    losses = noisy(40, noise=0.01)
    run(detector, losses, noisy(40, level=0.3, noise=0.05))
    alone = detector.see(41, 2.0, 30.0)
    assert (alone.action, alarms([alone])) == ("commit", [(41, "grad_norm", "T1", "amber")])
    median, mad = middle(losses)
    # Above the loss's own line and 5 % up, but no jump by itself.
    up = math.exp(median) * 1.06
    assert median + 4 * mad < math.log(up) < median + 8 * 1.4826 * mad
    both = detector.see(42, up, 30.0)
    assert (both.action, alarms([both])) == ("skip", [(42, "grad_norm", "T1", "skip")])
    assert "the loss is up as well, 2.1" in both.alarms[0].says


def test_t1_a_loss_within_its_own_noise_is_not_up_however_many_percent():
    detector = Detector()
    run(detector, noisy(40, noise=0.2, seed=3), noisy(40, level=0.3, noise=0.05))
    verdict = detector.see(41, 2.0 * 1.2, 30.0)
    assert alarms([verdict]) == [(41, "grad_norm", "T1", "amber")]


def test_t1_three_skips_are_allowed_and_the_next_jump_goes_back():
    detector, _ = armed()
    found = run(detector, [4.0 if step % 30 == 0 else 2.0 for step in range(41, 161)], begin=41)
    jumps = [verdict for verdict in found if verdict.alarms]
    assert [verdict.action for verdict in jumps] == ["skip", "skip", "skip", "rollback"]
    assert jumps[-1].rule == "T1"
    assert "3 of the last 150 steps were skipped" in jumps[-1].alarms[0].says


def test_t1_one_percent_of_a_long_run_may_be_skipped():
    detector = Detector()
    actions = [detector.see(step, 4.0 if step % 95 == 0 else 2.0).action for step in range(1, 4000)]
    # One of a hundred: a jump in each 95 steps is a little too many.
    assert actions.count("skip") + actions.count("rollback") == 42
    assert 1 <= actions.count("rollback") <= 8
    seldom = Detector()
    actions = [seldom.see(step, 4.0 if step % 105 == 0 else 2.0).action for step in range(1, 4000)]
    assert (actions.count("skip"), actions.count("rollback")) == (38, 0)


def test_t2_eight_of_ten_above_the_line_go_back_even_far_below_a_jump():
    detector, losses = armed(count=128)
    median, mad = middle(losses)
    high = math.exp(median + 4.1 * mad)
    assert high < 1.05 * math.exp(median)
    found = run(detector, [high] * 4 + [2.0] * 2 + [high] * 4, begin=129)
    assert [one for one in alarms(found) if one[2] != "T3"] == [(138, "loss", "T2", "rollback")]
    assert found[-1].rule == "T2"
    assert "in 8 of the last 10 steps" in found[-1].alarms[0].says


def test_t2_seven_of_ten_do_not():
    detector, losses = armed()
    median, mad = middle(losses)
    high = math.exp(median + 4.5 * mad)
    found = run(detector, [high] * 4 + [2.0] * 3 + [high] * 3, begin=41)
    assert "T2" not in {rule for _, _, rule, _ in alarms(found)}


def test_t2_a_level_less_than_two_percent_up_is_no_news_however_quiet_the_loss_was():
    def actions(rise: float) -> list[str]:
        detector = Detector()
        quiet = [2.0 + 0.0002 * (step % 5) for step in range(60)]
        assert alarms(run(detector, random.Random(0).sample(quiet, 60))) == []
        return [verdict.action for verdict in run(detector, [2.0004 * rise] * 12, begin=61)]

    assert actions(1.0199) == ["commit"] * 12
    assert actions(1.0201) == ["commit"] * 7 + ["rollback"] * 5


def test_t2_a_log_whose_values_are_alike_must_rise_by_five_percent():
    alike = [2.0 + 0.004 * math.sin(step / 10) for step in range(60)]

    def actions(losses: list[float], rise: float) -> set[str]:
        detector = Detector()
        run(detector, losses)
        return {verdict.action for verdict in run(detector, [statistics.median(losses) * rise] * 12, begin=61)}

    assert actions(alike, 1.049) == {"commit"}
    assert "rollback" in actions(alike, 1.051)
    assert "rollback" in actions(random.Random(0).sample(alike, 60), 1.03)


def test_an_overflow_that_nobody_tells_is_not_gone_back_for_until_the_baseline_is_armed():
    detector = Detector()
    early = [detector.see(step, 2.0, INF, may_overflow=True).action for step in range(1, 10)]
    assert early == ["skip"] * 9
    assert [detector.see(step, NAN, INF, may_overflow=True).action for step in (10, 11, 12)] == ["skip"] * 2 + [
        "rollback"
    ]
    assert detector.see(13, 2.0, INF, may_overflow=True).action == "skip"
    assert detector.see(14, 2.0, INF, may_overflow=True, parameters_finite=False).action == "rollback"
    run(detector, noisy(32), begin=20)
    late = [detector.see(step, 2.0, INF, may_overflow=True).action for step in (60, 61, 62)]
    assert late == ["skip", "skip", "rollback"]


def test_what_is_not_accepted_stays_out_of_the_baseline():
    detector, _ = armed()
    before = detector.state()["loss"]["window"]
    run(detector, [3.0] * 5 + [NAN] * 5, begin=41)
    assert detector.state()["loss"]["window"] == before


def test_t3_a_drift_is_told_once_and_is_amber():
    detector, losses = armed(count=128)
    median, mad = middle(losses)
    # Each is accepted; but four in a row are not what noise does.
    assert 3 * (3.9 / 1.4826 - 1) < 6 < 4 * (3.9 / 1.4826 - 1)
    found = alarms(run(detector, [math.exp(median + 3.9 * mad)] * 8, begin=129))
    assert found == [(132, "loss", "T3", "amber")]


def test_t3_no_single_point_is_a_drift():
    detector, _ = armed()
    assert alarms([detector.see(41, 2.09)]) == []
    assert alarms([detector.see(42, 9.0)]) == [(42, "loss", "T1", "skip")]


def test_a_step_down_is_no_spike_and_its_level_is_learned():
    detector, _ = armed(count=128)
    assert alarms(run(detector, noisy(200, level=1.5, seed=5), begin=129)) == []
    assert detector.see(400, 1.9).action == "skip"


def test_a_level_that_stays_is_new_after_200_points_and_the_spike_is_over():
    detector, _ = armed()
    found = run(detector, noisy(199, level=3.0, seed=1), begin=41)
    assert found[-1].rule == "T2"
    assert detector.onset == 41
    assert detector.see(240, 3.0).action == "rollback"
    assert (detector.onset, detector.armed) == (None, False)
    assert alarms(run(detector, noisy(60, level=3.0, seed=2), begin=241)) == []
    assert detector.armed


def test_the_running_spike_has_an_onset_before_its_alarm_and_ends_after_ten_accepted_points():
    detector, losses = armed()
    median, mad = middle(losses)
    assert detector.see(41, math.exp(median + 5 * mad)).action == "commit"
    assert (detector.onset, detector.first_alarm) == (None, None)
    assert detector.see(42, 4.0).action == "skip"
    assert (detector.onset, detector.first_alarm) == (41, 42)
    run(detector, [2.0] * 9, begin=43)
    assert detector.onset == 41
    detector.see(52, 2.0)
    assert (detector.onset, detector.first_alarm) == (None, None)


def test_a_gradient_that_rose_first_is_where_the_spike_began():
    detector = Detector()
    run(detector, noisy(40), noisy(40, level=0.3))
    run(detector, [2.0, 2.0, 4.0], [3.0, 9.0, 90.0], begin=41)
    assert (detector.onset, detector.first_alarm) == (41, 43)


def test_reset_forgets_the_level_and_ends_the_spike():
    detector, _ = armed()
    detector.see(41, 4.0)
    detector.reset("a new stage")
    assert (detector.armed, detector.onset) == (False, None)
    assert alarms(run(detector, noisy(100, level=6.0, seed=4), begin=42)) == []


def test_over_fitting_to_nearly_zero_raises_nothing():
    losses = [0.001 * value for value in (1, 3, 2, 8, 1, 2, 5, 40, 1, 2, 3, 1)] * 20
    assert alarms(run(Detector(), losses)) == []
    detector = Detector()
    run(detector, losses)
    assert detector.see(300, 1.5).action == "skip"


def test_a_loss_that_rises_but_stays_below_a_tenth_of_a_nat_is_not_high():
    detector = Detector()
    run(detector, noisy(60, level=0.002, noise=0.1))
    assert alarms(run(detector, noisy(60, level=0.08, noise=0.05), begin=61)) == []


def test_negative_losses_have_a_scale_too():
    detector = Detector()
    assert alarms(run(detector, [-5.0 + value for value in noisy(128, level=0.5, noise=0.4)])) == []
    assert detector.see(129, -2.0).rule == "T1"
    assert alarms(run(Detector(), [0.3 * math.sin(step) for step in range(500)])) == []


def test_a_norm_below_zero_or_missing_was_not_measured():
    assert alarms(run(Detector(), [2.0] * 50, [-1.0] * 50)) == []
    detector = Detector()
    run(detector, [2.0] * 50)
    assert detector.see(51, None, 4.0).action == "commit"


def test_settings_change_the_rules():
    detector = Detector(Settings(odd_in_row=1))
    assert detector.see(1, NAN).action == "rollback"


values = st.sampled_from([NAN, INF]) | st.floats(1.9, 2.1) | st.floats(0, 8) | st.floats(-1, 1)


@given(st.lists(st.tuples(values, values | st.none(), st.booleans()), max_size=150), st.integers(0, 150))
def test_a_detector_restored_from_its_state_gives_the_same_verdicts(points, at):
    quiet = [(loss, loss, False) for loss in noisy(40)]
    whole, first = Detector(), Detector()
    seen = [*quiet, *points]
    said = [see(whole, step, *point) for step, point in enumerate(seen)]
    before = [see(first, step, *point) for step, point in enumerate(seen[:at])]
    second = Detector.restored(json.loads(json.dumps(first.state(), allow_nan=False)))
    assert (second.onset, second.first_alarm, second.armed) == (first.onset, first.first_alarm, first.armed)
    after = [see(second, step, *point) for step, point in enumerate(seen[at:], at)]
    assert repr(said) == repr(before + after)
    assert second.state() == whole.state()


def see(detector: Detector, step: int, loss: float, norm: float | None, overflow: bool) -> object:
    verdict = detector.see(step, loss, norm, overflow=overflow)
    signals = {"loss_scale": 2.0 ** (20 - step % 7), "group/embed/rms_t": loss, "group/first/update_rms": abs(loss)}
    return verdict, detector.after(step, signals)
