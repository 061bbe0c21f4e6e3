"""What the commands of blind review share: who asks, and which campaign is meant."""

from datetime import datetime

from store.access import Actor
from store.database import Store
from store.roster import campaign_named
from store.users import account

__all__ = ["command_actor", "number_of", "when"]


def command_actor() -> Actor:
    """Whoever runs the command, as the audit log has them."""
    return Actor("command", None, account())


def number_of(store: Store, named: str) -> int:
    """Number of the campaign of a name or number. Raises StoreError where there is none."""
    return store.snapshot(lambda snapshot: campaign_named(snapshot, named))["id"]


def when(moment: datetime | None) -> str:
    """A time for people."""
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"
