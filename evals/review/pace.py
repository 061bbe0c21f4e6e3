"""How long a grader takes, from their own work alone."""

from typing import NamedTuple

from evals.review.entry import enter
from store.access import Actor
from store.database import Snapshot, Store

__all__ = ["Pace", "own_pace"]


class Pace(NamedTuple):
    """Seconds that a grader needs."""

    pair: float | None
    """Median of a pair of the campaign; None before the first verdict."""

    sitting: float | None
    """Since the open sitting began; None where there is none."""


def own_pace(store: Store, actor: Actor, campaign: int) -> Pace:
    """One's own pace in a campaign. Raises AccessError, ReviewError."""

    def work(snapshot: Snapshot) -> Pace:
        standing = enter(snapshot, actor, campaign)
        row = snapshot.rows(_MEDIAN, {"campaign": campaign, "grader": standing.grader})[0]
        opened = standing.sitting
        lasted = None if opened is None else (standing.now - opened.opened).total_seconds()
        return Pace(row["seconds"], lasted)

    return store.snapshot(work)


_MEDIAN = """
SELECT median(seconds) AS seconds FROM verdict
WHERE campaign_id = $campaign AND grader = $grader AND superseded IS NULL
"""
