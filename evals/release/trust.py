"""Whose signatures a verifier takes: public keys that came by another way than what they sign."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from store.database import Snapshot
from store.keys import key_id, keys_of, read_public, read_public_keys, registered_keys

__all__ = ["SERVER", "Trusted", "read_trusted", "registered"]

SERVER = "server"
"""How the names of files with a server's key begin; where there is such a file, no other key signs for a server."""


class Trusted(NamedTuple):
    """Keys that are trusted."""

    keys: Mapping[str, Ed25519PublicKey]
    """All of them, by id."""

    servers: frozenset[str]
    """Ids of those that a server signs with; empty where that is not known."""

    @property
    def for_server(self) -> Mapping[str, Ed25519PublicKey]:
        """Keys that may sign a bundle, or for people in their browsers."""
        return {name: key for name, key in self.keys.items() if name in self.servers} if self.servers else self.keys


def read_trusted(folder: Path) -> Trusted:
    """The keys in a folder (`*.pub`, `*.pem`). Raises KeyFileError, also where there is none."""
    named = [path for path in folder.glob(f"{SERVER}*") if path.suffix in (".pub", ".pem") and path.is_file()]
    return Trusted(read_public_keys(folder), frozenset(key_id(read_public(path)) for path in named))


def registered(snapshot: Snapshot) -> Trusted:
    """The keys a store knows, retired ones too: what they signed before stands. Raises KeyFileError."""
    return Trusted(registered_keys(snapshot), frozenset(row.key_id for row in keys_of(snapshot, None)))
