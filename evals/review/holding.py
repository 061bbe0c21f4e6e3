"""The checkpoints a campaign holds: they stay until somebody says that they will not be released."""

from evals.review.errors import CampaignError
from evals.review.gathered import find_campaign
from store.access import Actor, require
from store.audit import Entry, append
from store.database import Store, Transaction
from store.pins import let_go

__all__ = ["let_checkpoints_go"]


def let_checkpoints_go(store: Store, actor: Actor, campaign: int) -> list[str]:
    """Let the checkpoints of a closed campaign be removed; their folders, relative to the store's root.

    Raises AccessError, and CampaignError while it is open.
    """

    def work(transaction: Transaction) -> list[str]:
        role = require(transaction, actor, "campaign:close", campaign)
        row, _ = find_campaign(transaction, campaign)
        if row["closed"] is None:
            raise CampaignError(f"campaign {campaign} is open and needs its checkpoints; close it with --reason")
        free = let_go(transaction, holder=row["name"], holder_kind="campaign")
        if free:
            append(transaction, Entry(actor.named, role, "let-go", f"campaign:{campaign}", {"checkpoints": free}))
        return free

    return store.transaction(work)
