"""Where a grader stands in a campaign: read once at the beginning of every call, after the role is checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from evals.review import sentences
from evals.review.peeks import has_peeked
from evals.review.policy import ReviewPolicy, policy_from
from evals.review.roster import Person
from evals.review.types import ReviewError
from store.access import Actor, require
from store.audit import Entry, append
from store.clock import utc_now
from store.database import Snapshot, Transaction

__all__ = ["OpenSitting", "Standing", "enter", "open_sittings", "tell"]


class OpenSitting(NamedTuple):
    """A sitting that is not closed."""

    id: int
    """Its number."""

    grader: int
    """Whose it is."""

    planned: int
    """Pairs meant to be judged in it."""

    opened: datetime
    """When it began."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A grader in a campaign, at one moment."""

    actor: Actor
    """Who asks."""

    role: str
    """The role by which the call is allowed."""

    campaign: int
    """The campaign."""

    person: Person
    """The grader."""

    policy: ReviewPolicy
    """The campaign's rules."""

    over: bool
    """Whether the campaign has been closed or has expired."""

    peeked: bool
    """Whether the grader has seen results."""

    demo: bool
    """Whether this is a demo store."""

    sitting: OpenSitting | None
    """The grader's sitting; one that has lasted too long is none."""

    overdue: tuple[OpenSitting, ...]
    """Sittings of the campaign, anyone's, that have lasted too long and are not closed yet."""

    now: datetime
    """The moment of the call."""

    @property
    def grader(self) -> int:
        """The grader's number."""
        return self.person.user

    def require_open(self) -> None:
        """Raises ReviewError where the campaign is over, or the grader has seen its results outside of a demo."""
        if self.over:
            raise ReviewError(sentences.CLOSED)
        if self.peeked and not self.demo:
            raise ReviewError(sentences.PEEKED)


def enter(snapshot: Snapshot, actor: Actor, campaign: int) -> Standing:
    """Where someone stands who may judge in a campaign. Raises AccessError, ReviewError for no such campaign."""
    role = require(snapshot, actor, "verdict:write", campaign)
    found = snapshot.rows(_CAMPAIGN, {"campaign": campaign})
    people = [] if actor.user is None else snapshot.rows(_PERSON, {"user": actor.user})
    if not people:
        raise ReviewError(sentences.NOBODY)
    if not found:
        raise ReviewError(sentences.NO_CAMPAIGN)
    return _standing(snapshot, actor, role, campaign, found[0], people[0])


def open_sittings(snapshot: Snapshot, campaign: int) -> list[OpenSitting]:
    """Sittings of a campaign that are not closed."""
    return [OpenSitting(**found) for found in snapshot.rows(_SITTINGS, {"campaign": campaign})]


def tell(transaction: Transaction, standing: Standing, action: str, target: str, payload: Mapping[str, Any]) -> None:
    """Append what the grader did to the audit log."""
    append(transaction, Entry(standing.actor.named, standing.role, action, target, payload), now=standing.now)


def _standing(
    snapshot: Snapshot, actor: Actor, role: str, campaign: int, row: Mapping[str, Any], person: Mapping[str, Any]
) -> Standing:
    now, policy = utc_now(), _policy(row["policy"])
    since = now - timedelta(hours=policy.sitting_hours)
    sittings = open_sittings(snapshot, campaign)
    own = [sitting for sitting in sittings if sitting.grader == person["id"] and sitting.opened > since]
    return Standing(
        actor=actor,
        role=role,
        campaign=campaign,
        person=Person(person["id"], tuple(person["specialties"] or ())),
        policy=policy,
        over=row["closed"] is not None or row["expires"] <= now,
        peeked=has_peeked(snapshot, person["id"], campaign, local=person["issuer"] == "local"),
        demo=person["demo"],
        sitting=own[0] if own else None,
        overdue=tuple(sitting for sitting in sittings if sitting.opened <= since),
        now=now,
    )


@lru_cache(maxsize=16)
def _policy(text: str) -> ReviewPolicy:
    return policy_from(text)


_CAMPAIGN = """
SELECT c.closed, c.expires, p.text AS policy FROM campaign c JOIN policy p ON p.sha256 = c.policy_sha256
WHERE c.id = $campaign
"""

_PERSON = """
SELECT id, issuer, specialties, (SELECT demo FROM meta) AS demo FROM "user" WHERE id = $user AND removed IS NULL
"""

_SITTINGS = """
SELECT id, grader, planned, opened FROM sitting WHERE campaign_id = $campaign AND closed IS NULL ORDER BY id
"""
