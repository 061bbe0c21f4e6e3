"""Time that graders worked, by campaign and month: what experts are paid by."""

from dataclasses import asdict, dataclass
from typing import Any

from store.access import Actor, require
from store.database import Snapshot, Store

__all__ = ["Worked", "hours"]


@dataclass(frozen=True, slots=True)
class Worked:
    """A grader's time in one campaign in one month."""

    campaign: int
    """Number of the campaign."""

    name: str
    """Its name."""

    user: int
    """Number of the grader."""

    grader: str
    """What the grader is called."""

    month: str
    """Month of the verdicts, in UTC: 2026-11."""

    verdicts: int
    """Verdicts given; a changed one counts once, practice is none."""

    seconds: float
    """From each pair being put before the grader until its first verdict, no longer than it was kept for them."""

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON, with hours beside the seconds."""
        return {**asdict(self), "hours": self.seconds / 3600}


def hours(store: Store, actor: Actor, campaign: int | None = None) -> list[Worked]:
    """Time worked in a campaign, or in all of them; what a program made up is left out. Raises AccessError."""

    def read(snapshot: Snapshot) -> list[Worked]:
        require(snapshot, actor, "user:list", campaign)
        return [Worked(**row) for row in snapshot.rows(_WORKED, {"campaign": campaign})]

    return store.snapshot(read)


# Verdicts of one lease are one and its changes: they all count from the pair being shown.
_WORKED = """
WITH first AS (
    SELECT campaign_id, grader, token, min(created) AS created, arg_min(seconds, id) AS seconds
    FROM verdict GROUP BY campaign_id, grader, token
)
SELECT f.campaign_id AS campaign, c.name, f.grader AS "user", coalesce(u.name, '') AS grader,
       strftime(f.created, '%Y-%m') AS month, count(*) AS verdicts,
       sum(least(f.seconds, epoch(l.expires - l.issued))) AS seconds
FROM first f JOIN lease l ON l.token = f.token JOIN campaign c ON c.id = f.campaign_id
LEFT JOIN "user" u ON u.id = f.grader
WHERE NOT c.simulated AND ($campaign IS NULL OR c.id = $campaign)
GROUP BY ALL ORDER BY month, campaign, "user"
"""
