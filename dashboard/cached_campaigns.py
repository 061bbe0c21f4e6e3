"""The cache for campaigns; see `cached`. What someone may see is looked up on every call, and is no part of it."""

from typing import Any, NamedTuple

import streamlit as st

from dashboard.cached import KEEP, LIVE, SELDOM
from dashboard.queries import campaigns as queries
from evals.gate.live import ENVIRONMENT, live_in
from evals.review.progress import Status, status
from evals.review.results import Results, results
from store.access import Actor, may
from store.database import Store

__all__ = ["asked", "campaigns", "ended", "found", "live", "may_do", "places", "stamp", "to_judge"]

Row = dict[str, Any]

ACTIONS = ("campaign:status", "campaign:results", "campaign:open", "campaign:close", "run:read")


class Stamp(NamedTuple):
    """What changes when there is something new to weigh."""

    verdicts: int
    """Verdicts given."""

    final: int
    """Pairs whose verdicts are final."""

    skipped: int
    """Pairs skipped."""

    closed: bool
    """Whether it is closed."""


def stamp(one: Status) -> Stamp:
    """The stamp of a campaign now."""
    return Stamp(one.verdicts, one.final, one.skipped, one.closed is not None)


@st.cache_data(ttl=LIVE, max_entries=16, show_spinner=False)
def campaigns(path: str, who: Actor) -> list[Status]:
    """All campaigns, the newest first; see `evals.review.progress.status`. Raises AccessError, StoreError."""
    return status(Store.at(path), who)


@st.cache_data(ttl=KEEP, max_entries=16, show_spinner=False)
def found(path: str, who: Actor, campaign: int, stamp: Stamp) -> Results:  # noqa: ARG001 - the stamp is a key
    """A campaign's results; logs the look. See `evals.review.results.results`."""
    return results(Store.at(path), who, campaign)


def may_do(path: str, who: Actor, campaign: int | None = None) -> frozenset[str]:
    """What someone may do with a campaign now, of `ACTIONS`."""
    store = Store.at(path)
    return store.snapshot(lambda snapshot: frozenset(each for each in ACTIONS if may(snapshot, who, each, campaign)))


@st.cache_data(ttl=LIVE, max_entries=4, show_spinner=False)
def asked(path: str) -> list[Row]:
    """Requests to open a campaign; see `queries.campaigns.asked`."""
    return queries.asked(Store.at(path)).to_pylist()


@st.cache_data(ttl=SELDOM, max_entries=4, show_spinner=False)
def places(path: str) -> list[Row]:
    """Checkpoints that can be judged; see `queries.campaigns.places`."""
    return queries.places(Store.at(path)).to_pylist()


@st.cache_data(ttl=LIVE, max_entries=4, show_spinner=False)
def live(path: str) -> Row | None:
    """What is live in prod: version, candidate; see `evals.gate.live.live_in`."""
    now = Store.at(path).snapshot(lambda snapshot: live_in(snapshot, ENVIRONMENT))
    return {"version": now.version, "candidate": now.candidate} if now else None


@st.cache_data(ttl=SELDOM, max_entries=16, show_spinner=False)
def ended(path: str, viewer: str) -> list[Row]:
    """Campaigns that ended and wait for a look; see `queries.campaigns.ended`."""
    return queries.ended(Store.at(path), viewer).to_pylist()


@st.cache_data(ttl=SELDOM, max_entries=16, show_spinner=False)
def to_judge(path: str, user: int) -> int:
    """Pairs that wait for someone's verdict; see `queries.campaigns.to_judge`."""
    return queries.to_judge(Store.at(path), user)
