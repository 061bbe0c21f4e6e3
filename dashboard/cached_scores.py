"""The cache for evaluations: read again only when a result has come or the run has changed its path; see `cached`."""

from datetime import datetime
from typing import Any, NamedTuple

import streamlit as st

from dashboard.cached import KEEP, LIVE
from dashboard.queries import evaluations as queries
from dashboard.queries import samples as sample_queries
from dashboard.queries import scores as score_queries
from store.database import Store

__all__ = ["Stamp", "answers", "asked", "evaluations", "items", "scores", "stamp"]

Row = dict[str, Any]


class Stamp(NamedTuple):
    """What changes when there is something new."""

    newest: int | None
    """Number of the newest evaluation; None where there is none."""

    rows: int
    """How many there are."""

    created: datetime | None
    """When the newest was made: a result that is made again may get the number of the one it replaces."""

    told: int
    """How many results runs have told of."""

    branch: int
    """The run's branch, by which what lies on its path is told."""


def stamp(path: str, run: Row) -> Stamp:
    """The stamp of a run of `run_facts` now."""
    found = _newest(path)
    return Stamp(found["id"], found["rows"], found["created"], found["told"], run["branch"])


@st.cache_data(ttl=LIVE, max_entries=4, show_spinner=False)
def _newest(path: str) -> Row:
    return queries.newest(Store.at(path))


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def evaluations(path: str, run_id: int, stamp: Stamp) -> list[Row]:  # noqa: ARG001 - the stamp is a key
    """Evaluations of a run; see `queries.evaluations.evaluations`."""
    return queries.evaluations(Store.at(path), run_id).to_pylist()


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def scores(path: str, ids: tuple[int, ...], stamp: Stamp) -> list[Row]:  # noqa: ARG001 - the stamp is a key
    """Scores of evaluations; see `queries.scores.scores`."""
    return score_queries.scores(Store.at(path), ids).to_pylist()


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def items(path: str, pair: tuple[int, int | None], metric: str, start: int, stamp: Stamp, *, lowest: bool) -> list[Row]:  # noqa: ARG001 - the stamp is a key
    """Items of an evaluation and its base's, by their numbers; see `queries.scores.items`."""
    return score_queries.items(Store.at(path), *pair, metric, lowest=lowest, start=start).to_pylist()


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def answers(path: str, run_id: int, stamp: Stamp) -> list[Row]:  # noqa: ARG001 - the stamp is a key
    """Answers that are only shown; see `queries.samples.answers`."""
    return sample_queries.answers(Store.at(path), run_id).to_pylist()


@st.cache_data(ttl=LIVE, max_entries=64, show_spinner=False)
def asked(path: str, run_id: int) -> list[Row]:
    """Requests to evaluate; see `queries.samples.asked`."""
    return sample_queries.asked(Store.at(path), run_id).to_pylist()
