"""The cache for what only one view of a run reads; see `cached`."""

from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.cached import KEEP, LIVE, Stamp
from dashboard.queries import checkpoints as checkpoint_queries
from dashboard.queries import data as data_queries
from dashboard.queries import origin as origin_queries
from dashboard.sample_text import Columns
from evals.release.lineage import Lineage
from evals.release.lineage import lineage_of as read_lineage
from evals.text import Sample, read_samples
from store.database import Store
from store.run_log import tail

__all__ = [
    "alarms",
    "datasets",
    "hardest",
    "lineage_of",
    "log_tail",
    "mix",
    "origin",
    "samples",
    "shelf",
    "sources",
    "traceback",
]

STRIP = 3.0
"""Seconds for the lineage strip of a checkpoint: what it shows changes a few times a run."""

SLOW = 10.0
"""Seconds for what reads all batches of a run, and what should not jump while it is read."""

Row = dict[str, Any]


@st.cache_data(ttl=LIVE, max_entries=64, show_spinner=False)
def shelf(path: str, run_id: int) -> list[Row]:
    """Checkpoints with what holds them; see `queries.checkpoints.shelf`."""
    return checkpoint_queries.shelf(Store.at(path), run_id).to_pylist()


@st.cache_data(ttl=STRIP, max_entries=64, show_spinner=False)
def lineage_of(path: str, candidate: str, sha256: str, run_id: int | None) -> Lineage:
    """What the strip of a checkpoint is made of; see `evals.release.lineage.lineage_of`."""
    return Store.at(path).snapshot(lambda snapshot: read_lineage(snapshot, candidate, sha256, run_id))


@st.cache_data(ttl=SLOW, max_entries=64, show_spinner=False)
def datasets(path: str, run_id: int) -> list[Row]:
    """Files of a run; see `queries.data.datasets`."""
    return data_queries.datasets(Store.at(path), run_id).to_pylist()


@st.cache_data(ttl=SLOW, max_entries=64, show_spinner=False)
def sources(path: str, run_id: int) -> list[Row]:
    """What each source has given; see `queries.data.sources`."""
    return data_queries.sources(Store.at(path), run_id).to_pylist()


@st.cache_data(ttl=SLOW, max_entries=64, show_spinner=False)
def mix(path: str, run_id: int, _last_step: int) -> list[Row]:
    """What each source gave over time; see `queries.data.mix`. The step is no key, as in `hardest`."""
    return data_queries.mix(Store.at(path), run_id, _last_step).to_pylist()


@st.cache_data(ttl=SLOW, max_entries=64, show_spinner=False)
def hardest(path: str, run_id: int, _last_step: int) -> list[Row]:
    """The hardest samples; see `queries.data.hardest`. The step is no key: they change every few seconds only."""
    return data_queries.hardest(Store.at(path), run_id, _last_step).to_pylist()


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def alarms(path: str, run_id: int, stamp: Stamp) -> list[Row]:  # noqa: ARG001 - the stamp is a key
    """Events that ask for a look; see `queries.origin.alarms`."""
    return origin_queries.alarms(Store.at(path), run_id).to_pylist()


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def traceback(path: str, run_id: int, stamp: Stamp) -> str | None:  # noqa: ARG001 - the stamp is a key
    """What ended a run; see `queries.origin.traceback`."""
    return origin_queries.traceback(Store.at(path), run_id)


@st.cache_data(ttl=SLOW, max_entries=16, show_spinner=False)
def origin(path: str, run_id: int) -> dict[str, Any]:
    """Configuration and provenance; see `queries.origin.origin`."""
    return origin_queries.origin(Store.at(path), run_id)


@st.cache_data(ttl=LIVE, max_entries=16, show_spinner=False)
def log_tail(path: str, name: str) -> str | None:
    """The end of a run's log; see `store.run_log.tail`. Raises OSError."""
    return tail(Store.at(path).root / name)


@st.cache_resource(ttl=KEEP, max_entries=4, show_spinner=False)
def samples(file: Path, changed: int, columns: Columns) -> list[Sample]:  # noqa: ARG001 - the time of change is a key
    """All rows of a data file as it was at a time; nobody may change them. Raises DataError."""
    return read_samples(file, dict(columns))
