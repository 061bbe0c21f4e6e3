"""Whose a run is: who trained it, and for whom, as the run itself recorded it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

from store.database import Snapshot

__all__ = ["Owners", "folded", "owners_of", "owning", "owns", "unknown_accounts", "unknown_owners"]


class Owners(NamedTuple):
    """Everyone whose work a run is."""

    accounts: frozenset[str]
    """Accounts on machines that it was trained under, as in `command:ACCOUNT`."""

    names: frozenset[str]
    """People it was trained for ([run] owner), as `assay user` knows them: a name, or a number."""


def owners_of(snapshot: Snapshot, run_id: int | None) -> Owners:
    """Who may not judge of a run because it is theirs; nobody of a run that was imported or watched, or is gone.

    Whoever went on with a run is among them, and so are those who had begun it.
    """
    rows = snapshot.rows("SELECT config, provenance FROM run WHERE id = $id AND source IS NULL", {"id": run_id})
    if not rows:
        return Owners(frozenset(), frozenset())
    known = _object(rows[0]["provenance"])
    named = _object(rows[0]["config"]).get("run")
    owner: Any = cast("dict[str, Any]", named).get("owner") if isinstance(named, dict) else None
    return Owners(
        frozenset([*_texts(known.get("account")), *_texts(known.get("accounts"))]),
        frozenset(_texts(owner)),
    )


def owns(owners: Owners, person: Mapping[str, Any]) -> bool:
    """Whether a row of `user` (id, name, subject) is one of them, whoever vouches for the login. Names are compared as
    people take them for the same. An account may be somebody's login or name, and never a number.
    """
    names, accounts = set(map(folded, owners.names)), set(map(folded, owners.accounts))
    return bool(_called(person) & names or _logins(person) & accounts)


def owning(snapshot: Snapshot, owners: Owners) -> list[int]:
    """Numbers of everyone who is, or was, in this store and is one of them."""
    people = snapshot.rows('SELECT id, name, subject FROM "user" ORDER BY id')
    return [person["id"] for person in people if owns(owners, person)]


def unknown_owners(snapshot: Snapshot, owners: Owners) -> list[str]:
    """Names among them that nobody has who is, or was, in this store, in their order."""
    people = snapshot.rows('SELECT id, name, subject FROM "user"')
    known = {name for person in people for name in _called(person)}
    return sorted(name for name in owners.names if folded(name) not in known)


def unknown_accounts(snapshot: Snapshot, owners: Owners) -> list[str]:
    """Accounts among them that are nobody's login or name in this store, in their order."""
    people = snapshot.rows('SELECT name, subject FROM "user"')
    known = {name for person in people for name in _logins(person)}
    return sorted(account for account in owners.accounts if folded(account) not in known)


def folded(name: str) -> str:
    """A name as it is compared.

    >>> folded(" Chen  Wei") == folded("chen wei")
    True
    """
    return " ".join(name.split()).casefold()


def _called(person: Mapping[str, Any]) -> set[str]:
    """What somebody is called here: name, login, number."""
    return {*_logins(person), str(person["id"])}


def _logins(person: Mapping[str, Any]) -> set[str]:
    return {folded(str(person[key])) for key in ("name", "subject") if person[key]}


def _object(text: str | None) -> dict[str, Any]:
    found: Any = json.loads(text) if text else None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _texts(value: Any) -> Iterator[str]:
    """The texts among what a run wrote down, which may be anything."""
    for item in cast("list[Any]", value) if isinstance(value, list) else [value]:
        if isinstance(item, str) and item.strip():
            yield item.strip()
