"""The cache for what is told of forgetting; see `cached`. An evaluation that comes or goes makes it be read anew."""

from typing import Any

import streamlit as st

from dashboard import retention
from dashboard.cached import KEEP
from dashboard.cached_scores import Stamp
from dashboard.queries import forgetting as queries
from dashboard.retention import Kept
from dashboard.suites import Suite
from evals.forgetting.paired import Comparison
from store.database import Store

__all__ = ["changed", "compared", "kept"]

Row = dict[str, Any]


def kept(path: str, run_id: int, suite: Suite, stamp: Stamp) -> list[Kept]:
    """What the checkpoints of a run kept; see `retention.kept`."""
    return _kept(path, run_id, suite.sha256, stamp, suite)


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def _kept(path: str, run_id: int, sha256: str, stamp: Stamp, _suite: Suite) -> list[Kept]:  # noqa: ARG001 - run and stamp are keys
    store = Store.at(path)
    ids = [row["id"] for row in (_suite.base, *_suite.rows) if row is not None]
    answers = retention.item_rows(queries.answers(store, ids).to_pylist())
    return retention.kept(_suite, answers, retention.item_texts(queries.asked(store, sha256).to_pylist()))


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
