"""Put a backup back: into an empty place, every byte checked before and after, and what was left out said so.

Checkpoints that the backup left out are told as deleted in their runs' spools, which are the truth: no list claims
them.
"""

import hashlib
import time
from pathlib import Path
from typing import Any, NamedTuple

from assay.spool import SpoolFile, encode
from assay.version import VERSION
from store.access import Actor, require
from store.audit import Entry, append
from store.backup import Progress, copy_files, quiet, require_room, sync_folders, writing
from store.backup_list import LIST, BackupError, Contents, Listed, read_contents
from store.backup_plan import Item
from store.database import Store, Transaction
from store.loading import load_spools
from store.migrate import migrate
from store.moved import write_marker
from store.version import schema_version

__all__ = ["Restored", "restore"]


class Restored(NamedTuple):
    """A store that was put back."""

    digest: str
    """Digest of the backup's list."""

    contents: Contents
    """What the backup said of itself."""

    migrated: list[str]
    """Migrations that brought the store to this program's schema."""


def restore(backup: Path, store: Store, actor: Actor, progress: Progress = quiet) -> Restored:
    """Make a store of a backup, where there is none yet; a resumed run finds models and data that came along.

    Raises BackupError where the place holds anything, or a byte of the backup is not as it was written, StoreError.
    """
    contents, digest = read_contents(backup)
    if contents.version > schema_version():
        raise BackupError(
            f"the backup {backup} has schema {contents.version}, newer than this program; install that Assay"
        )
    _require_empty(store)
    _check(backup, contents.files, "checked", progress, known={LIST})
    with writing(store.root) as temporary:
        require_room(temporary, sum(file.bytes for file in contents.files.values()))
        _copy_all(backup, contents, temporary, progress)
        _rename_database(contents, temporary, store.path.name)
        write_marker(temporary, contents.roots, digest)
        _tell_left_out(temporary, contents)
        sync_folders(temporary)
        if store.root.is_dir():
            store.root.rmdir()
        temporary.rename(store.root)
    migrated = migrate(store)
    load_spools(store)
    store.transaction(lambda transaction: _tell(transaction, actor, digest))
    return Restored(digest, contents, migrated)


def _require_empty(store: Store) -> None:
    root = store.root
    if root.is_dir() and any(root.iterdir()):
        raise BackupError(f"{root} is not empty, and a store is restored into an empty place; name one with --store")
    if root.exists() and not root.is_dir():
        raise BackupError(f"{root} is a file; name a folder with --store")


def _check(folder: Path, files: dict[str, Listed], what: str, progress: Progress, known: set[str]) -> None:
    """Raises BackupError naming the first file that is not as it was written."""
    done, needed = 0, sum(file.bytes for file in files.values())
    for name, listed in files.items():
        _check_file(folder / name, listed)
        done += listed.bytes
        progress(what, done, needed)
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    if odd := sorted(there - files.keys() - known):
        raise BackupError(f"{folder / odd[0]} was added after the backup was made; take another copy")


def _check_file(path: Path, listed: Listed) -> None:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise BackupError(f"{path} is missing; take another copy of the backup") from error
    except OSError as error:
        raise BackupError(f"cannot read {path}: {error.strerror}") from error
    if found != listed.sha256:
        raise BackupError(f"{path} is damaged: it is not what was backed up; take another copy of the backup")


def _copy_all(backup: Path, contents: Contents, folder: Path, progress: Progress) -> None:
    done, needed = 0, sum(file.bytes for file in contents.files.values())

    def count(more: int) -> None:
        nonlocal done
        done += more
        progress("copied", done, needed)

    copy_files((Item(backup / name, name, file.bytes) for name, file in contents.files.items()), folder, count)
    for name, listed in contents.files.items():
        # Copies of a backup lose modes; secrets must not.
        (folder / name).chmod(listed.mode)
    _check(folder, contents.files, "checked again", progress, known=set())


def _rename_database(contents: Contents, folder: Path, name: str) -> None:
    for ending in ("", ".wal"):
        place = folder / f"{contents.database}{ending}"
        if place.exists():
            place.rename(folder / f"{name}{ending}")


def _tell_left_out(folder: Path, contents: Contents) -> None:
    """One spool file a run, which says of each checkpoint that is not there that it was deleted, and why."""
    runs: dict[str, list[str]] = {}
    for path in contents.left_out:
        runs.setdefault(path.partition("/")[0], []).append(path)
    for run, paths in runs.items():
        now = time.time()
        lines: list[dict[str, Any]] = [_deleted(path, contents) for path in paths]
        if run in contents.unfinished:
            # Else the fresh lines would make a run whose process is elsewhere look alive.
            lines.append({"k": "status", "status": "lost"})
        file = SpoolFile(folder / run, 0, f"assay {VERSION}")
        file.write(b"".join(encode({"t": now, **line}) for line in lines))
        file.sync()
        file.close()


def _deleted(path: str, contents: Contents) -> dict[str, Any]:
    left = contents.left_out[path]
    reason = f"not in the backup of {contents.created[:10]}: {left.why}"
    place = {"b": left.branch, "s": left.step, "path": path}
    return {"k": "checkpoint", **place, "state": "deleted", "data": {}, "reason": reason}


def _tell(transaction: Transaction, actor: Actor, digest: str) -> None:
    role = require(transaction, actor, "user:manage")
    append(transaction, Entry(actor.named, role, "store-restore", "store", {"backup": digest}))
