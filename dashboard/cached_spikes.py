"""The cache for what is told of spikes; see `cached`."""

from typing import Any

import pyarrow as pa
import streamlit as st

from dashboard.cached import KEEP
from dashboard.queries import spikes as queries
from dashboard.queries import spikes_around as around_queries
from dashboard.queries.spikes_around import Stretch
from store.database import Store

__all__ = ["branches", "heat", "left"]

Row = dict[str, Any]

RARE = 3.0
"""Seconds for what reads all batches of a run."""


@st.cache_data(ttl=RARE, max_entries=64, show_spinner=False)
def branches(path: str, run_id: int) -> list[Row]:
    """Branches of a run; see `queries.spikes.branches`."""
    return queries.branches(Store.at(path), run_id).to_pylist()


@st.cache_data(ttl=RARE, max_entries=64, show_spinner=False)
def left(path: str, run_id: int) -> pa.Table:
    """Steps not trained on; see `queries.spikes.left`."""
    return queries.left(Store.at(path), run_id)


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def heat(path: str, run_id: int, signal: str, stretches: tuple[Stretch, ...], onset: int, newest: int) -> pa.Table:  # noqa: ARG001 - the newest step is a key
    """Groups of layers around a spike; see `queries.spikes_around.heat`."""
    return around_queries.heat(Store.at(path), run_id, signal, stretches, onset)
