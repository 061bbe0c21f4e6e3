"""Small files that are there whole or not at all, and stay where the power fails."""

import os
import secrets
from pathlib import Path

__all__ = ["sync_folder", "write_note"]


def write_note(place: Path, text: str) -> None:
    """Write `text` in place of what is at `place`, safely on disk when this returns.

    Raises OSError, and leaves what was there.
    """
    fresh = place.with_name(f".{place.name}.{secrets.token_hex(8)}")
    try:
        with fresh.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(place)
    finally:
        fresh.unlink(missing_ok=True)
    sync_folder(place.parent)


def sync_folder(folder: Path) -> None:
    """Ask the disk to keep the names of a folder's files. Raises OSError."""
    if os.name == "nt":
        return  # which opens no folders, and needs no asking
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
