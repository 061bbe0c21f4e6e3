"""Who judges in a campaign, and what a second grader changes."""

from typing import Any

from store.database import Snapshot, Transaction
from store.errors import StoreError

__all__ = ["campaign_named", "extend_overlap", "graders_of"]


def campaign_named(snapshot: Snapshot, named: str) -> dict[str, Any]:
    """The campaign of a name or number: id, name, expires, closed. Raises StoreError where there is none."""
    found = snapshot.rows(
        "SELECT id, name, expires, closed FROM campaign WHERE name = $named OR CAST(id AS VARCHAR) = $named "
        "ORDER BY name = $named DESC LIMIT 1",
        {"named": named},
    )
    if not found:
        raise StoreError(f"there is no campaign {named}; assay review status lists them")
    return found[0]


def graders_of(snapshot: Snapshot, campaign: int) -> list[int]:
    """People who may judge in a campaign now: experts of all campaigns and of this one."""
    return [row["user_id"] for row in snapshot.rows(_GRADERS, {"campaign": campaign})]


def extend_overlap(transaction: Transaction, campaign: int | None) -> None:
    """Plan the second verdict of pairs drawn for one, where there are two graders by now; None for all campaigns.

    Pairs put before someone already keep their one verdict: who gets a second one must not hang on the first.
    """
    for row in transaction.rows(_OPEN, {"campaign": campaign}):
        if len(graders_of(transaction, row["id"])) >= 2:
            transaction.execute(_EXTEND, {"campaign": row["id"]})


_GRADERS = """
SELECT DISTINCT r.user_id FROM role r JOIN "user" u ON u.id = r.user_id
WHERE r.role = 'expert' AND r.revoked IS NULL AND u.removed IS NULL
  AND (r.campaign_id IS NULL OR r.campaign_id = $campaign)
ORDER BY r.user_id
"""

_OPEN = "SELECT id FROM campaign WHERE closed IS NULL AND ($campaign IS NULL OR id = $campaign)"

_EXTEND = """
UPDATE pair SET planned = 2
WHERE campaign_id = $campaign AND state = 'asked' AND overlap AND planned < 2
  AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.campaign_id = pair.campaign_id AND l.item = pair.item)
"""
