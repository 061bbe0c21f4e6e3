"""The cache for what is told of forgetting; see `cached`. An evaluation that comes or goes makes it be read anew."""

from typing import Any

import streamlit as st

from dashboard import retention
from dashboard.cached import KEEP
from dashboard.cached_scores import Stamp
from dashboard.queries import forgetting as queries
from dashboard.retention import Alone, Kept
from dashboard.suites import Suite
from evals.forgetting.paired import Comparison
from store.database import Store

__all__ = ["changed", "compared", "kept"]

MOST = 512
"""Comparisons that are kept; one of 10,000 questions is a few hundred kilobytes where all were lost."""

Row = dict[str, Any]


def kept(path: str, run_id: int, suite: Suite, stamp: Stamp) -> list[Kept]:
    """What the checkpoints of a run kept; see `retention.kept`."""
    return _kept(path, run_id, suite.sha256, stamp, suite)


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def _kept(path: str, run_id: int, sha256: str, stamp: Stamp, _suite: Suite) -> list[Kept]:  # noqa: ARG001 - run and stamp are keys
    return retention.kept(_suite, _comparisons(path, _suite, sha256))


def _comparisons(path: str, suite: Suite, sha256: str) -> dict[int, Alone]:
    """Each checkpoint against the base; only those that were not compared before are read."""
    base = suite.base
    if base is None:
        return {}
    keys = {row["id"]: (path, base["id"], base["created"], row["id"], row["created"]) for row in suite.rows}
    known = _known()
    missing = [number for number, key in keys.items() if key not in known]
    if missing:
        store = Store.at(path)
        answers = retention.item_rows(queries.answers(store, [base["id"], *missing]).to_pylist())
        texts = retention.item_texts(queries.asked(store, sha256).to_pylist())
        for number in missing:
            known[keys[number]] = retention.alone(answers.get(base["id"], []), answers.get(number, []), texts)
    found = {number: known[key] for number, key in keys.items()}
    while len(known) > MOST:
        known.pop(next(iter(known)), None)
    return {number: one for number, one in found.items() if one is not None}


@st.cache_resource(show_spinner=False)
def _known() -> dict[Any, Alone | None]:
    return {}


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def changed(path: str, before: int, after: int, stamp: Stamp) -> list[Row]:  # noqa: ARG001 - the stamp is a key
    """Questions lost and gained between two evaluations; see `queries.forgetting.changed`."""
    return queries.changed(Store.at(path), before, after).to_pylist()


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def compared(path: str, suite_sha256: str, before: int, after: int, stamp: Stamp) -> Comparison | None:  # noqa: ARG001 - the stamp is a key
    """One evaluation against another one; see `retention.compared`."""
    store = Store.at(path)
    answers = retention.item_rows(queries.answers(store, [before, after]).to_pylist())
    texts = retention.item_texts(queries.asked(store, suite_sha256).to_pylist())
    return retention.compared(answers.get(before, []), answers.get(after, []), texts)
