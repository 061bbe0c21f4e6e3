"""Keys as the store has them registered, and the server's own, with which it signs.

The server signs what people decide in the browser, the ends of the audit log, and releases. Its key lies in `.secrets`
beside the database, not encrypted: whoever can read it can read the store as well. That a key is registered here says
whose it is; who verifies a release trusts only the keys that were given to them by another way.
"""

import os
import secrets
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from store.chain import Entry, append_rows
from store.clock import utc_now
from store.database import Snapshot, Store, Transaction
from store.key_files import KeyFileError, key_id, load_plain, plain_pem, public_pem, read_public, require_closed

__all__ = [
    "COLUMNS", "KeyRow", "insert_key", "key_owner", "keys_of", "register_server_key", "registered_keys", "server_key",
    "server_key_path",
]  # fmt: skip

FOLDER = ".secrets"
NAME = "signing_key.pem"

COLUMNS = "key_id, user_id, public_key, created, retired"
"""Columns of a KeyRow."""


class KeyRow(NamedTuple):
    """A key as it is registered."""

    key_id: str
    """SHA-256 of its 32 bytes, hex."""

    user_id: int | None
    """Whose; None for the server's own."""

    public_key: str
    """The public key, PEM."""

    created: datetime
    """Since when it counts."""

    retired: datetime | None
    """Since when it counts no longer."""


def server_key_path(store: Store) -> Path:
    """File of the server's private key."""
    return store.root / FOLDER / NAME


def server_key(store: Store) -> Ed25519PrivateKey:
    """The server's private key, made where there is none; nothing says yet that it is the registered one.

    Raises KeyFileError where its file is open to others, damaged, or cannot be read or made.
    """
    place = server_key_path(store)
    try:
        if not place.exists():
            _make(place)
        require_closed(place, "the server's key")
        key = load_plain(place.read_bytes())
    except OSError as error:
        raise KeyFileError(f"cannot read or make the server's key {place}: {error.strerror}") from error
    if key is None:
        raise KeyFileError(
            f"the server's key {place} is damaged; put a copy of it back, or remove it and retire it "
            "(assay user key retire)"
        )
    return key


def register_server_key(transaction: Transaction, store: Store, now: datetime | None = None) -> Ed25519PrivateKey:
    """The server's private key, to sign with inside a transaction; registered the first time.

    Raises KeyFileError where the file is unusable, holds another key than the one registered, or a retired one.
    """
    known = keys_of(transaction, None)
    current = next((row for row in known if row.retired is None), None)
    if current is not None and not server_key_path(store).exists():
        raise KeyFileError(
            f"the server's key {server_key_path(store)} is gone; put a copy of it back, or retire it: "
            f"assay user key retire {current.key_id[:12]}"
        )
    key = server_key(store)
    found = key_id(key.public_key())
    if current is None and found not in {row.key_id for row in known}:
        moment = now or utc_now()
        insert_key(transaction, "rules", None, key.public_key(), moment)
        append_rows(transaction, [Entry("rules", "", "key-add", f"key:{found}", {"user": None})], moment)
    elif current is None:
        raise KeyFileError(
            f"the server's key {server_key_path(store)} was retired; remove the file, and a new one is made"
        )
    elif current.key_id != found:
        raise KeyFileError(
            f"the server's key {server_key_path(store)} is another than the one registered ({current.key_id[:12]}); "
            f"put that one back, or retire it: assay user key retire {current.key_id[:12]}"
        )
    return key


def key_owner(snapshot: Snapshot, key: str) -> KeyRow | None:
    """The key of an id, retired or not; None where it was never registered."""
    found = snapshot.rows(f"SELECT {COLUMNS} FROM signing_key WHERE key_id = $key", {"key": key})
    return KeyRow(**found[0]) if found else None


def keys_of(snapshot: Snapshot, user: int | None) -> list[KeyRow]:
    """The keys of a person, or the server's (None), the oldest first; retired ones too."""
    sql = f"SELECT {COLUMNS} FROM signing_key WHERE user_id IS NOT DISTINCT FROM $user ORDER BY created, key_id"
    return [KeyRow(**row) for row in snapshot.rows(sql, {"user": user})]


def registered_keys(snapshot: Snapshot) -> dict[str, Ed25519PublicKey]:
    """Every public key registered, by its id, retired ones too: what they signed before stands. Raises KeyFileError."""
    rows = snapshot.rows("SELECT key_id, public_key FROM signing_key ORDER BY created, key_id")
    return {row["key_id"]: read_public(row["public_key"]) for row in rows}


def insert_key(transaction: Transaction, by: str, user: int | None, public: Ed25519PublicKey, now: datetime) -> None:
    """Register a key inside a transaction that allows it and tells of it, of the same moment."""
    transaction.execute(
        "INSERT INTO signing_key VALUES ($key, $user, $pem, $now, $by, NULL)",
        {"key": key_id(public), "user": user, "pem": public_pem(public), "now": now, "by": by},
    )


def _make(place: Path) -> None:
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Whole under its name or not at all, and the first of two makers wins.
    unfinished = place.with_name(f".{place.name}.{secrets.token_hex(8)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(plain_pem(Ed25519PrivateKey.generate()))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(unfinished, place)
    finally:
        unfinished.unlink(missing_ok=True)
