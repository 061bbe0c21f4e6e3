"""Secrets of a store: random bytes in files only the owner can read, outside the database and its exports."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from store.database import Store
from store.errors import StoreError

__all__ = ["secret"]

FOLDER = ".secrets"
SIZE = 32


def secret(store: Store, name: str) -> bytes:
    """The secret of a name, 32 bytes, made where there is none. Raises StoreError where it cannot be read or made."""
    place = store.root / FOLDER / name
    try:
        if not place.exists():
            _make(place)
        found = place.read_bytes()
    except OSError as error:
        raise StoreError(f"cannot read or make the secret {place}: {error.strerror}") from error
    if len(found) != SIZE:
        raise StoreError(f"the secret {place} is damaged; remove it, and logins or sides begin anew")
    return found


def _make(place: Path) -> None:
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Whole under its name or not at all, and the first of two makers wins.
    unfinished = place.with_name(f".{place.name}.{secrets.token_hex(8)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(SIZE))
        with suppress(FileExistsError):
            os.link(unfinished, place)
    finally:
        unfinished.unlink(missing_ok=True)
