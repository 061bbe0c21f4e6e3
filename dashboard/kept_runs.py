"""What each refresh of a run's page reads, in one attach: that alone takes milliseconds where a store is large."""

from typing import Any, NamedTuple

import pyarrow as pa

from dashboard.queries.requests import requests
from dashboard.queries.run import WINDOW, Before, Moment, before, checkpoints, figures, forks, run_facts
from dashboard.queries.spikes import told
from dashboard.spike_story import Baseline, Spike, baseline, spikes
from store.database import Snapshot, Store

__all__ = ["KeptRuns", "RunNow"]

MOST = 64
"""Runs whose last reading is kept."""

Row = dict[str, Any]


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


class _Known(NamedTuple):
    stamp: Any
    earlier: Before
    heartbeat: Any
    figures: pa.Table


class KeptRuns:
    """Of one store, for all viewers; what a new line of a run alone could change is read again only after one."""

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}

    def now(self, store: Store, name: str) -> RunNow | None:
        """The run of this name; None where there is none. Raises StoreError."""
        return store.snapshot(lambda snapshot: self._now(snapshot, name))

    def _now(self, snapshot: Snapshot, name: str) -> RunNow | None:
        facts = run_facts(snapshot, name)
        if facts is None:
            return None
        known = self._read(snapshot, facts)
        if len(self._known) >= MOST and facts["id"] not in self._known:
            self._known.clear()
        self._known[facts["id"]] = known
        rows = told(snapshot, facts["id"]).to_pylist()
        return RunNow(
            facts, _moment(snapshot, facts["id"], known), requests(snapshot, facts["id"]).to_pylist(), spikes(rows),
            baseline(rows),
        )  # fmt: skip

    def _read(self, snapshot: Snapshot, facts: Row) -> _Known:
        run_id, known = facts["id"], self._known.get(facts["id"])
        own = (facts["created"], facts["branch"], facts["status"])
        stamp, heartbeat = (*own, *_seldom(facts)), (*own, facts["heartbeat"])
        if known and known.heartbeat == heartbeat:
            return known
        earlier = known.earlier if known and known.stamp == stamp else before(snapshot, run_id)
        return _Known(stamp, earlier, heartbeat, figures(snapshot, run_id, earlier))


def _seldom(facts: Row) -> tuple[Any, int]:
    """What of a run changes each minute, and each `WINDOW` steps: from then on too many are read again each time."""
    return facts["heartbeat"].replace(second=0, microsecond=0), (facts["last_step"] or 0) // WINDOW


def _moment(snapshot: Snapshot, run_id: int, known: _Known) -> Moment:
    # Checkpoints are thrown away without a word of the run: they are always read.
    return Moment(known.figures, checkpoints(snapshot, run_id), forks(snapshot, run_id))
