"""What runs beside each other read, cached as in `dashboard.cached`."""

import streamlit as st

from dashboard.cached import KEEP, LIVE, Stamp
from dashboard.queries import compare as queries
from dashboard.queries.compare import Axis, Line, Reach
from store.compare import Comparison, compare_runs
from store.database import Store

__all__ = ["comparison", "line"]

BUCKETS = 240
"""Points of a line, about."""


@st.cache_data(ttl=LIVE, max_entries=32, show_spinner=False)
def comparison(path: str, names: tuple[str, ...]) -> Comparison:
    """Outcomes and configurations; see `store.compare.compare_runs`."""
    return compare_runs(Store.at(path), names)


@st.cache_data(ttl=KEEP, max_entries=128, show_spinner=False)
def line(path: str, run_id: int, metric: str, axis: Axis, reach: Reach, stamp: Stamp) -> Line:  # noqa: ARG001 - the stamp is a key
    """One metric of one run; see `queries.compare.line`."""
    return queries.line(Store.at(path), run_id, metric, axis, BUCKETS, reach)
