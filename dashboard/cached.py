"""The only place where a query meets Streamlit's cache, so that many viewers cost one query.

What can change at any moment is read again at most every `LIVE` seconds. Everything else is asked for
with a stamp, the time and step of the run's newest line: as long as nothing new has come, nothing is read.
"""

from collections.abc import Callable, Generator, Hashable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import pyarrow as pa
import streamlit as st

from assay.locate import locate_store
from dashboard.kept_figures import KeptFigures
from dashboard.kept_runs import KeptRuns, RunNow
from dashboard.queries import alarms as alarm_queries
from dashboard.queries import curves as curve_queries
from dashboard.queries import run as run_queries
from dashboard.queries import runs as runs_queries
from dashboard.queries.curves import Curves, Span, Start
from dashboard.queries.run import CARDS, Moment
from dashboard.queries.strip import STRIP
from dashboard.spike_story import Baseline, Spike
from dashboard.stamps import Reading, Turns
from dashboard.tables import values
from store.database import Snapshot, Store

__all__ = [
    "SELDOM", "alarms", "baseline", "checkpoints", "config", "curves", "figures", "forks", "is_demo", "is_served",
    "lead", "lineage", "metric_names", "names_shown", "newest_line", "not_exact", "one_look", "other_runs", "requests",
    "run_facts", "run_names", "run_now", "runs", "small_curves", "small_series", "spikes", "stamp", "store_path",
]  # fmt: skip

LIVE = 0.8
"""Below the one second between two refreshes, so that a lone viewer always gets fresh rows."""

SELDOM = 3.0
"""Seconds for what changes a few times an hour, and what nobody waits for."""

BUCKETS = 400
"""Points of a large chart at the most, but for short runs, which are drawn step by step."""

_NOTHING = Moment(
    pa.table({"metric": pa.array([], pa.string())}),
    pa.table(
        {"step": pa.array([], pa.int64()), "branch": pa.array([], pa.int32()), "state": pa.array([], pa.string())}
    ),
    pa.table({"fork_step": pa.array([], pa.int64())}),
)
"""Of a run that was removed while its page was drawn."""

KEEP = "10m"
"""How long rows are kept that only a new stamp could change."""

Stamp = Hashable
Run = dict[str, Any]
T = TypeVar("T")


@contextmanager
def one_look() -> Generator[None]:
    """Within it the store and a run are looked for once, however often they are asked for: a refresh shows one moment,
    and a look into Streamlit's cache takes as long as a small query.
    """
    before = _looked_up.set({})
    try:
        yield
    finally:
        _looked_up.reset(before)


_looked_up: ContextVar[dict[Hashable, Any] | None] = ContextVar("looked_up", default=None)


def _once(what: Hashable, look: Callable[[], T]) -> T:
    known = _looked_up.get()
    if known is None:
        return look()
    if what not in known:
        known[what] = look()
    return known[what]


def store_path() -> str:
    """The store of this server: named by ASSAY_STORE, which the server sets for its own process."""
    return _once("path", _named)


def _named() -> str:
    where = locate_store()
    return where.server or str(where.database)


def is_served(path: str) -> bool:
    """Whether a server has the store: then it can only be read, and only what runs recorded."""
    return _once(("served", path), lambda: Store.at(path).is_served)


@st.cache_data(ttl=LIVE, max_entries=4, show_spinner=False)
def runs(path: str, *, archived: bool = False) -> list[dict[str, Any]]:
    """All runs with their figures; see `queries.runs`."""
    rows = runs_queries.runs(Store.at(path), archived).to_pylist()
    return _kept(path).joined(Store.at(path), rows)


@st.cache_resource(max_entries=4, show_spinner=False)
def _kept(path: str) -> KeptFigures:  # noqa: ARG001 - the store is a key
    return KeptFigures()


@st.cache_data(ttl=SELDOM, max_entries=4, show_spinner=False)
def run_names(path: str) -> list[str]:
    """Names of runs; see `queries.runs.names`."""
    return values(runs_queries.names(Store.at(path)), "name")


@st.cache_data(ttl=LIVE, max_entries=4, show_spinner=False)
def alarms(path: str) -> dict[int, dict[str, Any]]:
    """Newest alarm by run; see `queries.alarms.newest_alarms`."""
    return {row["run_id"]: row for row in alarm_queries.newest_alarms(Store.at(path)).to_pylist()}


@st.cache_resource(max_entries=4, show_spinner=False)
def _kept_runs(path: str) -> KeptRuns:  # noqa: ARG001 - the store is a key
    return KeptRuns()


@st.cache_data(ttl=LIVE, max_entries=64, show_spinner=False)
def run_now(path: str, name: str) -> RunNow | None:
    """One run with all that each refresh reads; see `kept_runs`."""
    return _kept_runs(path).now(Store.at(path), name)


def _run(path: str, name: str) -> RunNow | None:
    return _once((path, name), lambda: run_now(path, name))


def run_facts(path: str, name: str) -> dict[str, Any] | None:
    """One run; see `queries.run.run_facts`."""
    found = _run(path, name)
    return None if found is None else dict(found.facts)


@st.cache_data(ttl=KEEP, max_entries=4, show_spinner=False)
def is_demo(path: str) -> bool:
    """Whether the store was made as a demo store, which never changes."""
    return runs_queries.is_demo(Store.at(path))


def _now(path: str, run: Run) -> Moment:
    found = _run(path, run["name"])
    return _NOTHING if found is None else found.moment


def spikes(path: str, run: Run) -> list[Spike]:
    """The spikes of a run of `run_facts`, the oldest first; see `spike_story.spikes`."""
    found = _run(path, run["name"])
    return [] if found is None else found.spikes


def baseline(path: str, run: Run) -> Baseline | None:
    """What the guard of a run of `run_facts` began with; see `spike_story.baseline`."""
    found = _run(path, run["name"])
    return None if found is None else found.baseline


def not_exact(path: str, run: Run) -> str:
    """What was told last of why a run of `run_facts` is not exact, empty where it is; see `spike_story.not_exact`."""
    found = _run(path, run["name"])
    return "" if found is None else found.not_exact


def requests(path: str, run: Run) -> list[dict[str, Any]]:
    """What was asked of a run of `run_facts`; see `queries.requests.requests`."""
    found = _run(path, run["name"])
    return [] if found is None else found.requests


def config(path: str, run: Run) -> Run:
    """The configuration of a run of `run_facts`; empty where it recorded none."""
    found = _run(path, run["name"])
    return {} if found is None else found.beside.config


def lineage(path: str, run: Run) -> dict[str, list[Run]]:
    """What the strip of a run of `run_facts` is made of; see `queries.strip.strip`."""
    found = _run(path, run["name"])
    return {name: [] for name in STRIP} if found is None else found.beside.strip


def other_runs(path: str, run: Run) -> list[str]:
    """Names of the runs besides one of `run_facts`, the newest first; see `queries.runs.names`."""
    found = _run(path, run["name"])
    return [] if found is None else [name for name in found.beside.names if name != run["name"]]


def figures(path: str, run: Run) -> list[dict[str, Any]]:
    """Newest values of a run of `run_facts`; see `queries.run.figures`."""
    return _now(path, run).figures.to_pylist()


def checkpoints(path: str, run: Run) -> pa.Table:
    """Checkpoints of a run of `run_facts`; see `queries.run.checkpoints`."""
    return _now(path, run).checkpoints


def forks(path: str, run: Run) -> list[dict[str, Any]]:
    """Branches of a run of `run_facts`; see `queries.run.forks`."""
    return _now(path, run).forks.to_pylist()


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def metric_names(path: str, run_id: int, stamp: Stamp) -> list[str]:  # noqa: ARG001 - the stamp is a key
    """Names of a run's metrics; see `queries.run.metric_names`."""
    return values(run_queries.metric_names(Store.at(path), run_id), "name")


@st.cache_data(ttl=KEEP, max_entries=16, show_spinner=False)
def _shared(path: str, run_id: int, span: Span, stamp: Stamp) -> tuple[list[str], Curves]:  # noqa: ARG001 - the stamp is a key
    """Names of a run's metrics, and what the charts are made of that its page begins with, in one attach and one read:
    each costs more than its rows do.
    """

    def read(snapshot: Snapshot) -> tuple[list[str], Curves]:
        names = values(run_queries.metric_names(snapshot, run_id), "name")
        return names, curve_queries.series(snapshot, run_id, tuple(filter(_is_shared, names)), span, BUCKETS)

    return Store.at(path).snapshot(read)


def _shared_once(path: str, run_id: int, span: Span, stamp: Stamp) -> tuple[list[str], Curves]:
    return _once(("shared", path, run_id, span, stamp), lambda: _shared(path, run_id, span, stamp))


def names_shown(path: str, run: Run, span: Span) -> list[str]:
    """Names of the metrics of a run of `run_facts`, read with the charts of `span` that its page begins with."""
    return _shared_once(path, run["id"], span, stamp(path, run, span, 0))[0]


_turns = Turns()


def newest_line(run: Run) -> Stamp:
    """What is asked for with that shows all of a run of `run_facts` at once; see `stamps.Reading`."""
    return Reading(run["heartbeat"], run["last_step"])


def stamp(path: str, run: Run, span: Span, turn: int) -> Stamp:
    """What a chart of a run of `run_facts` is asked for with; see `stamps.Turns`."""
    return _turns.stamp(path, run, span, turn)


def _is_shared(metric: str) -> bool:
    return metric in CARDS or metric.startswith("loss/")


def _series(path: str, run_id: int, metrics: tuple[str, ...], span: Span, stamp: Stamp) -> Curves:
    if all(map(_is_shared, metrics)):
        names, found = _shared_once(path, run_id, span, stamp)
        # A source may have begun since.
        if set(names).issuperset(metrics):
            return found
    return curve_queries.series(Store.at(path), run_id, metrics, span, BUCKETS)


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def curves(path: str, run_id: int, metrics: tuple[str, ...], span: Span, stamp: Stamp) -> Curves:
    """Curves of a large chart, of `BUCKETS` points; see `queries.curves.large`."""
    return curve_queries.large(_series(path, run_id, metrics, span, stamp), metrics)


def lead(path: str, run: Run, metric: str, start: Start) -> pa.Table:
    """What lies before a smoothed line of a run of `run_facts`; see `queries.curves.lead`."""
    # Where the run has gone beyond these steps, only another branch would change them.
    newest = newest_line(run) if (run["last_step"] or 0) < start.step else None
    return _lead(path, run["id"], metric, start, (run["created"], run.get("branch"), newest))


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def _lead(path: str, run_id: int, metric: str, start: Start, stamp: Hashable) -> pa.Table:  # noqa: ARG001 - the stamp is a key
    return curve_queries.lead(Store.at(path), run_id, metric, start)


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def small_series(path: str, run_id: int, metrics: tuple[str, ...], span: Span, buckets: int, stamp: Stamp) -> Curves:
    """Curves of small charts with their marks; see `queries.curves.small`."""
    return curve_queries.small(_series(path, run_id, metrics, span, stamp), metrics, buckets)


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def small_curves(path: str, run_id: int, metrics: tuple[str, ...], span: Span, buckets: int, stamp: Stamp) -> Curves:  # noqa: ARG001 - the stamp is a key
    """The same where nothing else of the run is shown beside them; see `queries.curves.small_series`."""
    return curve_queries.small_series(Store.at(path), run_id, metrics, span, buckets)
