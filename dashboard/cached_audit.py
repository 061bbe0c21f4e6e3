"""The cache for the audit log: read again only when a row has come; checked again only now and then. See `cached`."""

from datetime import datetime
from typing import Any, NamedTuple

import streamlit as st

from dashboard.cached import KEEP, LIVE
from dashboard.queries import audit as queries
from dashboard.queries.audit import Wanted
from store.clock import utc_now
from store.database import Store
from store.heads import AuditReport, verify_store

__all__ = ["Checked", "Stamp", "actions", "checked", "count", "page", "people", "stamp", "subjects"]

Row = dict[str, Any]

SELDOM = "15m"
"""How long the chain is taken to be as it was found: to hash 100,000 rows takes seconds."""


class Stamp(NamedTuple):
    """What changes when there is something new."""

    rows: int
    """Number of the newest row."""

    heads: int
    """Ends that were signed."""


class Checked(NamedTuple):
    """What was found about the chain, and when."""

    report: AuditReport
    """What `assay db audit verify` says."""

    signed: datetime | None
    """When its last signed row was signed."""

    at: datetime
    """When it was checked."""


@st.cache_data(ttl=LIVE, max_entries=4, show_spinner=False)
def stamp(path: str) -> Stamp:
    """The stamp of the log now."""
    return Stamp(**queries.newest(Store.at(path)))


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def page(path: str, wanted: Wanted, start: int, stamp: Stamp) -> list[Row]:  # noqa: ARG001 - the stamp is a key
    """Rows of a page; see `queries.audit.page`."""
    return queries.page(Store.at(path), wanted, start)


@st.cache_data(ttl=KEEP, max_entries=64, show_spinner=False)
def count(path: str, wanted: Wanted, stamp: Stamp) -> int:  # noqa: ARG001 - the stamp is a key
    """How many rows there are; see `queries.audit.count`."""
    return queries.count(Store.at(path), wanted)


@st.cache_data(ttl=KEEP, max_entries=4, show_spinner=False)
def people(path: str, stamp: Stamp) -> list[Row]:  # noqa: ARG001 - the stamp is a key
    """Everyone who did something; see `queries.audit.people`."""
    return queries.people(Store.at(path))


@st.cache_data(ttl=KEEP, max_entries=4, show_spinner=False)
def actions(path: str, stamp: Stamp) -> list[str]:  # noqa: ARG001 - the stamp is a key
    """What was ever done; see `queries.audit.actions`."""
    return queries.actions(Store.at(path))


@st.cache_data(ttl=KEEP, max_entries=4, show_spinner=False)
def subjects(path: str, stamp: Stamp) -> dict[str, Row]:  # noqa: ARG001 - the stamp is a key
    """What is known of each object that has a name; see `queries.audit.subjects`."""
    return {row["object"]: row for row in queries.subjects(Store.at(path)) if row["name"]}


@st.cache_data(ttl=SELDOM, max_entries=4, show_spinner=False)
def checked(path: str) -> Checked:
    """Whether the chain holds; see `store.heads.verify_store`. `checked.clear()` has it looked at again."""
    store = Store.at(path)
    report = verify_store(store)
    return Checked(report, queries.signed(store, report.last_signed), utc_now())
