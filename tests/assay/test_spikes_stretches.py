"""Logs in which steps go back, and baselines that begin anew: each stretch goes on from what was known there."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.spikes import Detector, Scan, Settings, Stretch, scan, scan_stretches
from assay.spikes.judge import Judge
from assay.spikes.scan import Row
from tests.assay.spiking import noisy


def rows(losses: list[float], begin: int = 1) -> list[Row]:
    return [(step, {"loss": loss}) for step, loss in enumerate(losses, begin)]


def facts(found: Scan) -> list[tuple[int, int, int | None, str, str]]:
    return [(spike.onset, spike.first_alarm, spike.end, spike.rule, spike.action) for spike in found.spikes]


def test_a_spike_of_a_stretch_that_was_left_ends_there_and_the_next_is_judged_by_what_came_before():
    usual = noisy(60)
    first = Stretch(rows([*usual, *[9.0] * 5]))
    second = Stretch(rows([*noisy(30, seed=1), 5.0], begin=51), behind=(0, 50))
    found = scan_stretches([first, second])
    assert found.points == 96
    assert facts(found) == [(61, 61, 65, "T1", "rollback"), (81, 81, None, "T1", "skip")]


def test_a_stretch_that_goes_on_in_the_middle_of_a_spike_knows_of_it():
    usual = noisy(60)
    high = [2.12] * 7
    found = scan_stretches([Stretch(rows([*usual, *high, 2.0])), Stretch(rows([2.12], begin=68), behind=(0, 67))])
    # The eighth of ten: the other seven are of the stretch before.
    assert [(alarm.step, alarm.rule) for alarm in found.spikes[-1].alarms if alarm.rule == "T2"] == [(68, "T2")]
    assert found.spikes[-1].onset == 68


def test_a_gradient_that_is_no_number_is_gone_back_for_at_once_where_no_overflow_is_possible():
    early = [(step, {"loss": 2.0, "grad_norm": math.inf}) for step in range(1, 6)]
    scaled = [(step, {**values, "loss_scale": scale}) for scale in (1.0, 2.0) for step, values in early]

    def actions(stretch: Stretch) -> list[str]:
        return [alarm.action for spike in scan_stretches([stretch]).spikes for alarm in spike.alarms]

    assert actions(Stretch(early)) == ["skip"] * 5
    assert actions(Stretch(early, may_overflow=False)) == ["skip"] * 2 + ["rollback"] * 3
    assert actions(Stretch(scaled[:5])) == ["skip"] * 2 + ["rollback"] * 3
    assert actions(Stretch(scaled[5:])) == []


def test_a_stretch_that_begins_anew_knows_nothing():
    found = scan_stretches([Stretch(rows(noisy(60))), Stretch(rows(noisy(60, level=9.0)))])
    assert (found.points, found.spikes) == (120, [])
    assert found.score == {"loss": 0.0, "grad_norm": None}


def test_the_score_is_that_of_all_points():
    usual = noisy(200)
    found = scan_stretches([Stretch(rows([*usual, 9.0])), Stretch(rows([9.0, 2.0], begin=201), behind=(0, 200))])
    assert found.score["loss"] == round(200 / 203, 6)


@given(st.lists(st.sampled_from([2.0, 2.01, 1.99, 2.2, 5.0, math.nan]), max_size=60), st.integers(0, 100))
def test_a_stretch_that_follows_on_from_a_whole_one_gives_the_alarms_of_one_log(values: list[float], place: int):
    losses = [*noisy(40), *values]
    place = min(place, len(losses))
    whole = [alarm for spike in scan(rows(losses)).spikes for alarm in spike.alarms]
    parts = [Stretch(rows(losses[:place])), Stretch(rows(losses[place:], begin=place + 1), behind=(0, place))]
    found = [alarm for spike in scan_stretches(parts).spikes for alarm in spike.alarms]
    assert [(alarm.step, alarm.rule, alarm.action) for alarm in found] == [
        (alarm.step, alarm.rule, alarm.action) for alarm in whole
    ]


def test_baselines_begin_anew_where_that_was_declared():
    usual = noisy(60)
    losses = [*usual, *noisy(9, level=1.9), 2.6, *noisy(50, level=1.9)]
    assert [spike.action for spike in scan(rows(losses)).spikes] == ["skip"]
    assert scan_stretches([Stretch(rows(losses), anew={60})]).spikes == []


def test_a_loss_that_stays_high_by_the_baseline_before_goes_back_and_the_spike_began_with_it():
    found = scan_stretches([Stretch(rows([*noisy(60), *[6.0] * 9]), anew={60})])
    assert facts(found) == [(61, 68, None, "T2", "rollback")]


@pytest.mark.parametrize("steps_before", [0, 5, 40])
def test_a_judge_that_is_forked_goes_on_alike_and_apart(steps_before: int):
    judge = Judge(Detector(Settings()))
    for step, loss in enumerate(noisy(60)):
        judge.see(step, loss)
    judge.reset("a new mix")
    for step in range(60, 60 + steps_before):
        judge.see(step, 2.0)
    other = judge.forked()
    told = [other.see(step, 6.0) for step in range(200, 210)]
    assert other.onset == 200
    assert judge.onset is None
    assert [judge.see(step, 6.0) for step in range(200, 210)] == told
