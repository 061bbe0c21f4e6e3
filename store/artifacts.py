"""Sealed folders: checkpoints whose every byte is accounted for.

A folder is written under a temporary name, gets a `manifest.json` with the SHA-256 and size of each of
its files, and is renamed to its final name; what was interrupted before the rename is no checkpoint.
The digest of a folder is the SHA-256 of its manifest, so one digest stands for all files.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast

from assay.errors import AssayError
from assay.recording import Run
from assay.version import VERSION

__all__ = [
    "MANIFEST", "ArtifactError", "Manifest", "announce", "clear_temporary", "digest", "discard_temporary",
    "read_manifest", "remove", "seal", "sealed_folders", "temporary_for", "verify",
]  # fmt: skip

MANIFEST = "manifest.json"
FORMAT = 1
TEMPORARY = ".tmp-"

STATES = ("sealed", "stable", "suspect", "deleted")
"""What a checkpoint can be."""

Manifest: TypeAlias = dict[str, Any]


class ArtifactError(AssayError):
    """A folder is not what its manifest says, or cannot be sealed."""


def temporary_for(final: Path) -> Path:
    """Make the empty folder to write `final` in before it is sealed."""
    folder = _temporary(final)
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def discard_temporary(final: Path) -> None:
    """Remove what this process has left of the folder to write `final` in, however far it came."""
    shutil.rmtree(_temporary(final), ignore_errors=True)


def seal(temporary: Path, final: Path, facts: Mapping[str, Any], beside: Collection[str] = ()) -> Manifest:
    """Write the manifest, make all of it safe on disk, and give the folder its final name.

    `facts` stand in the manifest beside `files`; those named in `beside` are in the folder and not among them. Raises
    ArtifactError where `final` exists, OSError where the disk refuses; `final` then does not exist.
    """
    if final.exists():
        raise ArtifactError(f"{final} exists; a sealed folder is never written again")
    names = _file_names(temporary)
    files = {name: _described(temporary / name) for name in names if name not in beside}
    manifest = {"format": FORMAT, "program": f"assay {VERSION}", **facts, "files": files}
    text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
    (temporary / MANIFEST).write_text(text + "\n", encoding="utf-8")
    for name in (*names, MANIFEST):
        _sync(temporary / name)
    for folder in (path for path in temporary.rglob("*") if path.is_dir()):
        _sync(folder)
    _sync(temporary)
    temporary.rename(final)
    _sync(final.parent)
    return manifest


def verify(folder: Path, expected: str | None = None, beside: Collection[str] | None = None) -> Manifest:
    """Check every file of a sealed folder and return its manifest.

    `expected` is the digest it was announced with, where that is known. `beside`, given for a folder that is handed on,
    are all the files that may lie there without having been sealed: there a hidden file counts as well. Raises
    ArtifactError naming the file and what differs.
    """
    manifest = read_manifest(folder)
    if expected is not None and digest(folder) != expected:
        raise ArtifactError(f"{folder / MANIFEST} is not the manifest that was sealed; the folder is not used")
    files = _object(manifest["files"])
    present = set(_file_names(folder, hidden=beside is not None))
    for name, sealed in files.items():
        if name not in present:
            raise ArtifactError(f"{folder / name} is missing; the folder is not used")
        _check_file(folder / name, _object(sealed))
    if odd := sorted(present - files.keys() - set(beside or ())):
        raise ArtifactError(f"{folder / odd[0]} was added after the folder was sealed; the folder is not used")
    return manifest


def digest(folder: Path) -> str:
    """The digest of a sealed folder: that of its manifest. Raises ArtifactError without one."""
    try:
        return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    except OSError as error:
        raise ArtifactError(f"{folder} is no sealed folder: it has no {MANIFEST}") from error


def sealed_folders(parent: Path) -> list[Path]:
    """The folders below `parent` that have been sealed, by name; their files are not checked."""
    return sorted(path.parent for path in parent.glob(f"*/{MANIFEST}") if not path.parent.name.startswith("."))


def clear_temporary(parent: Path) -> None:
    """Remove what interrupted writers left; nobody may be writing below `parent`."""
    for path in parent.glob(f"{TEMPORARY}*"):
        shutil.rmtree(path, ignore_errors=True)


def announce(
    run: Run,
    folder: Path,
    state: str,
    *,
    step: int,
    branch: int,
    reason: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Record the state of a checkpoint: one spool line, which becomes its row and an event.

    The only place that says a checkpoint's state. `data` is what was known then (update, val_loss, …),
    `reason` why the state changed.
    """
    assert state in STATES, state
    known: dict[str, Any] = {}
    if state != "deleted":
        known = {"sha256": digest(folder), "bytes": _size(folder)}
    path = folder.relative_to(run.folder.parent).as_posix()
    run.record("checkpoint", b=branch, s=step, state=state, path=path, data=dict(data or {}), reason=reason, **known)


def remove(run: Run, folder: Path, *, step: int, branch: int, reason: str) -> None:
    """Delete a checkpoint so that it is never half there, and say so. Raises OSError."""
    doomed = folder.parent / f"{TEMPORARY}deleted-{folder.name}"
    folder.rename(doomed)
    announce(run, folder, "deleted", step=step, branch=branch, reason=reason)
    shutil.rmtree(doomed)


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a sealed folder without checking its files. Raises ArtifactError."""
    try:
        manifest: Any = json.loads((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise ArtifactError(f"{folder} is no sealed folder: it has no {MANIFEST}") from error
    except ValueError as error:
        raise ArtifactError(f"{folder / MANIFEST} is damaged: it is no JSON; the folder is not used") from error
    fields = _object(manifest)
    if not _object(fields.get("files")):
        raise ArtifactError(f"{folder / MANIFEST} is damaged: it lists no files; the folder is not used")
    if fields.get("format") != FORMAT:
        raise ArtifactError(f"{folder / MANIFEST} has format {fields.get('format')}, this program reads {FORMAT}")
    return fields


def _temporary(final: Path) -> Path:
    return final.parent / f"{TEMPORARY}{final.name}-{os.getpid()}"


def _object(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _check_file(path: Path, sealed: dict[str, Any]) -> None:
    found = _described(path)
    if found["bytes"] != sealed.get("bytes"):
        raise ArtifactError(
            f"{path} has {found['bytes']} bytes, {sealed.get('bytes')} were sealed; the folder is not used"
        )
    if found["sha256"] != sealed.get("sha256"):
        raise ArtifactError(f"{path} is damaged: its SHA-256 is not the sealed one; the folder is not used")


def _file_names(folder: Path, *, hidden: bool = False) -> list[str]:
    """Files below a folder, the manifest left out, and hidden ones where they are not asked for."""
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    return sorted(
        name
        for name in names
        if name != MANIFEST and (hidden or not any(part.startswith(".") for part in name.split("/")))
    )


def _described(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "bytes": path.stat().st_size}


def _size(folder: Path) -> int:
    return sum((folder / name).stat().st_size for name in (*_file_names(folder), MANIFEST))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
