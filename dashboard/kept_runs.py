"""What each refresh of a run's page reads, in one attach: that alone takes milliseconds where a store is large."""

import time
from typing import Any, NamedTuple

import pyarrow as pa

from dashboard.queries.figures import Place, active_path
from dashboard.queries.origin import config
from dashboard.queries.requests import requests
from dashboard.queries.run import WINDOW, Before, Moment, before, checkpoints, figures, forks, own_row, seconds_a_step
from dashboard.queries.runs import names
from dashboard.queries.signature import Signature, signature
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


class _Few(NamedTuple):
    """The few rows that stand beside a run's values, read again when their signature is another one."""

    signature: tuple[Any, Signature]
    """When the run was made, and that of the rows."""

    place: Place
    checkpoints: pa.Table
    forks: pa.Table
    requests: list[Row]
    spikes: list[Spike]
    baseline: Baseline | None
    not_exact: str


class _Known(NamedTuple):
    few: _Few
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
        own = own_row(snapshot, name)
        signed = signature(snapshot, own["id"]) if own else None
        if own is None or signed is None or not signed.branches:
            return None
        facts: Row = own | {"branch": signed.branch, "branches": signed.branches}
        run_id = facts["id"]
        known = self._read(snapshot, facts, signed)
        if len(self._known) >= MOST and run_id not in self._known:
            self._known.clear()
            self._beside.clear()
        self._known[run_id] = known
        few = known.few
        # What the strip tells of this run; the rest of it comes from elsewhere.
        changed = (facts["status"], few.signature)
        return RunNow(
            facts | {"seconds_a_step": known.pace[1]}, Moment(known.figures, few.checkpoints, few.forks), few.requests,
            few.spikes, few.baseline, few.not_exact, self._seldom(snapshot, run_id, changed),
        )  # fmt: skip

    def _read(self, snapshot: Snapshot, facts: Row, signed: Signature) -> _Known:
        run_id, known = facts["id"], self._known.get(facts["id"])
        of_run = (facts["created"], signed)
        few = known.few if known and known.few.signature == of_run else _few(snapshot, run_id, of_run)
        own = (facts["created"], facts["branch"], facts["status"])
        # A clock that was set back writes no newer line for a while: the step tells that there is one.
        stamp, heartbeat = (*own, *_long_ago(facts)), (*own, facts["heartbeat"], facts["last_step"])
        if known and known.heartbeat == heartbeat:
            return known._replace(few=few)
        earlier = known.earlier if known and known.stamp == stamp else before(snapshot, run_id)
        # Of another branch or a run made anew the pace is another one.
        pace = known.pace if known and known.heartbeat[:3] == own and time.monotonic() - known.pace[0] < PACE else None
        pace = pace or (time.monotonic(), seconds_a_step(snapshot, facts))
        return _Known(few, stamp, earlier, heartbeat, figures(snapshot, run_id, earlier, few.place), pace)

    def _seldom(self, snapshot: Snapshot, run_id: int, own: Any) -> Beside:
        before_that, read, beside = self._beside.get(run_id, (None, 0.0, None))
        if beside is not None and before_that == own and time.monotonic() - read < SELDOM:
            return beside
        found = Beside(values(names(snapshot), "name"), config(snapshot, run_id), strip(snapshot, run_id))
        self._beside[run_id] = own, time.monotonic(), found
        return found


def _few(snapshot: Snapshot, run_id: int, of_run: tuple[Any, Signature]) -> _Few:
    rows = told(snapshot, run_id).to_pylist()
    return _Few(
        of_run, Place(of_run[1].ids, active_path(snapshot, run_id)), checkpoints(snapshot, run_id),
        forks(snapshot, run_id), requests(snapshot, run_id).to_pylist(), spikes(rows), baseline(rows), not_exact(rows),
    )  # fmt: skip


def _long_ago(facts: Row) -> tuple[Any, int]:
    """What of a run changes each minute, and each `WINDOW` steps: from then on too many are read again each time."""
    return facts["heartbeat"].replace(second=0, microsecond=0), (facts["last_step"] or 0) // WINDOW
