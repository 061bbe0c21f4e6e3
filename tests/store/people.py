"""A campaign with a few pairs, as `assay review open` leaves it, for tests of people and of the door."""

from datetime import timedelta

from store.access import Actor
from store.audit import first_broken
from store.clock import utc_now
from store.database import Store
from store.users import NewUser, add_user

COMMAND = Actor("command", None, "ann")

ISSUER = "https://login.example.org"


def put_campaign(store: Store, name: str = "triage", number: int = 1, *, days: float = 30, pairs: int = 4) -> int:
    """Open a campaign whose first two pairs were drawn for a second grader."""
    now = utc_now()

    def put(transaction):
        transaction.execute(
            "INSERT INTO campaign VALUES ($id, $name, 'Triage', 'sft@1', 'c', 'sft@0', 'b', NULL, 'p', 'en', '', 7, "
            "false, $now, 'command:ann', $expires, NULL, NULL, NULL, '{}')",
            {"id": number, "name": name, "now": now, "expires": now + timedelta(days=days)},
        )
        for place in range(pairs):
            transaction.execute(
                "INSERT INTO pair VALUES ($id, $item, $place, 'asked', 'What?', $item, '', 'one', 'two', $overlap, 1)",
                {"id": number, "item": f"q{place}", "place": place, "overlap": place < 2},
            )

    store.transaction(put)
    return number


def planned(store: Store) -> list[int]:
    """Verdicts wanted of each pair, in order."""
    return [row["planned"] for row in store.rows("SELECT planned FROM pair ORDER BY place")]


def add(store: Store, name: str = "Root", role: str = "admin", subject: str | None = None) -> int:
    """Add someone, with a login where `subject` is given."""
    return add_user(store, COMMAND, NewUser(name, role, ISSUER if subject else None, subject))


def actions(store: Store) -> list[str]:
    """What the audit log tells of, in order."""
    return [row["action"] for row in store.rows("SELECT action FROM audit ORDER BY seq")]


def first_broken_of(store: Store) -> int | None:
    """The first row of the audit log that is not as it was appended."""
    return store.snapshot(first_broken)
