"""The end of a campaign: its sittings close, their verdicts are final, and nobody gets a pair any more."""

from datetime import datetime

from evals.review.board import PACKED
from evals.review.entry import open_sittings
from evals.review.sittings import end_sittings
from evals.review.types import ReviewError
from store.access import Actor, require
from store.audit import Entry, append
from store.clock import utc_now
from store.database import Store, Transaction
from store.heads import sign_if_possible

__all__ = ["close_campaign", "end_campaign"]


def close_campaign(store: Store, actor: Actor, campaign: int, reason: str) -> None:
    """Close a campaign for good; again changes nothing. Raises AccessError, ReviewError for no such campaign."""

    def work(transaction: Transaction) -> None:
        role = require(transaction, actor, "campaign:close", campaign)
        end_campaign(transaction, campaign, Entry(actor.named, role, "campaign-close", "", {"reason": reason}))

    store.transaction(work)


def end_campaign(transaction: Transaction, campaign: int, entry: Entry, now: datetime | None = None) -> None:
    """Close a campaign inside a transaction, as the entry says: who (`rules` for its own rules), and why (`reason`).

    Raises ReviewError for no such campaign.
    """
    found = transaction.rows("SELECT closed FROM campaign WHERE id = $campaign", {"campaign": campaign})
    if not found:
        raise ReviewError(f"there is no campaign {campaign}; assay review status lists them")
    if found[0]["closed"] is not None:
        return
    moment = now or utc_now()
    end_sittings(transaction, campaign, open_sittings(transaction, campaign), moment)
    transaction.execute(_TAKE_BACK, {"now": moment, "campaign": campaign, "packed": PACKED})
    by = "" if entry.actor == "rules" else entry.actor
    values = {"now": moment, "by": by, "reason": entry.payload["reason"], "campaign": campaign}
    transaction.execute(_CLOSE, values)
    append(transaction, entry._replace(object=f"campaign:{campaign}"), now=moment)
    sign_if_possible(transaction, moment)


_CLOSE = "UPDATE campaign SET closed = $now, closed_by = $by, reason = $reason WHERE id = $campaign"

# No file that is still out can be brought back.
_TAKE_BACK = """
UPDATE lease SET ended = $now, outcome = 'released'
WHERE campaign_id = $campaign AND sitting = $packed AND outcome IS NULL
"""
