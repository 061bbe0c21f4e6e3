"""Who has seen results, mapping or named answers of a campaign: they cannot judge in it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from store.access import Actor
from store.audit import Entry, append
from store.database import Snapshot, Transaction

__all__ = ["has_peeked", "peek", "seen_by"]


def peek(transaction: Transaction, actor: Actor, role: str, target: str, payload: Mapping[str, Any]) -> None:
    """Write that someone sees what unblinds; `target` is campaign:NUMBER or pair:CAMPAIGN/ITEM."""
    append(transaction, Entry(actor.named, role, "peek", target, payload))


def has_peeked(snapshot: Snapshot, user: int, campaign: int, *, local: bool | None = None) -> bool:
    """Whether a user has seen results of a campaign or of one of its pairs.

    What commands on the machine saw, the user of the machine saw; `local` says whether that is this one, if known.
    """
    seen = seen_by(snapshot, campaign)
    if f"user:{user}" in seen:
        return True
    if not any(actor.startswith("command:") for actor in seen):
        return False
    if local is not None:
        return local
    return bool(snapshot.rows("""SELECT 1 FROM "user" WHERE id = $user AND issuer = 'local'""", {"user": user}))


def seen_by(snapshot: Snapshot, campaign: int, before: datetime | None = None) -> frozenset[str]:
    """Actors, as the audit log has them, who have seen results of a campaign, until a moment or so far."""
    rows = snapshot.rows(_SEEN, {"whole": f"campaign:{campaign}", "one": f"pair:{campaign}/"})
    return frozenset(row["actor"] for row in rows if before is None or row["first"] <= before)


_SEEN = """
SELECT actor, min(created) AS first FROM audit
WHERE action IN ('peek', 'export') AND (object = $whole OR starts_with(object, $one)) GROUP BY actor
"""
