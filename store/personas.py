"""The people of a demo: whoever sits at its machine plays one of them after the other. No other store has any.

people = add_people(store, actor)          where the demo's store is filled
people["li"].actor                         asks as Li: with her roles alone, and under her name in the audit log
"""

from collections.abc import Mapping
from typing import NamedTuple

from assay.errors import AssayError
from store.access import AUDITOR, ENGINEER, EXPERT, LEAD, Actor, require
from store.audit import Entry, append
from store.database import Snapshot, Store, Transaction
from store.users import grant_in, insert_user

__all__ = ["ISSUER", "PEOPLE", "Persona", "add_people", "people_of"]

ISSUER = "demo"
"""Who vouches for them, so that nobody can sign in as one of them: providers are known by an address."""


class Persona(NamedTuple):
    """One of them."""

    key: str
    """What the demo calls the person by, one of `PEOPLE`."""

    name: str
    """Name, as in the audit log."""

    role: str
    """The only role the person has."""

    user: int
    """Number in this store."""

    @property
    def actor(self) -> Actor:
        """The person, as who asks."""
        return Actor("persona", self.user)


PEOPLE: Mapping[str, tuple[str, str]] = {
    "engineer": ("Chen", ENGINEER),
    "expert": ("Dr Wang", EXPERT),
    "li": ("Li", LEAD),
    "zhao": ("Zhao", LEAD),
    "auditor": ("Sun", AUDITOR),
}
"""Name and role of each, in the order in which the story meets them."""


def add_people(store: Store, actor: Actor) -> dict[str, Persona]:
    """The people of a demo store, added where they are not there yet. Raises AssayError elsewhere, AccessError."""

    def add(transaction: Transaction) -> dict[str, Persona]:
        if not _is_demo(transaction):
            raise AssayError(f"{store.root} holds real runs, where everyone is who they are; name a new folder")
        role = require(transaction, actor, "user:manage")
        known = people_of(transaction)
        for key, (name, held) in PEOPLE.items():
            if key in known:
                continue
            number = insert_user(transaction, name, ISSUER, key, ())
            grant_in(transaction, actor, number, held, None)
            told = {"role": held, "persona": True}
            append(transaction, Entry(actor.named, role, "user-add", f"user:{number}", told))
        return people_of(transaction)

    return store.transaction(add)


def people_of(snapshot: Snapshot) -> dict[str, Persona]:
    """The people of a demo by their keys, in the order of the story; none where there are none."""
    if not _is_demo(snapshot):
        return {}
    rows = {row["subject"]: row for row in snapshot.rows(_KNOWN, {"issuer": ISSUER})}
    return {
        key: Persona(key, rows[key]["name"], role, rows[key]["id"]) for key, (_, role) in PEOPLE.items() if key in rows
    }


def _is_demo(snapshot: Snapshot) -> bool:
    return bool(snapshot.rows("SELECT demo FROM meta")[0]["demo"])


_KNOWN = 'SELECT id, name, subject FROM "user" WHERE issuer = $issuer AND removed IS NULL'
