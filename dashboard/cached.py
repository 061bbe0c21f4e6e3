"""The only place where a query meets Streamlit's cache, so that many viewers cost one query.

What can change at any moment is read again at most every `LIVE` seconds. Everything else is asked for
with a stamp, the time of the run's newest line: as long as nothing new has come, nothing is read.
"""

from datetime import datetime
from typing import Any

import pyarrow as pa
import streamlit as st

from assay.locate import locate_store
from dashboard.kept_figures import KeptFigures
from dashboard.kept_runs import KeptRuns, RunNow
from dashboard.queries import alarms as alarm_queries
from dashboard.queries import curves as curve_queries
from dashboard.queries import run as run_queries
from dashboard.queries import runs as runs_queries
from dashboard.queries.curves import Span
from dashboard.queries.run import CARDS, Moment
from dashboard.spike_story import Spike
from dashboard.tables import values
from store.database import Store
from store.series import Series

__all__ = [
    "alarms", "checkpoints", "curves", "figures", "forks", "is_demo", "metric_names",
    "requests", "run_facts", "run_names", "run_now", "runs", "small_curves", "small_series", "spikes", "store_path",
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

Stamp = datetime
Run = dict[str, Any]


def store_path() -> str:
    """The store of this server: named by ASSAY_STORE, which the server sets for its own process."""
    return str(locate_store().database)


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


def run_facts(path: str, name: str) -> dict[str, Any] | None:
    """One run; see `queries.run.run_facts`."""
    found = run_now(path, name)
    return None if found is None else dict(found.facts)


@st.cache_data(ttl=KEEP, max_entries=4, show_spinner=False)
def is_demo(path: str) -> bool:
    """Whether the store was made as a demo store, which never changes."""
    return runs_queries.is_demo(Store.at(path))


def _now(path: str, run: Run) -> Moment:
    found = run_now(path, run["name"])
    return _NOTHING if found is None else found.moment


def spikes(path: str, run: Run) -> list[Spike]:
    """The spikes of a run of `run_facts`, the oldest first; see `spike_story.spikes`."""
    found = run_now(path, run["name"])
    return [] if found is None else found.spikes


def requests(path: str, run: Run) -> list[dict[str, Any]]:
    """What was asked of a run of `run_facts`; see `queries.requests.requests`."""
    found = run_now(path, run["name"])
    return [] if found is None else found.requests


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
def _shared(path: str, run_id: int, span: Span, stamp: Stamp) -> Series:
    """What the charts are made of that a run's page begins with, in one read: each costs more than its rows do."""
    names = tuple(filter(_is_shared, metric_names(path, run_id, stamp)))
    return curve_queries.series(Store.at(path), run_id, names, span, BUCKETS)


def _is_shared(metric: str) -> bool:
    return metric in CARDS or metric.startswith("loss/")


def _series(path: str, run_id: int, metrics: tuple[str, ...], span: Span, stamp: Stamp) -> Series:
    if all(map(_is_shared, metrics)):
        return _shared(path, run_id, span, stamp)
    return curve_queries.series(Store.at(path), run_id, metrics, span, BUCKETS)


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def curves(path: str, run_id: int, metrics: tuple[str, ...], span: Span, stamp: Stamp) -> Series:
    """Curves of a large chart, of `BUCKETS` points; see `queries.curves.large`."""
    return curve_queries.large(_series(path, run_id, metrics, span, stamp), metrics)


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def small_series(path: str, run_id: int, metrics: tuple[str, ...], span: Span, buckets: int, stamp: Stamp) -> Series:
    """Curves of small charts with their marks; see `queries.curves.small`."""
    return curve_queries.small(_series(path, run_id, metrics, span, stamp), metrics, buckets)


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def small_curves(path: str, run_id: int, metrics: tuple[str, ...], span: Span, buckets: int, stamp: Stamp) -> pa.Table:  # noqa: ARG001 - the stamp is a key
    """Curves of small charts; see `queries.curves.small_curves`."""
    return curve_queries.small_curves(Store.at(path), run_id, metrics, span, buckets)
