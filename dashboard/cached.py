"""The only place where a query meets Streamlit's cache, so that many viewers cost one query.

What can change at any moment is read again at most every `LIVE` seconds. Everything else is asked for
with a stamp, the time of the run's newest line: as long as nothing new has come, nothing is read.
"""

from datetime import datetime
from typing import Any

import pyarrow as pa
import streamlit as st

from assay.locate import locate_store
from dashboard.queries import alarms as alarm_queries
from dashboard.queries import curves as curve_queries
from dashboard.queries import run as run_queries
from dashboard.queries import runs as runs_queries
from dashboard.queries.curves import Span
from dashboard.tables import values
from store.database import Store
from store.series import Series

__all__ = [
    "alarms", "checkpoints", "curves", "figures", "forks", "is_demo",
    "metric_names", "run_facts", "runs", "small_curves", "store_path",
]  # fmt: skip

LIVE = 0.8
"""Below the one second between two refreshes, so that a lone viewer always gets fresh rows."""

KEEP = "10m"
"""How long rows are kept that only a new stamp could change."""

Stamp = datetime


def store_path() -> str:
    """The store of this server: named by ASSAY_STORE, which the server sets for its own process."""
    return str(locate_store().database)


@st.cache_data(ttl=LIVE, max_entries=4, show_spinner=False)
def runs(path: str, *, archived: bool = False) -> list[dict[str, Any]]:
    """All runs; see `queries.runs.runs`."""
    return runs_queries.runs(Store.at(path), archived).to_pylist()


@st.cache_data(ttl=LIVE, max_entries=4, show_spinner=False)
def alarms(path: str) -> dict[int, dict[str, Any]]:
    """Newest alarm by run; see `queries.alarms.newest_alarms`."""
    return {row["run_id"]: row for row in alarm_queries.newest_alarms(Store.at(path)).to_pylist()}


@st.cache_data(ttl=LIVE, max_entries=64, show_spinner=False)
def run_facts(path: str, name: str) -> dict[str, Any] | None:
    """One run; see `queries.run.run_facts`."""
    return run_queries.run_facts(Store.at(path), name)


@st.cache_data(ttl=KEEP, max_entries=4, show_spinner=False)
def is_demo(path: str) -> bool:
    """Whether the store was made as a demo store, which never changes."""
    return runs_queries.is_demo(Store.at(path))


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def figures(path: str, run_id: int, last_step: int, stamp: Stamp) -> list[dict[str, Any]]:  # noqa: ARG001 - the stamp is a key
    """Newest values; see `queries.run.figures`."""
    return run_queries.figures(Store.at(path), run_id, last_step).to_pylist()


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def metric_names(path: str, run_id: int, stamp: Stamp) -> list[str]:  # noqa: ARG001 - the stamp is a key
    """Names of a run's metrics; see `queries.run.metric_names`."""
    return values(run_queries.metric_names(Store.at(path), run_id), "name")


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def checkpoints(path: str, run_id: int, stamp: Stamp) -> pa.Table:  # noqa: ARG001 - the stamp is a key
    """Checkpoints of a run; see `queries.run.checkpoints`."""
    return run_queries.checkpoints(Store.at(path), run_id)


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def forks(path: str, run_id: int, stamp: Stamp) -> list[dict[str, Any]]:  # noqa: ARG001 - the stamp is a key
    """Branches of a run; see `queries.run.forks`."""
    return run_queries.forks(Store.at(path), run_id).to_pylist()


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def curves(path: str, run_id: int, metrics: tuple[str, ...], span: Span, buckets: int, stamp: Stamp) -> Series:  # noqa: ARG001 - the stamp is a key
    """Curves of a large chart; see `queries.curves.curves`."""
    return curve_queries.curves(Store.at(path), run_id, metrics, span, buckets)


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def small_curves(path: str, run_id: int, metrics: tuple[str, ...], span: Span, buckets: int, stamp: Stamp) -> pa.Table:  # noqa: ARG001 - the stamp is a key
    """Curves of small charts; see `queries.curves.small_curves`."""
    return curve_queries.small_curves(Store.at(path), run_id, metrics, span, buckets)
