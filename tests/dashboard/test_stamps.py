"""Charts of long runs are read again when there is something to see."""

from datetime import timedelta
from itertools import pairwise

import pytest

from dashboard.queries.curves import Span
from dashboard.stamps import LONGEST, Turns, settled
from store.clock import utc_now

NOW = utc_now().replace(microsecond=0)
ODD = NOW - timedelta(seconds=NOW.second % 10) - timedelta(seconds=3)


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr("dashboard.stamps.utc_now", lambda: NOW)


def run(steps, pace, status="running", heartbeat=ODD):
    return {
        "status": status, "heartbeat": heartbeat, "first_step": 1, "last_step": steps, "seconds_a_step": pace,
        "source": None, "created": heartbeat, "ended": None,
    }  # fmt: skip


def test_a_chart_of_few_steps_is_read_whenever_there_is_a_new_line():
    assert settled(run(1000, 0.1), Span()) == ODD
    assert settled(run(1000, None), Span()) == ODD
    assert settled(run(None, None), Span()) == ODD


def test_a_chart_of_very_many_steps_is_read_every_ten_seconds():
    assert settled(run(1_000_000, 0.1), Span()) == ODD - timedelta(seconds=7)
    later = [settled(run(1_000_000, 0.1, heartbeat=ODD + timedelta(seconds=n)), Span()) for n in range(10)]
    assert len(set(later)) == 2


def test_a_zoom_is_read_as_often_as_its_own_pixels_change():
    assert settled(run(1_000_000, 0.1), Span(999_000, 1_000_000)) == ODD
    # Ten thousand steps: a pixel is ten of them, a second here.
    assert settled(run(1_000_000, 0.4), Span(990_001, 1_000_001)) == ODD - ODD.second % 4 * timedelta(seconds=1)


def test_the_end_of_a_run_is_shown_whole():
    for status in ("finished", "failed", "paused"):
        assert settled(run(1_000_000, 0.1, status), Span()) == ODD
    silent = ODD - timedelta(hours=5)
    assert settled(run(1_000_000, 0.1, heartbeat=silent), Span()) == silent


def at(seconds):
    return run(1_000_000, 0.1, heartbeat=ODD + timedelta(seconds=seconds)) | {"id": 1, "branch": 1, "created": NOW}


def stamps(turns, seconds):
    return [turns.stamp("store", at(seconds), Span(), turn).time for turn in range(4)]


def test_charts_are_read_together_at_first_and_then_one_after_the_other():
    turns = Turns()
    assert stamps(turns, 0) == [ODD] * 4
    shown = [stamps(turns, second) for second in range(60)]
    anew = [sum(a != b for a, b in zip(before, after, strict=True)) for before, after in pairwise(shown)]
    assert set(anew) == {0, 1}
    # Each as often as if it were alone.
    assert sum(anew) == pytest.approx(4 * 60 / LONGEST, abs=4)


def test_no_chart_is_further_behind_for_being_drawn_in_turn():
    turns = Turns()
    for second in range(60):
        now = ODD + timedelta(seconds=second)
        assert all(now - timedelta(seconds=LONGEST) < shown <= now for shown in stamps(turns, second))


def test_a_viewer_who_comes_later_sees_what_was_read_last():
    turns = Turns()
    turns.stamp("store", at(0), Span(), 0)
    assert turns.stamp("store", at(1), Span(), 1).time in (ODD, ODD + timedelta(seconds=1))
    assert turns.stamp("store", at(1), Span(0, 10), 0).time == ODD + timedelta(seconds=1)


def test_what_ended_or_was_made_anew_is_read_again_at_once():
    turns = Turns()
    stamps(turns, 8)
    assert stamps(turns, 0) == [ODD] * 4
    over = at(1) | {"status": "finished"}
    assert turns.stamp("store", over, Span(), 2).time == over["heartbeat"]
    branched = at(2) | {"branch": 2}
    assert [turns.stamp("store", branched, Span(), turn).time for turn in range(4)] == [branched["heartbeat"]] * 4
