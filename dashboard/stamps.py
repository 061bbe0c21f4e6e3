"""When a chart is worth reading again: not before its line has grown by what can be seen."""

from datetime import UTC, datetime, timedelta
from typing import Any

from dashboard.queries.curves import Span
from store.clock import utc_now
from store.runs import status_of

__all__ = ["settled"]

PIXELS = 1000
"""Of a large chart, from side to side."""

LONGEST = 10
"""Seconds that a chart is behind its run at the most."""

_BEGAN = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def settled(run: dict[str, Any], span: Span) -> datetime:
    """The time of a run's newest line, as the stamp that its charts are cached by (see `cached`).

    While the run goes on it is rounded down to the time in which the line grows by a pixel: of a million steps five
    more cannot be seen, and what is read anew each second has to be made and sent anew as well. Of a run that has
    ended or fallen silent every step is shown.
    """
    newest: datetime = run["heartbeat"]
    if status_of(run, utc_now()) != "running":
        return newest
    seconds = min(LONGEST, _steps(run, span) / PIXELS * (run["seconds_a_step"] or 0.0))
    return newest - (newest - _BEGAN) % timedelta(seconds=int(seconds)) if seconds >= 2 else newest


def _steps(run: dict[str, Any], span: Span) -> int:
    if span.first is not None and span.last is not None:
        return span.last - span.first
    return (run["last_step"] or 0) - (run.get("first_step") or 0)
