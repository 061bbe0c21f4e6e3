"""Who may use a served store: tokens, of which only digests are kept.

A token is 32 random bytes, so a digest without salt tells nothing of it. The file lies with the other secrets of the
store, outside the database and its exports.
"""

import hashlib
import json
import os
import re
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import portalocker

from store.clock import utc_now
from store.database import Store
from store.errors import StoreError
from store.secret_files import FOLDER

__all__ = ["KINDS", "Kind", "Token", "Tokens", "add_token", "list_tokens", "remove_token"]

Kind = Literal["read", "inbox"]

KINDS: tuple[Kind, ...] = ("read", "inbox")
"""What a token is for: reading runs, or delivering them."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Token(NamedTuple):
    """What is known of a token."""

    name: str
    """Whose it is; a run belongs to the name that delivered it first."""

    kind: Kind
    """What it is for."""

    sha256: str
    """Its digest."""

    created: datetime
    """When it was made, UTC."""


def add_token(store: Store, name: str, kind: Kind) -> str:
    """Make a token and return it; it is shown this once. Raises StoreError where the name has one, or is none."""
    if not _NAME.fullmatch(name):
        raise StoreError(f"{name!r} cannot be a token's name: use letters, digits, dots and dashes, 64 at most")
    made = f"assay-{kind}-{secrets.token_urlsafe(32)}"
    with _changing(store) as tokens:
        if any(token.name == name for token in tokens):
            raise StoreError(f"there is a token called {name}; `assay serve token rm {name}` takes it back")
        tokens.append(Token(name, kind, _digest(made), utc_now()))
    return made


def list_tokens(store: Store) -> list[Token]:
    """All tokens, by name. Raises StoreError."""
    return sorted(_read(_place(store)))


def remove_token(store: Store, name: str) -> None:
    """Take a token back: from then on it opens nothing, also where it is in use. Raises StoreError."""
    with _changing(store) as tokens:
        kept = [token for token in tokens if token.name != name]
        if len(kept) == len(tokens):
            raise StoreError(f"there is no token called {name}; `assay serve token ls` lists them")
        tokens[:] = kept


class Tokens:
    """The tokens of a store as they are now; read again whenever the file is another."""

    def __init__(self, store: Store) -> None:
        """Nothing is read yet."""
        self._place = _place(store)
        self._stamp: tuple[int, int, int] | None = None
        self._known: dict[str, Token] = {}

    def find(self, token: str) -> Token | None:
        """Whose token this is; None where it is nobody's. Raises StoreError."""
        return self.known(_digest(token))

    def known(self, sha256: str) -> Token | None:
        """The token of a digest; None where it was taken back. Raises StoreError."""
        stamp = _stamp(self._place)
        if stamp != self._stamp or stamp is None:
            self._known = {token.sha256: token for token in _read(self._place)}
            self._stamp = stamp
        return self._known.get(sha256)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _place(store: Store) -> Path:
    return store.root / FOLDER / "tokens.json"


def _stamp(place: Path) -> tuple[int, int, int] | None:
    try:
        found = place.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _read(place: Path) -> list[Token]:
    try:
        rows = cast("list[dict[str, Any]]", json.loads(place.read_text(encoding="utf-8")))
        return [Token(row["name"], row["kind"], row["sha256"], datetime.fromisoformat(row["created"])) for row in rows]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise StoreError(
            f"the tokens in {place} cannot be read ({error}); remove the file, and make them anew"
        ) from error


@contextmanager
def _changing(store: Store) -> Generator[list[Token]]:
    place = _place(store)
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with portalocker.Lock(str(place.with_suffix(".lock")), "a", timeout=10):
            tokens = _read(place)
            yield tokens
            _write(place, tokens)
    except OSError as error:
        raise StoreError(f"cannot write {place}: {error.strerror}; mend that, and try again") from error


def _write(place: Path, tokens: list[Token]) -> None:
    fresh = place.with_name(f".{place.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        rows = [{**token._asdict(), "created": token.created.isoformat()} for token in tokens]
        file.write(json.dumps(rows, indent=1) + "\n")
    fresh.replace(place)
