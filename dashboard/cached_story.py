"""The cache for the story bar of a demo; see `cached`."""

from typing import Any

import streamlit as st

from dashboard import cached_release
from dashboard.cached import LIVE
from dashboard.demo_story import Step, steps_of
from dashboard.queries import story as queries
from dashboard.release_states import State
from evals.gate.live import ENVIRONMENT
from store.database import Store

__all__ = ["steps"]


@st.cache_data(ttl=LIVE, max_entries=4, show_spinner=False)
def _row(path: str) -> dict[str, Any]:
    return queries.story(Store.at(path))


def steps(path: str) -> list[Step]:
    """The steps of the story, each done or not. Raises StoreError."""
    row = _row(path)
    return steps_of(row, _state(path, row) if row["run"] else None)


def _state(path: str, row: dict[str, Any]) -> State | None:
    """How far the newest candidate has come."""
    wanted = (row["run"], row["branch"], row["step"])
    found = cached_release.candidates(path, ENVIRONMENT)
    return next((one.state for one in found if (one.row["run"], one.row["branch"], one.row["step"]) == wanted), None)
