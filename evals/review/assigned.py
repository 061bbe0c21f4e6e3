"""The campaigns someone may judge in."""

from evals.review.types import Assignment
from store.access import Actor, may, require
from store.clock import utc_now
from store.database import Snapshot, Store

__all__ = ["assignments"]


def assignments(store: Store, actor: Actor) -> list[Assignment]:
    """Campaigns someone may judge in, the open ones first and then the latest. Raises AccessError."""

    def work(snapshot: Snapshot) -> list[Assignment]:
        require(snapshot, actor, "verdict:write")
        rows = snapshot.rows(_CAMPAIGNS, {"now": utc_now()})
        return [Assignment(**row) for row in rows if may(snapshot, actor, "verdict:write", row["campaign"])]

    return store.snapshot(work)


_CAMPAIGNS = """
SELECT id AS campaign, title, instructions, language, closed IS NOT NULL OR expires <= $now AS closed
FROM campaign ORDER BY closed, opened DESC, id DESC
"""
