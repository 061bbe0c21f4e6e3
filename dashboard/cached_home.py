"""The cache for what waits for people; see `cached`."""

from typing import Any

import streamlit as st

from dashboard.cached import LIVE
from dashboard.queries import waiting as queries
from store.database import Store

__all__ = ["open_alarms", "paused", "untaken"]

Row = dict[str, Any]


@st.cache_data(ttl=LIVE, max_entries=4, show_spinner=False)
def untaken(path: str) -> list[Row]:
    """Requests that nobody has taken; see `queries.waiting.untaken`."""
    return queries.untaken(Store.at(path)).to_pylist()


@st.cache_data(ttl=LIVE, max_entries=4, show_spinner=False)
def open_alarms(path: str) -> list[Row]:
    """Alarms that nobody has answered; see `queries.waiting.open_alarms`."""
    return queries.open_alarms(Store.at(path)).to_pylist()


@st.cache_data(ttl=LIVE, max_entries=4, show_spinner=False)
def paused(path: str) -> list[Row]:
    """Paused runs; see `queries.waiting.paused`."""
    return queries.paused(Store.at(path)).to_pylist()
