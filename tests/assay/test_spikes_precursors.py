"""P: what may come before a spike, and when it is told."""

import math

import pytest

from assay.spikes import Detector
from tests.assay.spiking import alarms, noisy, run


@pytest.fixture
def armed() -> Detector:
    detector = Detector()
    run(detector, noisy(40))
    return detector


def after(detector: Detector, step: int, **values: float) -> list[str]:
    """What the alarms behind a step say; `__` in a name stands for a slash."""
    found = detector.after(step, {name.replace("__", "/"): value for name, value in values.items()})
    assert {(alarm.step, alarm.rule, alarm.action) for alarm in found} <= {(step, "P", "amber")}
    return [alarm.says for alarm in found]


def test_early_on_a_gradient_over_ten_times_its_median_is_amber():
    found = run(Detector(), [2.0] * 8, [0.3, 0.2, 0.4, 3.0, 3.6, 0.3, 0.3, 0.2])
    assert alarms(found) == [(5, "grad_norm", "P", "amber")]
    assert found[4].action == "commit"
    assert found[4].alarms[0].says == (
        "precursor: the gradient norm 3.6 is 10 times 0.3464, the median of the first 4 steps"
    )


def test_the_first_three_gradients_are_compared_with_nothing():
    assert alarms(run(Detector(), [2.0] * 3, [0.3, 90.0, 90.0])) == []
    assert alarms(run(Detector(), [2.0] * 4, [0.3, 0.3, 0.3, 3.1])) == [(4, "grad_norm", "P", "amber")]


def test_three_halvings_of_the_loss_scale_within_a_hundred_steps_are_told_once(armed):
    scales = {41: 1024.0, 50: 512.0, 90: 256.0, 140: 128.0, 145: 64.0, 146: 64.0}
    said = {step: after(armed, step, loss_scale=scale) for step, scale in scales.items()}
    assert {step for step, found in said.items() if found} == {140}
    assert said[140] == ["precursor: the loss scale was halved 3 times in the last 100 steps"]


def test_halvings_further_apart_are_as_ever(armed):
    scales = [2.0**20 / 2**number for number in range(12)]
    assert [after(armed, 41 + 60 * number, loss_scale=scale) for number, scale in enumerate(scales)] == [[]] * 12


def test_a_log_of_each_tenth_step_shows_several_halvings_at_once(armed):
    assert after(armed, 50, loss_scale=1024.0) == []
    assert after(armed, 60, loss_scale=128.0) == ["precursor: the loss scale was halved 3 times in the last 100 steps"]


def test_overflows_are_halvings_and_are_not_counted_twice(armed):
    assert alarms([armed.see(step, 2.0, math.inf, overflow=True) for step in (41, 60)]) == []
    assert after(armed, 60, loss_scale=64.0) == []
    assert after(armed, 61, loss_scale=32.0) == []
    assert alarms([armed.see(80, 2.0, math.inf, overflow=True)]) == [(80, "loss_scale", "P", "amber")]


def test_overflows_of_the_first_steps_only_find_the_scale():
    found = run(Detector(), [2.0] * 5)
    detector = Detector()
    found += [detector.see(step, 2.0, math.inf, overflow=True) for step in range(1, 30)]
    assert alarms(found) == []


def test_rms_t_is_told_from_2_3_on_and_not_where_it_always_is_that_high(armed):
    for step in range(41, 81):
        assert after(armed, step, group__first__rms_t=1.0, group__head__rms_t=2.9) == []
    assert after(armed, 81, group__first__rms_t=2.29, group__head__rms_t=3.1) == []
    assert after(armed, 82, group__first__rms_t=2.31) == [
        "precursor: group/first/rms_t 2.31 is above twice what it was; the median of the last 41 steps is 1"
    ]
    assert after(armed, 83, group__first__rms_t=9.0) == []


def test_updates_of_the_lower_layers_that_double_are_told_whatever_the_learning_rate_does(armed):
    for step in range(41, 141):
        rate = 1e-6 * step
        assert after(armed, step, lr=rate, group__embed__update_rms=0.5 * rate, group__last__update_rms=rate) == []
    assert after(armed, 141, lr=1e-4, group__embed__update_rms=0.99e-4, group__last__update_rms=9.0) == []
    (said,) = after(armed, 142, lr=1e-4, group__embed__update_rms=1.01e-4)
    assert said.startswith("precursor: group/embed/update_rms 0.000101 is above twice what it was")


def test_reset_forgets_what_signals_usually_were(armed):
    for step in range(41, 81):
        after(armed, step, group__first__rms_t=1.0)
    armed.reset("another mix of data")
    run(armed, noisy(40), begin=81)
    assert after(armed, 121, group__first__rms_t=9.0) == []
