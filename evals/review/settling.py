"""The end of a campaign by its rules: once enough is known, no pair is left, or its time is over."""

from evals.review.closing import end_campaign
from evals.review.course_of import course_of
from evals.review.gathered import Gathered, find_campaign, gather
from store.audit import Entry
from store.clock import utc_now
from store.database import Snapshot, Store, Transaction

__all__ = ["BY_RULES", "EXPIRED", "settle"]

BY_RULES = "by its rules: enough is known, or no pair is left"
"""Reason of a campaign that its rules closed. It is in the status, so it does not say what is known."""

EXPIRED = "by its rules: its time is over"

_going: dict[tuple[str, int], int] = {}
"""What campaigns that were not over looked like: to follow one costs more than to read it, and pages ask often."""


def settle(store: Store, campaign: int) -> bool:
    """Close a campaign whose course has ended, whose pairs are all judged or whose time is over; whether it was closed.

    To be called after a sitting closes; status and results call it as well, for verdicts that became final by their
    age. Raises CampaignError where there is no such campaign.
    """
    found = store.snapshot(lambda snapshot: _while_open(snapshot, campaign))
    if found is None:
        return False
    key, now = (str(store.path), campaign), _fingerprint(found)
    if _going.get(key) == now:
        return False
    reason = _reason(found)
    if reason is None:
        _going[key] = now
        return False
    payload = {"reason": reason, "pairs": len(course_of(found).counted)}

    def end(transaction: Transaction) -> bool:
        # Final verdicts do not change, so what has ended stays so; only another's closing may have come between.
        row, _ = find_campaign(transaction, campaign)
        if row["closed"] is None:
            end_campaign(transaction, campaign, Entry("rules", "", "campaign-close", "", payload))
        return row["closed"] is None

    return store.transaction(end)


def _while_open(snapshot: Snapshot, campaign: int) -> Gathered | None:
    """All of a campaign; None once it is closed, when there is nothing to settle."""
    row, _ = find_campaign(snapshot, campaign)
    return gather(snapshot, campaign) if row["closed"] is None else None


def _fingerprint(found: Gathered) -> int:
    """Something that changes when it may be over."""
    verdicts = tuple(verdict.id for verdict in found.verdicts)
    return hash((found.order, verdicts, found.campaign["opened"], found.campaign["expires"] <= utc_now()))


def _reason(found: Gathered) -> str | None:
    """Why it is over; None where it is not."""
    if not found.order:
        return None
    if found.is_complete or course_of(found).course.ended is not None:
        return BY_RULES
    return EXPIRED if found.campaign["expires"] <= utc_now() else None
