"""The run a watched log is recorded as: found again by its source, held by one watcher at a time."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import portalocker
from portalocker import LockFlags

from assay.errors import AssayError
from assay.recording import named_after, new_folder
from assay.spool import read_opening, read_spool
from store.readers import Found
from store.readers.events import is_output_folder
from store.watch_history import spool_lines

__all__ = ["Watched", "hold_run", "recorded_source", "run_name"]

LOCK_NAME = "watch.lock"
STARTING = "assay.watching"

_COMMON_FILES = frozenset({"trainer_log", "trainer_state", "logging", "log", "logs", "metrics", "train", "train_log"})
"""Names of log files that say nothing about the run; its folder's name does."""


class Watched(NamedTuple):
    """What the opening of a run's spool says about its source."""

    source: Path
    """What the person named."""

    found: Found
    """What was followed there."""


@contextmanager
def hold_run(root: Path, source: Path, found: Found, name: str | None, *, known: Path | None = None) -> Generator[Path]:
    """The folder of the run that records a source, and of nobody else meanwhile.

    It is `known`, or the run that recorded it before, or a new one. A new folder in which nothing was recorded
    goes away again. Raises AssayError where the source is being watched or the name is another
    run's, OSError.
    """
    root.mkdir(parents=True, exist_ok=True)
    # Held while the run is found or made, so that two who start at once do not make two.
    with _locked(root / STARTING, wait=30.0) as mine:
        if not mine:
            raise AssayError(f"another `assay watch` or `assay import` is starting in {root}; try again")
        folder = known or _folder_of(root, source, found, name)
        held = _lock(folder / LOCK_NAME, wait=0.0)
        if held is None:
            raise AssayError(
                f"{source} is being watched or imported already, as run {folder.name}; end that first, or wait for it"
            )
    try:
        yield folder
    finally:
        if not (folder / "spool").exists():
            _discard(root, folder)
        held.release()


def recorded_source(root: Path, source: Path) -> Found | None:
    """What was followed the last time something was watched there, while it is still there."""
    for _, (recorded, found) in _watched_runs(root):
        if recorded == source and found.path.exists():
            # What was one run when it was first seen may have been resumed into another one.
            grown = found.format == "tensorboard" and source.is_dir() and is_output_folder(source)
            return Found(found.format, source) if grown else found
    return None


def run_name(source: Path) -> str:
    """Name a run after what is watched: after the folder, or a file that has a name of its own.

    >>> run_name(Path("/out/qwen sft/trainer_log.jsonl")), run_name(Path("/logs/gpt2.csv"))
    ('qwen sft', 'gpt2')
    """
    stem = source.stem
    common = "tfevents" in source.name or stem.lower() in _COMMON_FILES
    name = source.name if source.is_dir() or not source.suffix else source.parent.name if common else stem
    return named_after(name, "watched")


def _discard(root: Path, folder: Path) -> None:
    with _locked(root / STARTING, wait=5.0), suppress(OSError):
        (folder / LOCK_NAME).unlink()
        folder.rmdir()


def _folder_of(root: Path, source: Path, found: Found, name: str | None) -> Path:
    for folder, watched in _watched_runs(root):
        same = watched.found.path == found.path or watched.source == source
        if same and watched.found.format == found.format and name in (None, folder.name):
            return folder
    wanted = name or run_name(source)
    taken = root / wanted
    if (taken / LOCK_NAME).exists() and _is_blank(taken):
        return taken
    if name is not None and taken.exists():
        raise AssayError(f"run {name} in {root} records something else than {source}; give another --name")
    return new_folder(root, wanted)


def _is_blank(folder: Path) -> bool:
    """Whether a watcher was killed here before it had said what it follows."""
    return all(line["k"] == "open" for line in spool_lines(folder))


def _watched_runs(root: Path) -> Iterator[tuple[Path, Watched]]:
    """The runs that record a log of another program, by folder, the one opened last first."""
    spools = [path for path in root.glob("*/spool/0-*.jsonl") if not path.parts[-3].startswith(".")]
    for folder in dict.fromkeys(path.parents[1] for path in sorted(spools, key=lambda path: path.name, reverse=True)):
        watched = next(filter(None, map(_opening, sorted((folder / "spool").glob("0-*.jsonl")))), None)
        if watched is not None:
            yield folder, watched


def _opening(spool: Path) -> Watched | None:
    try:
        lines = [*read_opening(spool), *read_spool(spool, limit=1 << 16).lines]
    except FileNotFoundError:
        return None  # its run was removed meanwhile
    for line in lines:
        if line["k"] == "run" and "watch" in line["fields"]:
            fields: dict[str, Any] = line["fields"]
            return Watched(Path(fields["source"]), Found(fields["watch"]["format"], Path(fields["watch"]["path"])))
    return None


@contextmanager
def _locked(path: Path, wait: float) -> Generator[bool]:
    held = _lock(path, wait)
    try:
        yield held is not None
    finally:
        if held is not None:
            held.release()


def _lock(path: Path, wait: float) -> "portalocker.Lock | None":
    lock = portalocker.Lock(
        path, "a", timeout=wait, flags=LockFlags.EXCLUSIVE | LockFlags.NON_BLOCKING, check_interval=0.05
    )
    try:
        lock.acquire()
    except portalocker.LockException:
        return None
    return lock
