"""What a token stands for: the only way by which a browser names a pair."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from evals.review import sentences
from evals.review.answers import whole_text
from evals.review.entry import Standing
from evals.review.sittings import enter_to_write
from evals.review.types import ReviewError
from store.access import Actor, require
from store.database import Snapshot, Transaction

__all__ = ["Held", "held", "lease_of", "own_lease", "verdict_of"]


class Held(NamedTuple):
    """A grader's own lease."""

    standing: Standing
    """Where the grader stands in its campaign."""

    lease: Mapping[str, Any]
    """The lease, with question and texts of its pair."""

    @property
    def object(self) -> str:
        """As the audit log has it."""
        return f"pair:{self.standing.campaign}/{self.lease['item']}"

    @property
    def practice(self) -> bool:
        """Whether it counts for nothing."""
        return self.lease["number"] is None

    @property
    def sitting_open(self) -> bool:
        """Whether the sitting in which it was put before the grader is still open."""
        sitting = self.standing.sitting
        return sitting is not None and sitting.id == self.lease["sitting"]


def held(transaction: Transaction, actor: Actor, token: str) -> Held:
    """The lease of a token. Raises AccessError, ReviewError alike for tokens that are someone else's and for none."""
    lease = own_lease(transaction, actor, token)
    standing = enter_to_write(transaction, actor, lease["campaign_id"])
    # Again where a sitting that has lasted too long was closed just now, and its leases with it.
    return Held(standing, lease_of(transaction, standing.grader, token) if standing.overdue else lease)


def own_lease(snapshot: Snapshot, actor: Actor, token: str) -> Mapping[str, Any]:
    """The lease of a token, before anything is known of its campaign. Raises AccessError, ReviewError."""
    try:
        return lease_of(snapshot, actor.user, token)
    except ReviewError:
        require(snapshot, actor, "verdict:write")
        raise


def lease_of(snapshot: Snapshot, grader: int | None, token: str) -> Mapping[str, Any]:
    """A grader's lease with its pair and draft. Raises ReviewError."""
    found = snapshot.rows(_LEASE, {"token": whole_text(token), "grader": grader})
    if not found:
        raise ReviewError(sentences.UNKNOWN)
    return found[0]


def verdict_of(snapshot: Snapshot, token: str) -> dict[str, Any] | None:
    """The verdict that stands for a lease, with its answer as `answers.checked` makes it."""
    found = snapshot.rows(_VERDICT, {"token": token})
    if not found:
        return None
    row = found[0]
    return {**row, "criteria": json.loads(row["criteria"]), "errors": json.loads(row["errors"])}


_LEASE = """
SELECT l.*, p.state, p.planned, p.question, p.first, p.second, d.fields FROM lease l
JOIN pair p ON p.campaign_id = l.campaign_id AND p.item = l.item
LEFT JOIN draft d ON d.token = l.token
WHERE l.token = $token AND l.grader = $grader
"""

_VERDICT = "SELECT * FROM verdict WHERE token = $token AND superseded IS NULL"
