"""Copy a whole store to another place: the database, spools, secrets, exports, and the checkpoints that are wanted.

The database is copied while nobody can write it, and of each spool as much as it has loaded: what is copied agrees,
also while runs go on. All of it is written under another name first, so a backup that was interrupted is none.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from assay.version import VERSION
from store.access import Actor, require
from store.artifacts import MANIFEST, ArtifactError, read_manifest, temporary_for
from store.audit import Entry, append
from store.backup_list import BackupError, Contents, Listed, write_contents
from store.backup_plan import CHOICES, Chosen, Item, Named, choose, files_of, names_of, other_files
from store.chain import stamp
from store.clock import utc_now
from store.database import Store, Transaction
from store.errors import StoreMissingError
from store.loading import LoadReport, load_spools
from store.moved import MARKER, roots_before
from store.version import schema_version

__all__ = ["Backed", "Progress", "back_up", "copy_files", "quiet", "require_room", "sync_folders", "writing"]

BLOCK = 1 << 20

SECRETS = ".secrets"

Progress = Callable[[str, int, int], object]
"""Told what is done now, the bytes of it that are done, and all of them."""


class Backed(NamedTuple):
    """A backup that was made."""

    digest: str
    """Digest of its list, which holds that of every file."""

    contents: Contents
    """What is in it."""

    damaged: list[str]
    """Checkpoints that were to be in it and are not what was sealed, a sentence each."""


def quiet(_what: str, _done: int, _all: int) -> None:
    """Tell nobody."""


def back_up(store: Store, actor: Actor, folder: Path, which: str = "pinned", progress: Progress = quiet) -> Backed:
    """Copy a store into a new folder; `which` checkpoints are pinned, stable or all.

    Raises BackupError where the folder exists, lies in the store, or cannot be written, StoreError, AccessError.
    """
    assert which in CHOICES, which
    if not store.exists:
        raise StoreMissingError(f"there is no store at {store.path} to back up")
    store.snapshot(lambda snapshot: require(snapshot, actor, "user:manage"))
    final = folder.expanduser().absolute()
    _require_new(final, store.root)
    unloaded = _unloaded(load_spools(store))
    with writing(final) as temporary:
        temporary.chmod(0o700)
        _copy_database(store, temporary / store.path.name)
        made = _fill(temporary, store, which, unloaded, progress)
        temporary.rename(final)
    entry = {"checkpoints": which, "backup": made.digest}
    store.transaction(lambda transaction: _tell(transaction, actor, entry))
    return made


def copy_files(items: Iterable[Item], folder: Path, progress: Callable[[int], object]) -> dict[str, Listed]:
    """Copy files to their places below a folder, with their modes and times. Raises OSError.

    `progress` is told the bytes of each piece.
    """
    return {item.name: _copy(item, folder / item.name, progress) for item in items}


@contextmanager
def writing(final: Path) -> Generator[Path]:
    """A temporary folder beside `final`, to be renamed to it; whatever ends the work, nothing half is left."""
    temporary = None
    try:
        temporary = temporary_for(final)
        yield temporary
    except OSError as error:
        said = f"cannot copy {error.filename}" if error.filename else f"cannot write {final}"
        raise BackupError(f"{said}: {error.strerror or error}; nothing was left behind") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _require_new(final: Path, root: Path) -> None:
    if final.exists():
        raise BackupError(f"{final} exists, and a backup is never written over; name a folder that does not")
    if final.resolve().is_relative_to(root):
        raise BackupError(f"{final} lies in the store that is to be backed up; name a folder elsewhere")


def _unloaded(report: LoadReport) -> frozenset[str]:
    """Names of spool files that the store does not take: of a newer format, or odd."""
    return frozenset([*report.newer, *(said.partition(": ")[0].rpartition("/")[2] for said in report.unreadable)])


def _copy_database(store: Store, copy: Path) -> None:
    """Nobody has the file attached inside `exclusive`, so that opening it drops no one's lock."""
    with store.exclusive():
        shutil.copy2(store.path, copy)
        log = Path(f"{store.path}.wal")
        if log.exists():
            shutil.copy2(log, f"{copy}.wal")


def _fill(folder: Path, store: Store, which: str, unloaded: frozenset[str], progress: Progress) -> Backed:
    """Copy everything but the database, which is there already, and write the list."""
    root, copy = store.root, Store.at(folder / store.path.name)
    chosen = copy.snapshot(lambda snapshot: choose(snapshot, root, which))
    rows = copy.rows('SELECT r.name, o.file, o."offset" FROM spool_offset o JOIN run r ON r.id = o.run_id')
    offsets = {(row["name"], row["file"]): row["offset"] for row in rows}
    runs = copy.rows("SELECT name, ended FROM run ORDER BY name")
    for name in ("lock", "turn"):
        Path(f"{copy.path}.{name}").unlink(missing_ok=True)
    others = [item for item in other_files(root, store.path.name, offsets, unloaded) if item.name != MARKER]
    sealed = {path: files_of(root, path) for path in chosen.taken}
    needed = sum(item.size for items in (others, *sealed.values()) for item in items)
    require_room(folder, needed)
    count = _Counter(progress, needed)
    files = {path.name: _listed(path) for path in sorted(folder.iterdir())}
    damaged = _copy_sealed(sealed, chosen, folder, files, count)
    files |= copy_files(others, folder, count)
    contents = _contents(store, which, runs, chosen, names_of(root), files)
    digest = write_contents(folder, contents)
    sync_folders(folder)
    return Backed(digest, contents, damaged)


class _Counter:
    """Adds up the bytes that are done."""

    def __init__(self, progress: Progress, needed: int) -> None:
        self._progress, self._needed, self._done = progress, needed, 0

    def __call__(self, count: int) -> None:
        self._done += count
        self._progress("copied", self._done, self._needed)


def _copy_sealed(
    sealed: dict[str, list[Item]], chosen: Chosen, folder: Path, files: dict[str, Listed], count: _Counter
) -> list[str]:
    """Copy the checkpoints that are as they were sealed; a sentence for each that is not."""
    damaged: list[str] = []
    for path, items in sealed.items():
        try:
            found = copy_files(items, folder, count)
            said = _fault(path, chosen.taken[path], folder, found)
        except FileNotFoundError:
            found, said = {}, "it was cleared away meanwhile"
        if said:
            shutil.rmtree(folder / path, ignore_errors=True)
            chosen.leave_out(path, said)
            damaged += [f"{path}: {said}"] if found else []
        else:
            files |= found
    return damaged


def _fault(path: str, sha256: str, folder: Path, found: dict[str, Listed]) -> str:
    """What of a copied checkpoint is not as it was sealed; empty where all is."""
    if sha256 and found[f"{path}/{MANIFEST}"].sha256 != sha256:
        return f"its {MANIFEST} is not the one that was sealed"
    try:
        sealed = read_manifest(folder / path)["files"]
    except ArtifactError as error:
        return str(error)
    for name, wanted in sealed.items():
        file = found.get(f"{path}/{name}")
        if file is None or file.sha256 != wanted.get("sha256"):
            return f"{name} is {'missing' if file is None else 'damaged'}"
    return ""


def _copy(item: Item, target: Path, progress: Callable[[int], object]) -> Listed:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if item.name.startswith(f"{SECRETS}/") else 0o777)
    found, left = hashlib.sha256(), item.size
    with item.source.open("rb") as source, target.open("wb") as file:
        while left and (block := source.read(min(BLOCK, left))):
            file.write(block)
            found.update(block)
            left -= len(block)
            progress(len(block))
        file.flush()
        os.fsync(file.fileno())
    shutil.copystat(item.source, target)
    return Listed(found.hexdigest(), item.size - left, target.stat().st_mode & 0o777)


def _listed(path: Path) -> Listed:
    with path.open("rb") as file:
        status = path.stat()
        return Listed(hashlib.file_digest(file, "sha256").hexdigest(), status.st_size, status.st_mode & 0o777)


def _contents(
    store: Store, which: str, runs: list[dict[str, Any]], chosen: Chosen, named: Named, files: dict[str, Listed]
) -> Contents:
    roots = list(dict.fromkeys([str(store.root), *named.roots, *roots_before(store.root)]))
    return Contents(
        created=stamp(utc_now()), program=f"assay {VERSION}", roots=roots, database=store.path.name,
        version=schema_version(), checkpoints=which, runs=len(runs), taken=sorted(chosen.taken),
        left_out=dict(sorted(chosen.left_out.items())), outside=named.outside, files=files,
        unfinished=[run["name"] for run in runs if run["ended"] is None],
    )  # fmt: skip


def require_room(folder: Path, needed: int) -> None:
    """Raises BackupError where the disk below a folder has fewer bytes free than are needed."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise BackupError(
            f"{needed / 1e9:,.2f} GB are to be copied, and {folder.parent} has {free / 1e9:,.2f} GB free; make room, "
            "name another place, or take fewer checkpoints (assay db backup --checkpoints pinned)"
        )


def sync_folders(folder: Path) -> None:
    """Make a folder and those in it safe on disk; their files are."""
    for place in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _tell(transaction: Transaction, actor: Actor, payload: dict[str, str]) -> None:
    role = require(transaction, actor, "user:manage")
    append(transaction, Entry(actor.named, role, "store-backup", "store", payload))
