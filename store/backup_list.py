"""What a backup holds: every file with its SHA-256, size and mode, and what was left out; sealed by its own digest."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import rfc8785

from store.errors import StoreError

__all__ = ["LIST", "BackupError", "Contents", "LeftOut", "Listed", "read_contents", "write_contents"]

LIST = "backup.json"
FORMAT = 1


class BackupError(StoreError):
    """A backup cannot be made, or is not what it says."""


class Listed(NamedTuple):
    """A file of a backup."""

    sha256: str
    """Digest of its bytes."""

    bytes: int
    """Size."""

    mode: int
    """Who may read and write it, as in `chmod`."""


class LeftOut(NamedTuple):
    """A checkpoint that is not in a backup."""

    branch: int
    """Branch of its run."""

    step: int
    """Step after which it was written."""

    why: str
    """The reason, as the end of a sentence."""


class Contents(NamedTuple):
    """What a backup says of itself."""

    created: str
    """When it was made, UTC."""

    program: str
    """Program and version that made it."""

    roots: list[str]
    """Folders the store lay in, the newest first."""

    database: str
    """Name of the database file."""

    version: int
    """Number of its schema."""

    checkpoints: str
    """Which were wanted: pinned, stable or all."""

    runs: int
    """Runs in it."""

    taken: list[str]
    """Checkpoints in it, relative to the store's root."""

    left_out: dict[str, LeftOut]
    """Checkpoints that are not."""

    unfinished: list[str]
    """Runs that had not ended."""

    outside: dict[str, list[str]]
    """What runs name and lies outside the store, with the runs; none of it is in the backup."""

    files: dict[str, Listed]
    """Every file, relative to the store's root."""


def write_contents(folder: Path, contents: Contents) -> str:
    """Write the list beside the files. Returns its digest. Raises OSError."""
    told: dict[str, Any] = {**contents._asdict(), "format": FORMAT}
    for name in ("files", "left_out"):
        told[name] = {path: entry._asdict() for path, entry in told[name].items()}
    digest = _digest(told)
    text = json.dumps({**told, "sha256": digest}, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / LIST).write_text(text + "\n", encoding="utf-8")
    return digest


def read_contents(folder: Path) -> tuple[Contents, str]:
    """What a backup says it holds, and the digest of that. Raises BackupError where it is none, or was changed."""
    place = folder / LIST
    try:
        found: Any = json.loads(place.read_text(encoding="utf-8"))
        told = cast("dict[str, Any]", dict(found))
        digest = told.pop("sha256")
        intact = digest == _digest(told)
    except FileNotFoundError as error:
        raise BackupError(
            f"{folder} is no backup: it has no {LIST}; name a folder that assay db backup made"
        ) from error
    except OSError as error:
        raise BackupError(f"cannot read {place}: {error.strerror}") from error
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise BackupError(f"{place} is damaged: it is no list of a backup; take another copy") from error
    if not intact:
        raise BackupError(f"{place} was changed after the backup was made; take another copy")
    if told.pop("format") != FORMAT:
        raise BackupError(f"{place} was written by a newer Assay; install that to restore it")
    told["files"] = {name: Listed(**file) for name, file in told["files"].items()}
    told["left_out"] = {path: LeftOut(**entry) for path, entry in told["left_out"].items()}
    return Contents(**told), digest


def _digest(told: Mapping[str, Any]) -> str:
    return hashlib.sha256(rfc8785.dumps(dict(told))).hexdigest()
