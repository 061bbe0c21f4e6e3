"""The cache for releases; see `cached`. What someone may do is looked up on every call."""

from typing import Any, NamedTuple

import streamlit as st

from dashboard.cached import KEEP, LIVE
from dashboard.queries import releases as queries
from evals.gate.live import ENVIRONMENT
from evals.release.check_papers import bundle_in
from evals.release.confirming import Running
from evals.release.confirming import running as running_now
from evals.release.countersigning import Second, may_confirm, second_of
from evals.release.errors import BrokenError
from evals.release.moments import Signature, row_fault, signers_of
from evals.release.restoring import can_restore
from evals.release.rows import Release, releases_of
from store.access import Actor, may
from store.database import Snapshot, Store

__all__ = [
    "Known", "Stamp", "environments", "forget", "history", "may_countersign", "may_read", "may_restore", "restorable",
    "running", "second", "stamp",
]  # fmt: skip

DISK = "30s"
"""How long a look at folders is kept."""


class Stamp(NamedTuple):
    """What changes when there is something new."""

    release: int | None
    """Number of the newest release; None where there is none."""

    confirmations: int
    """What servers said, how many times."""

    countersigned: int
    """What second leads confirmed, how many times."""


class Known(NamedTuple):
    """A release, and what its bundle says of it."""

    release: Release
    """The row."""

    place: dict[str, Any]
    """Its checkpoint: run_id (None where its run was removed), run, branch, step, checkpoint_sha256."""

    signed: tuple[Signature, ...] | None
    """Who signed it; None where the signatures in its bundle do not hold."""

    demo: bool
    """Whether it was released in a demo store."""

    fault: str = ""
    """Why its row is not what was signed and told; empty where it is."""


@st.cache_data(ttl=LIVE, max_entries=4, show_spinner=False)
def stamp(path: str) -> Stamp:
    """The stamp of all releases now."""
    return Stamp(**queries.newest(Store.at(path)))


@st.cache_data(ttl=KEEP, max_entries=4, show_spinner=False)
def environments(path: str, stamp: Stamp) -> list[str]:  # noqa: ARG001 - the stamp is a key
    """Where something was released; prod first, though nothing was."""
    found = queries.environments(Store.at(path))
    return [ENVIRONMENT, *(name for name in found if name != ENVIRONMENT)]


@st.cache_data(ttl=KEEP, max_entries=16, show_spinner=False)
def history(path: str, environment: str, stamp: Stamp) -> list[Known]:  # noqa: ARG001 - the stamp is a key
    """Everything that was live in an environment, the newest first."""
    store = Store.at(path)
    judged = store.snapshot(lambda snapshot: _judged(snapshot, environment))
    rows = [row for row, _, _ in judged]
    places = {row["id"]: row for row in queries.runs(store, [row.proposal_id for row in rows])}
    return [_known(row, places[row.proposal_id], signed, fault) for row, signed, fault in reversed(judged)]


def _judged(snapshot: Snapshot, environment: str) -> list[tuple[Release, tuple[Signature, ...] | None, str]]:
    """The rows, each with who signed it and what is wrong with it."""
    rows = releases_of(snapshot, environment)
    return [(row, signers_of(snapshot, row), row_fault(snapshot, row)) for row in rows]


def _known(row: Release, place: dict[str, Any], signed: tuple[Signature, ...] | None, fault: str) -> Known:
    try:
        bundle = bundle_in(row.bundle)
        demo = bool(bundle["store"]["demo"])
    except (BrokenError, KeyError, TypeError):
        return Known(row, place, None, demo=False, fault=fault)
    return Known(row, place, signed, demo, fault)


@st.cache_data(ttl=KEEP, max_entries=16, show_spinner=False)
def running(path: str, environment: str, stamp: Stamp) -> list[Running]:  # noqa: ARG001 - the stamp is a key
    """The last that each server said; see `evals.release.confirming.running`."""
    return Store.at(path).snapshot(lambda snapshot: running_now(snapshot, environment))


@st.cache_data(ttl=DISK, max_entries=64, show_spinner=False)
def restorable(path: str, number: int, stamp: Stamp, _release: Release) -> tuple[bool, str]:  # noqa: ARG001 - number and stamp are keys
    """Whether a release could be put back today, and why not; see `evals.release.restoring.can_restore`."""
    return can_restore(Store.at(path), _release)


@st.cache_data(ttl=KEEP, max_entries=16, show_spinner=False)
def second(path: str, number: int, stamp: Stamp, _release: Release) -> Second | None:  # noqa: ARG001 - number and stamp are keys
    """The second lead of a restore; see `evals.release.countersigning.second_of`."""
    return Store.at(path).snapshot(lambda snapshot: second_of(snapshot, _release))


def may_countersign(path: str, who: Actor, release: Release) -> bool:
    """Whether someone may confirm a restore now: a lead who did not put it back, nor has confirmed it."""

    def find(snapshot: Snapshot) -> bool:
        if who.user is None or not may(snapshot, who, "release:approve"):
            return False
        return may_confirm(snapshot, release, who.user)

    return Store.at(path).snapshot(find)


def may_restore(path: str, who: Actor) -> bool:
    """Whether someone may put a release back now."""
    return Store.at(path).snapshot(lambda snapshot: may(snapshot, who, "release:restore"))


def may_read(path: str, who: Actor) -> bool:
    """Whether someone may see releases now."""
    return Store.at(path).snapshot(lambda snapshot: may(snapshot, who, "release:read"))


def forget() -> None:
    """Read everything anew: something was put back here."""
    for kept in (stamp, restorable):
        kept.clear()
