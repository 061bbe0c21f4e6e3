"""When a chart is worth reading again: not before its line has grown by what can be seen.

Charts of one run are read together and drawn anew in turn, each as often as if it were alone: all of them in one
message would be several times as long as a refresh is else.
"""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from dashboard.queries.curves import Span
from store.clock import utc_now
from store.runs import status_of

__all__ = ["Reading", "Turns", "growth", "settled"]

PIXELS = 1000
"""Of a large chart, from side to side."""

LONGEST = 10
"""Seconds that a chart is behind its run at the most."""

GOLDEN = 0.618
"""Of the time between two readings, from one turn to the next: however many turns there are, they lie well apart."""

MOST = 512
"""Charts whose reading is remembered."""

_BEGAN = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)


Run = dict[str, Any]


class Reading(NamedTuple):
    """How far a run was when it was read."""

    time: datetime
    """Time of its newest line."""

    step: int | None
    """Its last step."""


def settled(run: Run, span: Span, turn: int = 0) -> datetime:
    """The time of a run's newest line, as the stamp that its charts are cached by (see `cached`).

    While the run goes on it is rounded down to the time in which the line grows by a pixel: of a million steps five
    more cannot be seen, and what is read anew each second has to be made and sent anew as well. Of a run that has
    ended or fallen silent every step is shown. Charts of another `turn` are due at another time, as often.
    """
    newest: datetime = run["heartbeat"]
    if status_of(run, utc_now()) != "running":
        return newest
    seconds = int(min(LONGEST, growth(run, span)))
    later = timedelta(seconds=turn * GOLDEN % 1 * seconds)
    return newest - (newest - _BEGAN - later) % timedelta(seconds=seconds) if seconds >= 2 else newest


def growth(run: Run, span: Span) -> float:
    """Seconds in which a line of a run under way grows by a pixel."""
    return _steps(run, span) / PIXELS * (run["seconds_a_step"] or 0.0)


def _steps(run: Run, span: Span) -> int:
    if span.first is not None and span.last is not None:
        return span.last - span.first
    return (run["last_step"] or 0) - (run.get("first_step") or 0)


class Turns:
    """Which reading each chart shows: the newest one there is, taken up when the chart is due; for all viewers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: dict[Any, Reading] = {}
        self._shown: dict[Any, Reading] = {}

    def stamp(self, path: str, run: Run, span: Span, turn: int) -> Reading:
        """The newest line at the reading that a chart of this turn shows, as its stamp (see `cached`): never before
        `settled`. Where nothing was read at this time yet, it is to be read now.
        """
        due, now = settled(run, span, turn), Reading(run["heartbeat"], run["last_step"])
        place = (path, run["id"], run["created"], run.get("branch"), span)
        with self._lock:
            if len(self._shown) > MOST:
                self._read.clear()
                self._shown.clear()
            if not _stands(self._shown.get((place, turn)), due, now):
                if not _stands(self._read.get(place), due, now):
                    self._read[place] = now
                self._shown[place, turn] = self._read[place]
            return self._shown[place, turn]


def _stands(known: Reading | None, due: datetime, now: Reading) -> bool:
    if known is None or not due <= known.time <= now.time:
        return False
    # Of a log without times, and after a clock was set back, only the step tells that there are more lines.
    return known.time < now.time or known == now
