"""People and their roles, keyed by who vouches for their login and their name there, never by an e-mail address.

What people do here is in the audit log under their number; removing someone takes everything back at once, because
`store.access` looks at these rows on every call.
"""

import getpass
from typing import Any, NamedTuple

from store.access import ADMIN, BINDABLE, EXPERT, ROLES, Actor, require
from store.audit import Entry, append
from store.clock import utc_now
from store.database import Snapshot, Store, Transaction
from store.errors import StoreError
from store.roster import extend_overlap

__all__ = [
    "LOCAL", "NewUser", "account", "add_user", "find_user", "grant", "grant_in", "insert_user", "list_users",
    "local_user", "note_login", "remove_user", "take_back", "user_of",
]  # fmt: skip

LOCAL = "local"
"""Issuer of the person at this machine."""

Row = dict[str, Any]


class NewUser(NamedTuple):
    """Someone to be added."""

    name: str
    """What the person is called."""

    role: str
    """One of store.access.ROLES, for every campaign."""

    issuer: str | None = None
    """Who vouches for the login; None where nobody does yet."""

    subject: str | None = None
    """The person's name there."""

    specialties: tuple[str, ...] = ()
    """Fields of which the person judges questions; empty for all."""


def account() -> str:
    """The account on this machine that the program runs under."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # An account without a name, as containers have them.
        return "unknown"


def local_user(store: Store) -> int:
    """Number of the person at this machine, who is added the first time. Raises StoreError."""
    subject = account()
    known = store.snapshot(lambda snapshot: user_of(snapshot, LOCAL, subject))
    if known is not None:
        return known

    def add(transaction: Transaction) -> int:
        found = user_of(transaction, LOCAL, subject)
        if found is not None:
            return found
        made = insert_user(transaction, subject, LOCAL, subject, ())
        append(transaction, Entry("rules", "", "user-add", f"user:{made}", {"way": "local"}))
        return made

    return store.transaction(add)


def note_login(store: Store, user: int, issued: int) -> None:
    """Tell the audit log that someone signed in at a provider, once a login. Raises StoreError.

    `issued` is when the provider made the login, in seconds since 1970.
    """
    entry = Entry(f"user:{user}", "", "login", f"user:{user}", {"way": "oidc", "issued": issued})
    known = {"actor": entry.actor, "payload": f'{{"issued":{issued},"way":"oidc"}}'}
    if store.rows(_NOTED, known):
        return

    def note(transaction: Transaction) -> None:
        if not transaction.rows(_NOTED, known):
            append(transaction, entry)

    store.transaction(note)


def user_of(snapshot: Snapshot, issuer: str, subject: str) -> int | None:
    """Number of the person of a login; None where nobody here has it."""
    values = {"issuer": issuer, "subject": subject}
    found = snapshot.rows(
        'SELECT id FROM "user" WHERE issuer = $issuer AND subject = $subject AND removed IS NULL', values
    )
    return found[0]["id"] if found else None


def find_user(snapshot: Snapshot, named: str) -> Row:
    """The person of a name or number. Raises StoreError where there is none, or more than one."""
    found = snapshot.rows(
        'SELECT * FROM "user" WHERE removed IS NULL AND (name = $named OR CAST(id AS VARCHAR) = $named) ORDER BY id',
        {"named": named},
    )
    if not found:
        raise StoreError(f"there is nobody called {named} here; assay user ls lists everyone")
    if len(found) > 1:
        numbers = ", ".join(str(row["id"]) for row in found)
        raise StoreError(f"several people are called {named}; give the number instead: {numbers}")
    return found[0]


def add_user(store: Store, actor: Actor, person: NewUser) -> int:
    """Add someone with a role, and return the number.

    The first person of a store must be an admin, or nobody could ever be trusted with the rest. Raises StoreError
    where the name or the login is taken, AccessError.
    """
    _require_role(person.role)
    if not person.name.strip():
        raise StoreError("a person needs a name; give one that others recognize")

    def add(transaction: Transaction) -> int:
        by = require(transaction, actor, "user:manage")
        _require_new(transaction, person)
        number = insert_user(transaction, person.name, person.issuer, person.subject, person.specialties)
        grant_in(transaction, actor, number, person.role, None)
        append(transaction, Entry(actor.named, by, "user-add", f"user:{number}", {"role": person.role}))
        return number

    return store.transaction(add)


def grant(store: Store, actor: Actor, named: str, role: str, campaign: int | None) -> None:
    """Give someone a role, for one campaign or for all; giving it twice is once.

    Raises StoreError where there is no such person, or the role is none for one campaign, AccessError.
    """
    _require_role(role)
    if campaign is not None and role not in BINDABLE:
        raise StoreError(f"the role {role} is for everything, not for one campaign; leave the campaign out")

    def give(transaction: Transaction) -> None:
        by = require(transaction, actor, "user:manage")
        person = find_user(transaction, named)
        if grant_in(transaction, actor, person["id"], role, campaign):
            payload = {"role": role, "campaign": campaign}
            append(transaction, Entry(actor.named, by, "role-grant", f"user:{person['id']}", payload))

    store.transaction(give)


def take_back(store: Store, actor: Actor, named: str, role: str, campaign: int | None) -> None:
    """Take a role back, the one for a campaign or the one for all.

    Raises StoreError where the person has no such role, or is the last admin, AccessError.
    """
    _require_role(role)

    def take(transaction: Transaction) -> None:
        by = require(transaction, actor, "user:manage")
        person = find_user(transaction, named)
        values = {"user": person["id"], "role": role, "campaign": campaign}
        if not transaction.rows(f"SELECT 1 FROM role WHERE {_HELD}", values):
            raise StoreError(f"{person['name']} does not have the role {role} there; assay user ls shows who has which")
        if role == ADMIN and campaign is None:
            _require_another_admin(transaction, person["id"])
        transaction.execute(f"UPDATE role SET revoked = $now WHERE {_HELD}", {**values, "now": utc_now()})
        if role == EXPERT and campaign is not None:
            # Or a later invite would let in again whatever browser an earlier one had.
            transaction.execute(_END_LOGINS, {"user": person["id"], "campaign": campaign, "now": utc_now()})
        payload = {"role": role, "campaign": campaign}
        append(transaction, Entry(actor.named, by, "role-revoke", f"user:{person['id']}", payload))

    store.transaction(take)


def remove_user(store: Store, actor: Actor, named: str) -> None:
    """Take everything back from someone for good: roles, invites, logins, keys.

    Raises StoreError where there is no such person, or it is the last admin, AccessError.
    """

    def remove(transaction: Transaction) -> None:
        by, now = require(transaction, actor, "user:manage"), utc_now()
        number = find_user(transaction, named)["id"]
        _require_another_admin(transaction, number)
        for statement in _REMOVE:
            transaction.execute(statement, {"user": number, "now": now})
        append(transaction, Entry(actor.named, by, "user-remove", f"user:{number}", {}), now=now)

    store.transaction(remove)


def list_users(store: Store, actor: Actor) -> list[Row]:
    """Everyone not removed, with roles and open invites, in the order they came. Raises StoreError, AccessError."""

    def read(snapshot: Snapshot) -> list[Row]:
        require(snapshot, actor, "user:list")
        people = snapshot.rows(_PEOPLE, {"now": utc_now()})
        roles = snapshot.rows(_ROLES)
        for person in people:
            own = [row for row in roles if row["user_id"] == person["id"]]
            person["roles"] = [{"role": row["role"], "campaign": row["campaign"]} for row in own]
        return people

    return store.snapshot(read)


def insert_user(
    transaction: Transaction, name: str, issuer: str | None, subject: str | None, specialties: tuple[str, ...]
) -> int:
    """Add the row of a person, inside a transaction that allows and tells of it. Returns the number."""
    number = transaction.rows('SELECT coalesce(max(id), 0) + 1 AS id FROM "user"')[0]["id"]
    transaction.execute(
        'INSERT INTO "user" VALUES ($id, $name, $issuer, $subject, $specialties, $now, NULL)',
        {"id": number, "name": name.strip(), "issuer": issuer, "subject": subject,
         "specialties": list(specialties), "now": utc_now()},
    )  # fmt: skip
    return number


def grant_in(transaction: Transaction, actor: Actor, user: int, role: str, campaign: int | None) -> bool:
    """Give a role inside a transaction that allows and tells of it; False where the person had it."""
    values: dict[str, Any] = {"user": user, "role": role, "campaign": campaign}
    if transaction.rows(f"SELECT 1 FROM role WHERE {_HELD}", values):
        return False
    transaction.execute(
        "INSERT INTO role VALUES ($user, $role, $campaign, $now, $by, NULL)",
        {**values, "now": utc_now(), "by": actor.named},
    )
    if role == EXPERT:
        extend_overlap(transaction, campaign)
    return True


def _require_role(role: str) -> None:
    if role not in ROLES:
        raise StoreError(f"there is no role {role}; take one of {', '.join(ROLES)}")


def _require_new(transaction: Transaction, person: NewUser) -> None:
    known = transaction.rows('SELECT name, issuer, subject FROM "user" WHERE removed IS NULL')
    # Whoever sits at this machine was never added by anyone, and who was invited can manage nobody.
    if person.role != ADMIN and not transaction.rows(_ADMINS):
        raise StoreError("no admin is here yet, and the first one must be an admin; add one with --role admin")
    if any(row["name"] == person.name.strip() for row in known if row["issuer"] != LOCAL):
        raise StoreError(f"someone here is called {person.name.strip()}; give a name that tells them apart")
    if person.issuer is None:
        return
    if user_of(transaction, person.issuer, person.subject or "") is not None:
        raise StoreError(f"the login {person.subject} of {person.issuer} belongs to someone here already")


def _require_another_admin(transaction: Transaction, user: int) -> None:
    admins = {row["user_id"] for row in transaction.rows(_ADMINS)}
    if admins == {user}:
        raise StoreError("this is the last admin; make another first (assay user role NAME --grant admin)")


_HELD = "user_id = $user AND role = $role AND campaign_id IS NOT DISTINCT FROM $campaign AND revoked IS NULL"

_NOTED = "SELECT 1 FROM audit WHERE actor = $actor AND action = 'login' AND payload = $payload LIMIT 1"

_ADMINS = """
SELECT DISTINCT r.user_id FROM role r JOIN "user" u ON u.id = r.user_id
WHERE r.role = 'admin' AND r.campaign_id IS NULL AND r.revoked IS NULL AND u.removed IS NULL
"""

_END_LOGINS = """
UPDATE login SET revoked = $now WHERE user_id = $user AND revoked IS NULL
  AND invite_id IN (SELECT id FROM invite WHERE campaign_id = $campaign)
"""

_REMOVE = (
    "UPDATE login SET revoked = $now WHERE user_id = $user AND revoked IS NULL",
    "UPDATE invite SET revoked = $now WHERE user_id = $user AND revoked IS NULL",
    "UPDATE role SET revoked = $now WHERE user_id = $user AND revoked IS NULL",
    "UPDATE signing_key SET retired = $now WHERE user_id = $user AND retired IS NULL",
    'UPDATE "user" SET removed = $now WHERE id = $user',
)

_PEOPLE = """
SELECT u.id, u.name, u.issuer, u.subject, u.specialties, u.created,
  (SELECT count(*) FROM invite i WHERE i.user_id = u.id AND i.revoked IS NULL AND i.used IS NULL
     AND i.failures < 5 AND i.expires > $now) AS open_invites,
  (SELECT count(*) FROM login l WHERE l.user_id = u.id AND l.revoked IS NULL AND l.expires > $now) AS logins
FROM "user" u WHERE u.removed IS NULL ORDER BY u.id
"""

_ROLES = """
SELECT r.user_id, r.role, c.name AS campaign FROM role r LEFT JOIN campaign c ON c.id = r.campaign_id
WHERE r.revoked IS NULL ORDER BY r.granted, r.role
"""
