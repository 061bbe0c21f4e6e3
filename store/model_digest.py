"""The digest by which a model is known, wherever its folder lies: of the lines `NAME SHA256` of its files, by name."""

import hashlib
from collections.abc import Callable
from pathlib import Path

__all__ = ["file_sha256", "model_sha256"]


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def model_sha256(*folders: Path, digest: Callable[[Path], str] = file_sha256) -> str:
    """Digest of all files of a model's folder, and of its adapter's after it; hidden files do not count.

    `digest` gives that of a file: a caller that asks often may know it already. Raises OSError.
    """
    found = hashlib.sha256()
    for path in (path for folder in folders for path in sorted(folder.glob("*"))):
        if path.is_file() and not path.name.startswith("."):
            found.update(f"{path.name} {digest(path)}\n".encode())
    return found.hexdigest()
