"""Keys of people, registered by an admin and retired; and everything else about keys that others use."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from store.access import Actor, require
from store.audit import Entry, append
from store.clock import utc_now
from store.database import Snapshot, Store, Transaction
from store.errors import StoreError
from store.key_files import (
    KeyFileError,
    key_id,
    make_private,
    public_pem,
    read_private,
    read_public,
    read_public_keys,
    write_public,
)
from store.server_key import (
    COLUMNS,
    KeyRow,
    insert_key,
    key_owner,
    keys_of,
    register_server_key,
    registered_keys,
    server_key,
    server_key_path,
)
from store.users import find_user

__all__ = [
    "KeyFileError", "KeyRow", "key_id", "key_owner", "keys_of", "list_keys", "make_private", "public_pem",
    "read_private", "read_public", "read_public_keys", "register_key", "register_server_key", "registered_keys",
    "retire_key", "server_key", "server_key_path", "server_public", "write_public",
]  # fmt: skip


def register_key(store: Store, actor: Actor, user_named: str, public: Ed25519PublicKey) -> str:
    """Register a person's public key, and return its id.

    Raises StoreError where there is no such person, or the key is known here already, AccessError.
    """
    name = key_id(public)

    def add(transaction: Transaction) -> str:
        by = require(transaction, actor, "user:manage")
        person = find_user(transaction, user_named)
        _require_new(transaction, name, person)
        now = utc_now()
        insert_key(transaction, actor.named, person["id"], public, now)
        append(transaction, Entry(actor.named, by, "key-add", f"key:{name}", {"user": person["id"]}), now=now)
        return name

    return store.transaction(add)


def retire_key(store: Store, actor: Actor, named: str) -> str:
    """End a key, given by its id or the beginning of it, and return the id; what it signed before stands.

    Raises StoreError where there is no such key, or it was retired before, AccessError.
    """

    def retire(transaction: Transaction) -> str:
        by = require(transaction, actor, "user:manage")
        row = _named(transaction, named)
        if row.retired is not None:
            raise StoreError(f"the key {named} was retired already, on {row.retired:%Y-%m-%d %H:%M} UTC")
        now = utc_now()
        sql = "UPDATE signing_key SET retired = $now WHERE key_id = $key"
        transaction.execute(sql, {"now": now, "key": row.key_id})
        append(transaction, Entry(actor.named, by, "key-retire", f"key:{row.key_id}", {"user": row.user_id}), now=now)
        return row.key_id

    return store.transaction(retire)


def list_keys(store: Store, actor: Actor) -> list[dict[str, Any]]:
    """Every key with whose it is, the server's first. Raises StoreError, AccessError."""

    def read(snapshot: Snapshot) -> list[dict[str, Any]]:
        require(snapshot, actor, "user:list")
        return snapshot.rows(_LISTED)

    return store.snapshot(read)


def server_public(store: Store, actor: Actor) -> Ed25519PublicKey:
    """The server's public key, made and registered where it never signed. Raises StoreError, AccessError."""

    def read(transaction: Transaction) -> Ed25519PublicKey:
        require(transaction, actor, "user:list")
        return register_server_key(transaction, store).public_key()

    return store.transaction(read)


_LISTED = """
SELECT k.key_id, k.user_id, u.name, k.public_key, k.created, k.created_by, k.retired
FROM signing_key k LEFT JOIN "user" u ON u.id = k.user_id
ORDER BY k.user_id NULLS FIRST, k.created, k.key_id
"""


def _require_new(snapshot: Snapshot, name: str, person: dict[str, Any]) -> None:
    known = key_owner(snapshot, name)
    if known is None:
        return
    if known.user_id is None:
        raise StoreError("this is the server's own key, which signs for nobody; a person needs one of their own")
    if known.user_id != person["id"]:
        raise StoreError(f"the key {name[:12]} belongs to someone else here; {person['name']} needs one of their own")
    if known.retired is not None:
        raise StoreError(f"the key {name[:12]} was retired, and does not come back; make another: assay user key make")
    raise StoreError(f"the key {name[:12]} is registered for {person['name']} already; nothing is left to do")


def _named(snapshot: Snapshot, named: str) -> KeyRow:
    sql = f"SELECT {COLUMNS} FROM signing_key WHERE starts_with(key_id, $named) ORDER BY created, key_id"
    found = [KeyRow(**row) for row in snapshot.rows(sql, {"named": named.lower()})] if len(named) >= 8 else []
    if not found:
        raise StoreError(f"there is no key {named} here; give 8 characters of its id or more (assay user key ls)")
    if len(found) > 1:
        raise StoreError(f"several keys begin with {named}; give more of the id (assay user key ls --json)")
    return found[0]
