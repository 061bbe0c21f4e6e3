"""The cache for the page Release check; see `cached`. What someone may do is looked up on every call."""

import json
from datetime import timedelta
from typing import Any, NamedTuple

import streamlit as st

from dashboard.cached import KEEP, LIVE, SELDOM
from dashboard.queries import release_check as queries
from dashboard.queries.release_check import Stamp
from dashboard.release_states import State, signatures, state_of
from evals.gate.approvals import conflict
from evals.gate.evidence import BESIDE
from evals.gate.looking import Look
from evals.gate.looking import look as look_now
from evals.gate.on_disk import folder_state
from evals.gate.proposals import Proposal, newest_proposal, proposal_of
from store.access import Actor, may
from store.clock import utc_now
from store.database import Snapshot, Store
from store.places import Place, find_checkpoint

__all__ = [
    "Candidate", "against", "asked", "candidates", "forget", "live_digests", "look", "may_do", "place", "released",
    "stamp", "unseen", "waiting",
]  # fmt: skip

ACTIONS = ("release:propose", "release:approve", "release:make", "campaign:open")

RECENT = timedelta(days=30)
"""How long a candidate waits on Home."""

Row = dict[str, Any]


class Candidate(NamedTuple):
    """A checkpoint on its way to a release."""

    row: Row
    """As `queries.release_check.candidates` has it."""

    state: State
    """How far it has come."""


class Seen(NamedTuple):
    """What a look hangs on."""

    store: Stamp
    """What the store says."""

    folders: tuple[str, ...]
    """How the checkpoint's folder is, and the one built from it."""


@st.cache_data(ttl=SELDOM, max_entries=8, show_spinner=False)
def candidates(path: str, environment: str) -> list[Candidate]:
    """All candidates, the newest first."""
    store = Store.at(path)
    signed = queries.signed(store, environment).to_pylist()
    rows = queries.candidates(store, environment).to_pylist()
    return [Candidate(row, state_of(row, signatures(signed, row["sha256"], row["proposal"]))) for row in rows]


@st.cache_data(ttl=LIVE, max_entries=64, show_spinner=False)
def place(path: str, named: str) -> Place:
    """The checkpoint that RUN/BRANCH@STEP names. Raises StoreError."""
    store = Store.at(path)
    return store.snapshot(lambda snapshot: find_checkpoint(snapshot, store.root, named))


@st.cache_data(ttl=LIVE, max_entries=64, show_spinner=False)
def stamp(path: str, place: Place) -> Seen:
    """What changes when there is something new to weigh, in the store and on disk. Raises StoreError."""
    store = Store.at(path)
    known = queries.stamp(store, place)
    made = store.snapshot(lambda snapshot: newest_proposal(snapshot, place.sha256))
    folders = [folder_state(store.root, place.path, place.sha256)]
    if made is not None:
        folders.append(folder_state(store.root, made.path, made.sha256, beside=BESIDE))
    return Seen(known, tuple(f"{one['state']} {one['what']}" for one in folders))


@st.cache_data(ttl=KEEP, max_entries=32, show_spinner=False)
def look(path: str, who: Actor, place: Place, environment: str, stamp: Seen) -> Look:  # noqa: ARG001 - the stamp is a key
    """A look at a candidate; logged where a campaign is part of it. See `evals.gate.looking.look`."""
    return look_now(Store.at(path), who, place.reference, environment=environment)


@st.cache_data(ttl=SELDOM, max_entries=64, show_spinner=False)
def released(path: str, environment: str, sha256: str) -> list[Row]:
    """Releases of a checkpoint; see `queries.release_check.released`."""
    return queries.released(Store.at(path), environment, sha256).to_pylist()


@st.cache_data(ttl=KEEP, max_entries=16, show_spinner=False)
def live_digests(path: str, environment: str, version: int) -> Row | None:
    """What a release is made of, which never changes: candidate, sha256, merged, digests."""
    found = queries.digests(Store.at(path), environment, version)
    return None if found is None else {**found, "digests": json.loads(found["digests"])}


@st.cache_data(ttl=LIVE, max_entries=64, show_spinner=False)
def asked(path: str, run_id: int) -> list[Row]:
    """Requests to build a folder; see `queries.release_check.asked`."""
    return queries.asked(Store.at(path), run_id).to_pylist()


def unseen(path: str, who: Actor, sha256: str) -> tuple[int, ...]:
    """Open campaigns of a checkpoint of which someone has not seen what they found so far: a look would tell it, and
    then the person could no longer judge in them.
    """

    def is_new(seen: frozenset[str]) -> bool:
        # What commands on the machine saw, whoever sits at it saw.
        at_machine = who.way == "local" and any(one.startswith("command:") for one in seen)
        return who.named not in seen and not at_machine

    found = queries.judging(Store.at(path), sha256)
    return tuple(number for number, seen in found.items() if is_new(seen))


def may_do(path: str, who: Actor) -> frozenset[str]:
    """What someone may do about releases now, of `ACTIONS`."""
    return Store.at(path).snapshot(lambda snapshot: frozenset(each for each in ACTIONS if may(snapshot, who, each)))


def against(path: str, who: Actor, proposal: Proposal) -> str | None:
    """Why someone may not sign for a candidate; see `evals.gate.approvals.conflict`."""

    def find(snapshot: Snapshot) -> str | None:
        return None if who.user is None else conflict(snapshot, who.user, proposal)

    return Store.at(path).snapshot(find)


@st.cache_data(ttl=SELDOM, max_entries=16, show_spinner=False)
def waiting(path: str, who: Actor, environment: str) -> list[Candidate]:
    """Candidates that wait for a lead, the newest first: for a signature of this one's, or to be released. Those that
    something newer was released instead of wait for nobody.
    """
    found = candidates(path, environment)
    live = next((one.row["released"] for one in found if one.row["is_live"]), None)
    since = max(filter(None, (live, utc_now() - RECENT)))
    return [one for one in found if one.row["time"] > since and _waits_for(path, who, one)]


def _waits_for(path: str, who: Actor, one: Candidate) -> bool:
    row, state = one.row, one.state
    if row["state"] == "deleted" or row["proposal"] is None:
        return False
    if state.word == "signed":
        return True
    is_judged = state.word == "built" and row["campaign"] is not None and not row["judging"]
    if who.user in state.signers or not (is_judged or state.word == "signing"):
        return False
    return against(path, who, Store.at(path).snapshot(lambda snapshot: proposal_of(snapshot, row["proposal"]))) is None


def forget() -> None:
    """Read everything anew: something was signed, asked or released here."""
    for kept in (candidates, stamp, look, released, asked, waiting):
        kept.clear()
