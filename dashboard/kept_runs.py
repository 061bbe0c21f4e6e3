"""What each refresh of a run's page reads, in one attach: that alone takes milliseconds where a store is large."""

import time
from typing import Any, NamedTuple

import pyarrow as pa

from dashboard.queries.origin import config
from dashboard.queries.requests import requests
from dashboard.queries.run import (
    WINDOW,
    Before,
    Moment,
    before,
    checkpoints,
    figures,
    forks,
    run_row,
    seconds_a_step,
)
from dashboard.queries.runs import names
from dashboard.queries.spikes import told
from dashboard.queries.strip import strip
from dashboard.spike_story import Baseline, Spike, baseline, not_exact, spikes
from dashboard.tables import values
from store.database import Snapshot, Store

__all__ = ["KeptRuns", "RunNow"]

MOST = 64
"""Runs whose last reading is kept."""

PACE = 3.0
"""Seconds that a pace is shown, which is a mean of many steps."""

SELDOM = 10.0
"""Seconds for what other runs and people change a few times an hour; what the run itself changes is told at once."""

Row = dict[str, Any]


class Beside(NamedTuple):
    """What stands beside a run on its page, and changes seldom."""

    names: list[str]
    """Of all runs that are not archived, the newest first."""

    config: Row
    """The run's configuration; empty where it recorded none."""

    strip: dict[str, list[Row]]
    """See `queries.strip.strip`."""


class RunNow(NamedTuple):
    """A run as it is now."""

    facts: Row
    """See `queries.run.run_facts`."""

    moment: Moment
    """See `queries.run.moment`."""

    requests: list[Row]
    """See `queries.requests.requests`."""

    spikes: list[Spike]
    """See `spike_story.spikes`."""

    baseline: Baseline | None
    """See `spike_story.baseline`."""

    not_exact: str
    """See `spike_story.not_exact`."""

    beside: Beside
    """What changes seldom."""


class _Known(NamedTuple):
    stamp: Any
    earlier: Before
    heartbeat: Any
    figures: pa.Table
    pace: tuple[float, float | None]
    """When it was read, and the seconds a step."""


class KeptRuns:
    """Of one store, for all viewers; what a new line of a run alone could change is read again only after one."""

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}
        self._beside: dict[int, tuple[Any, float, Beside]] = {}

    def now(self, store: Store, name: str) -> RunNow | None:
        """The run of this name; None where there is none. Raises StoreError."""
        return store.snapshot(lambda snapshot: self._now(snapshot, name))

    def _now(self, snapshot: Snapshot, name: str) -> RunNow | None:
        facts = run_row(snapshot, name)
        if facts is None:
            return None
        run_id = facts["id"]
        known = self._read(snapshot, facts)
        if len(self._known) >= MOST and run_id not in self._known:
            self._known.clear()
            self._beside.clear()
        self._known[run_id] = known
        rows, moment = told(snapshot, run_id).to_pylist(), _moment(snapshot, run_id, known)
        # What the strip tells of this run; the rest of it comes from elsewhere.
        own = (facts["created"], facts["branches"], facts["status"], len(rows), moment.checkpoints)
        return RunNow(
            facts | {"seconds_a_step": known.pace[1]}, moment, requests(snapshot, run_id).to_pylist(), spikes(rows),
            baseline(rows), not_exact(rows), self._seldom(snapshot, run_id, own),
        )  # fmt: skip

    def _read(self, snapshot: Snapshot, facts: Row) -> _Known:
        run_id, known = facts["id"], self._known.get(facts["id"])
        own = (facts["created"], facts["branch"], facts["status"])
        stamp, heartbeat = (*own, *_long_ago(facts)), (*own, facts["heartbeat"])
        if known and known.heartbeat == heartbeat:
            return known
        earlier = known.earlier if known and known.stamp == stamp else before(snapshot, run_id)
        # Of another branch or a run made anew the pace is another one.
        pace = known.pace if known and known.heartbeat[:3] == own and time.monotonic() - known.pace[0] < PACE else None
        pace = pace or (time.monotonic(), seconds_a_step(snapshot, facts))
        return _Known(stamp, earlier, heartbeat, figures(snapshot, run_id, earlier), pace)

    def _seldom(self, snapshot: Snapshot, run_id: int, own: Any) -> Beside:
        before_that, read, beside = self._beside.get(run_id, (None, 0.0, None))
        if beside is not None and before_that == own and time.monotonic() - read < SELDOM:
            return beside
        found = Beside(values(names(snapshot), "name"), config(snapshot, run_id), strip(snapshot, run_id))
        self._beside[run_id] = own, time.monotonic(), found
        return found


def _long_ago(facts: Row) -> tuple[Any, int]:
    """What of a run changes each minute, and each `WINDOW` steps: from then on too many are read again each time."""
    return facts["heartbeat"].replace(second=0, microsecond=0), (facts["last_step"] or 0) // WINDOW


def _moment(snapshot: Snapshot, run_id: int, known: _Known) -> Moment:
    # Checkpoints are thrown away without a word of the run: they are always read.
    return Moment(known.figures, checkpoints(snapshot, run_id), forks(snapshot, run_id))
