"""Files of keys (Ed25519): a person's own, encrypted and outside the store; the server's; and public halves.

What a private key may be: PEM, PKCS8, readable by its owner alone. Nothing else is read, so that a key left open by
mistake is noticed before it signs.
"""

import hashlib
import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from store.errors import StoreError

__all__ = [
    "KeyFileError", "key_id", "load_plain", "make_private", "plain_pem", "public_pem", "read_private", "read_public",
    "read_public_keys", "require_closed", "write_public",
]  # fmt: skip

SHORTEST = 12
"""Characters of a passphrase: encrypted PKCS8 as the library writes it makes a guess cheap (2,048 rounds)."""

LARGEST = 64 * 1024
"""Bytes of a file that can be a key."""

ENCRYPTED = b"BEGIN ENCRYPTED PRIVATE KEY"
STORE_FILE = "assay.duckdb"


class KeyFileError(StoreError):
    """A file of a key cannot be used as it is."""


def key_id(public: Ed25519PublicKey) -> str:
    """The name of a key: SHA-256 of its 32 bytes, hex."""
    return hashlib.sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()


def public_pem(public: Ed25519PublicKey) -> str:
    """A public key as text (PEM)."""
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def read_public(source: Path | str) -> Ed25519PublicKey:
    """A public key from a file, or from its text. Raises KeyFileError."""
    if isinstance(source, Path):
        return _public(_content(source), str(source))
    return _public(source.encode(), "the public key")


def read_public_keys(folder: Path) -> dict[str, Ed25519PublicKey]:
    """Every public key in a folder (`*.pub`, `*.pem`), by its id. Raises KeyFileError, also where there is none."""
    if not folder.is_dir():
        raise KeyFileError(f"{folder} is no folder; name the one with the public keys you trust (NAME.pub)")
    files = sorted(path for path in folder.iterdir() if path.suffix in (".pub", ".pem") and path.is_file())
    if not files:
        raise KeyFileError(f"{folder} holds no public key; put the keys you trust there as NAME.pub")
    return {key_id(key): key for key in map(read_public, files)}


def write_public(path: Path, public: Ed25519PublicKey) -> None:
    """Write a public key to a new file. Raises KeyFileError where the file exists or cannot be written."""
    _write_new(path, public_pem(public).encode(), mode=0o644)


def make_private(path: Path, passphrase: str, root: Path | None = None) -> Ed25519PrivateKey:
    """Make a key and write it to a new file, encrypted, which only its owner can read.

    `root` is that of the store it is for. Raises KeyFileError where the file exists, lies in the root of a store, or
    the passphrase is shorter than 12 characters.
    """
    _require_outside(path, root)
    if len(passphrase) < SHORTEST:
        raise KeyFileError(f"the passphrase has {len(passphrase)} characters; take one of at least {SHORTEST}")
    key = Ed25519PrivateKey.generate()
    content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode()))
    _write_new(path, content, mode=0o600)
    return key


def read_private(path: Path, passphrase: str, root: Path | None = None) -> Ed25519PrivateKey:
    """A person's own key. `root` is that of the store it is used for.

    Raises KeyFileError where the file lies in the root of a store, can be read by others, is not encrypted, or is
    another kind of key; and where the passphrase is wrong.
    """
    _require_outside(path, root)
    content = _content(path)
    require_closed(path, "the key file")
    if ENCRYPTED not in content:
        raise KeyFileError(f"{path} is no encrypted private key (PKCS8, PEM); make one with assay user key make")
    try:
        key = load_pem_private_key(content, passphrase.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFileError(f"{path} does not open: the passphrase is wrong, or the file is damaged") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path} is no Ed25519 key; make one with assay user key make")
    return key


def plain_pem(key: Ed25519PrivateKey) -> bytes:
    """A private key as the server keeps it, not encrypted: nobody is there to type a passphrase."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def load_plain(content: bytes) -> Ed25519PrivateKey | None:
    """The key of `plain_pem`; None where the bytes are none."""
    try:
        key = load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, Ed25519PrivateKey) else None


def require_closed(path: Path, called: str) -> None:
    """Raises KeyFileError where others than its owner can read or change a file."""
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise KeyFileError(
            f"{called} {path} is open to others (mode {mode:04o}); make sure that nobody copied it, then: chmod 600"
        )


def _public(content: bytes, called: str) -> Ed25519PublicKey:
    if b"PRIVATE KEY" in content:
        raise KeyFileError(f"{called} is a private key, which stays with its owner; give its public half (.pub)")
    try:
        key = load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyFileError(
            f"{called} is damaged or no public key (Ed25519, PEM); get it anew from its owner"
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFileError(f"{called} is no Ed25519 key; make one with assay user key make")
    return key


def _require_outside(path: Path, root: Path | None) -> None:
    above = path.resolve().parents
    if (root is not None and root.resolve() in above) or any((folder / STORE_FILE).exists() for folder in above):
        raise KeyFileError(f"{path} lies in a store's folder, which others read and copy; keep the key elsewhere")


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST)
    except OSError as error:
        raise KeyFileError(f"cannot read the key {path}: {error.strerror}") from error


def _write_new(path: Path, content: bytes, *, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise KeyFileError(f"{path} exists, and a key is never written over; name another file") from error
    except OSError as error:
        raise KeyFileError(f"cannot write the key {path}: {error.strerror}") from error
