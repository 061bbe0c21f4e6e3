"""What was told of spikes, put together: which alarms are one spike, what was tried, when it is over."""

import json
import math
from datetime import timedelta

import pytest

from dashboard.spike_story import Baseline, baseline, is_open, not_exact, spikes, waits
from dashboard.views import spikes_words
from store.clock import utc_now

BEGAN = utc_now()


def told(*rows):
    """Rows of `queries.spikes.told`, a second apart."""
    return [
        {"time": BEGAN + timedelta(seconds=at), "kind": kind, "step": step, "branch": branch, "message": message,
         "data": json.dumps(data)}
        for at, (kind, step, branch, message, data) in enumerate(rows)
    ]  # fmt: skip


def alarm(step, rule="T1", action="skip", *, branch=1, onset=None, **more):
    return ("spike", step, branch, "", {"rule": rule, "series": "loss", "action": action, "onset": onset, **more})


def rollback(rung, left, target, over_after, *, branch=2):
    episode = {"episode": {"over_after": over_after}}
    return ("guard", left, branch, "", {"rung": rung, "abandoned_to": left, "target": target, "guard": episode})


def places(found):
    return [[(item.branch, item.step) for item in spike.alarms] for spike in found]


def test_alarms_of_one_onset_or_near_each_other_are_one_spike():
    found = spikes(told(alarm(40, onset=40), alarm(90, onset=88), alarm(99, onset=88), alarm(109), alarm(120)))
    assert places(found) == [[(1, 40)], [(1, 90), (1, 99), (1, 109)], [(1, 120)]]
    assert [spike.onset for spike in found] == [40, 88, 120]


def test_a_spike_that_comes_back_on_another_branch_is_the_same_until_it_counts_as_over():
    rows = told(
        alarm(90, "T2", "rollback", onset=85), rollback("control", 90, 80, 100),
        alarm(88, "T2", "rollback", branch=2, onset=85), rollback("leave-out", 88, 80, 98, branch=3),
        alarm(110, "T2", "rollback", branch=3, onset=99),
    )  # fmt: skip
    found = spikes(rows)
    assert places(found) == [[(1, 90), (2, 88)], [(3, 110)]]
    assert [tried.rung for tried in found[0].tries] == ["control", "leave-out"]


def test_a_spike_begins_where_it_did_though_an_earlier_one_comes_again_with_it():
    rows = told(
        alarm(48), alarm(90), alarm(91, "T2", "rollback", onset=90), rollback("control", 91, 20, 110),
        alarm(48, branch=2), alarm(90, "T2", "rollback", branch=2, onset=90),
    )  # fmt: skip
    found = spikes(rows)
    assert places(found) == [[(1, 48)], [(1, 90), (1, 91), (2, 48), (2, 90)]]
    assert [spike.onset for spike in found] == [48, 90]
    # Nor is it said to have skipped what the earlier one had.
    skipped = [next(iter(spikes_words.did(spike))) for spike in found]
    assert [("48" in said, "90" in said) for said in skipped] == [(True, False), (False, True)]


def test_a_warning_between_does_not_part_a_spike_nor_take_its_end():
    rows = told(
        alarm(90, "T2", "rollback", onset=85), alarm(60, "P", "amber", branch=2),
        alarm(91, "T2", "rollback", onset=85), rollback("control", 90, 50, 100),
        alarm(102, "P", "amber", branch=2), ("spike-over", 102, 2, "", {"cause": "not-reproducible", "exact": True}),
    )  # fmt: skip
    found = spikes(rows)
    assert [(spike.is_amber, spike.cause, spike.exact) for spike in found] == [
        (False, "not-reproducible", True), (True, None, False), (True, None, False),
    ]  # fmt: skip
    assert places(found)[0] == [(1, 90), (1, 91)]


@pytest.mark.parametrize(("last_step", "is_still"), [(None, True), (60, True), (109, True), (110, False)])
def test_a_spike_is_open_until_enough_clean_steps_have_passed(last_step, is_still):
    (spike,) = spikes(told(alarm(90)))
    assert is_open(spike, last_step, 20) is is_still


def test_it_is_over_once_the_guard_says_so_or_someone_went_back_by_hand():
    said = spikes(told(alarm(90), ("spike-over", 95, 1, "", {})))
    by_hand = ("branch", 80, 2, "rollback", {"actor": "ann", "abandoned_to": 93})
    gone = spikes(told(alarm(90), by_hand))
    assert not is_open(said[0], 95, 20)
    assert not is_open(gone[0], 81, 20)
    assert gone[0].back == ("ann", 80, 93)


@pytest.mark.parametrize(
    "branch",
    [
        ("branch", 80, 2, "rollback", {"actor": "guard", "abandoned_to": 93}),
        ("branch", 80, 2, "resume", {"abandoned_to": 93}),
        ("branch", 95, 2, "rollback", {"actor": "ann", "abandoned_to": 99}),
    ],
)
def test_what_is_no_rollback_by_hand_to_before_it_does_not_end_it(branch):
    (spike,) = spikes(told(alarm(90), branch))
    assert spike.back is None
    assert is_open(spike, 99, 20)


def test_the_guard_waits_from_its_question_until_the_run_goes_on():
    running, paused = ("status", None, 1, "running", {}), ("status", None, 1, "paused", {})
    asked = [running, alarm(90, "T2", "rollback"), ("guard", 90, 1, "", {"did": "ask", "onset": 85}), paused]
    (before,) = spikes(told(*asked))
    (after,) = spikes(told(*asked, running))
    assert (waits(before, "paused"), waits(before, "running"), waits(after, "paused")) == (True, False, False)
    assert after.answered == BEGAN + timedelta(seconds=4)


def test_numbers_that_json_cannot_hold_are_numbers_again():
    samples = [{"loss": "inf", "text": "a"}, "no sample"]
    (spike,) = spikes(told(alarm(90, "T0", value="nan", limit=None, samples=samples)))
    assert math.isnan(spike.first.value)
    assert [(item["loss"], item["text"]) for item in spike.samples] == [(float("inf"), "a")]


def test_events_of_other_programs_are_left_alone():
    rows = told(
        ("spike", None, 1, "", {}), ("spike", 3, 1, "mine", {"action": "dance"}), ("guard", 3, 1, "jump", {}),
        ("spike", 4, None, "", {"rule": "T1", "action": "skip", "value": [1], "samples": 3}),
    )  # fmt: skip
    rows[0]["data"] = "[]"
    rows[2]["data"] = None
    (spike,) = spikes(rows)
    assert (spike.first.branch, spike.first.value, spike.samples) == (1, None, ())


def test_what_the_guard_knew_is_that_of_where_the_run_went_on_last():
    resume = ("resume", 40, 1, "", {"baseline": {"arms_at": 72, "reset": "optim.lr was set anew"}})
    back = ("branch", 20, 2, "rollback", {"baseline": {"arms_at": None}})
    assert baseline(told(resume, alarm(45))) == Baseline(72)
    assert baseline(told(resume, back)) == Baseline(None)
    assert baseline(told(resume, ("branch", 20, 2, "rollback", {}))) is None
    assert baseline(told(alarm(45))) is None
    assert len(spikes(told(alarm(45), resume))) == 1


def replayed(step, message, equal):
    return ("replay", step, 2, message, {"equal": equal})


def test_a_run_is_not_exact_once_steps_differed_or_its_processes_did():
    exact, other = replayed(9, "the same", True), replayed(20, "goes on in one process", False)
    assert not_exact(told(alarm(5), exact)) == ""
    assert not_exact(told(other, exact)) == "goes on in one process"
    assert not_exact(told(other, replayed(30, "another loss", False), exact)) == "another loss"
    assert spikes(told(other)) == []
