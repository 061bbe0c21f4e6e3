"""Who may judge in a campaign."""

from datetime import datetime
from typing import NamedTuple

from evals.review.peeks import seen_by
from store.database import Snapshot

__all__ = ["Person", "roster"]


class Person(NamedTuple):
    """Someone who may judge."""

    user: int
    """The person's number."""

    specialties: tuple[str, ...]
    """Fields; empty for all."""

    def fits(self, specialty: str) -> bool:
        """Whether the person judges pairs of a field; the empty one is everyone's."""
        return not specialty or not self.specialties or specialty in self.specialties


def roster(snapshot: Snapshot, campaign: int, at: datetime) -> list[Person]:
    """Experts of a campaign as they were at a moment, but for those who saw its results before it outside of a demo.

    The user of the machine has no roles and counts as soon as there is a sitting of theirs.
    """
    rows = snapshot.rows(_ROSTER, {"campaign": campaign, "at": at})
    seen = seen_by(snapshot, campaign, before=at) if rows and not rows[0]["demo"] else frozenset[str]()
    commands = any(actor.startswith("command:") for actor in seen)
    return [
        Person(row["id"], tuple(row["specialties"] or ()))
        for row in rows
        if f"user:{row['id']}" not in seen and not (commands and row["issuer"] == "local")
    ]


_ROSTER = """
SELECT u.id, u.specialties, u.issuer, (SELECT demo FROM meta) AS demo FROM "user" u
WHERE (u.removed IS NULL OR u.removed > $at)
  AND (u.id IN (SELECT user_id FROM role WHERE role = 'expert' AND granted <= $at
                AND (revoked IS NULL OR revoked > $at) AND (campaign_id IS NULL OR campaign_id = $campaign))
       OR (u.issuer = 'local'
           AND u.id IN (SELECT grader FROM sitting WHERE campaign_id = $campaign AND opened <= $at)))
ORDER BY u.id
"""
