"""Charts of long runs are read again when there is something to see."""

from datetime import timedelta

import pytest

from dashboard.queries.curves import Span
from dashboard.stamps import settled
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
