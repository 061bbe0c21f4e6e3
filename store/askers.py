"""Who asked for what is done later: written down with it, and asked again when it is done."""

from store.access import AccessError, Actor
from store.database import Snapshot, Store

__all__ = ["asker", "called", "names"]


def asker(snapshot: Snapshot, named: str) -> Actor:
    """The one whom `Actor.named` names, for the roles of now. Raises AccessError for any other words."""
    kind, _, rest = named.partition(":")
    if kind == "command" and rest:
        return Actor("command", None, rest)
    if kind == "user" and rest.isascii() and rest.isdigit():
        found = snapshot.rows('SELECT issuer FROM "user" WHERE id = $id AND removed IS NULL', {"id": int(rest)})
        return Actor("local" if found and found[0]["issuer"] == "local" else "oidc", int(rest))
    raise AccessError(f"{named} does not say who asks; ask again")


def called(store: Store, named: str) -> str:
    """What someone is called, for sentences: the person's name, or the account. Raises StoreError."""
    return names(store).get(named, named.removeprefix("command:"))


def names(store: Store) -> dict[str, str]:
    """Names of people, removed ones too, by `Actor.named`. Raises StoreError."""
    return {f"user:{row['id']}": row["name"] for row in store.rows('SELECT id, name FROM "user"')}
