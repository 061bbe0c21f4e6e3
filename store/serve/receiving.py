"""What trainers deliver: bytes of their spools, put at their place in a spool of the same name here.

A delivery says of which file it is and where it begins. What is there already is left out, what begins later than the
file ends is not taken, so each byte is written once however often it comes. Loading follows as for any run of this
machine: rows and offset in one transaction (`store.loading`).
"""

import json
import os
import re
import secrets
import shutil
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from assay.notes import sync_folder, write_note
from assay.recording import is_run_name
from assay.spool import LONGEST_LINE
from store.clock import utc_now
from store.database import Store
from store.errors import StoreError
from store.loading import REMOVED

__all__ = ["MOST_BYTES", "Delivery", "Receiver"]

MOST_BYTES = 4 << 20
"""Of one delivery."""

NOTE = "delivered.json"
"""File in the folder of a run that is delivered: by whom."""

LEDGER = ".inbox"
"""Folder of the same notes, which outlast the runs: one that was removed here does not come back."""

MOST_FILES = 4096
"""Spools of which is remembered where their last line begins; of others it is looked up."""

_FILE = re.compile(r"\d{1,6}-\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}\.jsonl")
_ORIGIN = re.compile(r"[0-9a-f]{32}")


class Delivery(NamedTuple):
    """Where bytes belong."""

    run: str
    """Name of the run."""

    origin: str
    """Random word of the run, which tells it from another of its name."""

    file: str
    """Name of the spool."""

    start: int
    """Byte of the spool that they begin at."""


class Receiver:
    """Takes deliveries for one store; one process at a time may."""

    def __init__(self, store: Store) -> None:
        """Nothing is touched yet."""
        self._root, self._database = store.root, store.path.name.casefold()
        self._lock = threading.Lock()
        self._begun: dict[Path, tuple[int, int]] = {}
        self._names: dict[str, set[str]] | None = None

    def offsets(self, token: str, run: str, origin: str) -> dict[str, int]:
        """How far each spool of a run has come, in bytes; nothing is made. Raises StoreError where it may not be
        delivered.
        """
        with self._lock, _explained("look at", run):
            folder = self._folder(token, run, origin)
            return {path.name: path.stat().st_size for path in (folder / "spool").glob("*.jsonl")}

    def take(self, token: str, delivery: Delivery, data: bytes) -> int:
        """Write what is new, on disk for good when this returns; returns how far the spool has come.

        Raises StoreError where it may not be delivered, a line is longer than spools have, or the disk does not take
        it.
        """
        if not _FILE.fullmatch(delivery.file):
            raise StoreError(f"{delivery.file!r} is no spool's name")
        with self._lock, _explained("write", delivery.run):
            folder = self._folder(token, delivery.run, delivery.origin)
            if not folder.exists():
                if delivery.start:
                    return 0
                self._make(folder, token, delivery.origin)
                # Where someone else was quicker, it is theirs.
                self._folder(token, delivery.run, delivery.origin)
            return self._append(folder / "spool" / delivery.file, delivery, data)

    def _folder(self, token: str, run: str, origin: str) -> Path:
        """Where the run is, or will be. Raises StoreError where it may not be delivered."""
        # The store may be called anything; the names of DuckDB's log and of our locks beside it begin with its own.
        if not is_run_name(run) or run.casefold().startswith(self._database) or not _ORIGIN.fullmatch(origin):
            raise StoreError(f"{run!r} cannot be a run's name here")
        folder = self._root / run
        if not folder.exists():
            self._require_wanted(run, origin)
            self._require_no_other_name(origin)
            return folder
        known = _note(folder / NOTE)
        if known is None or known["origin"] != origin:
            raise StoreError(_taken(run))
        if known["token"] != token:
            raise StoreError(f"run {run} is delivered with the token {known['token']}, not with {token}; use that one")
        return folder

    def _require_wanted(self, run: str, origin: str) -> None:
        note = self._ledger(run)
        known, marker = _note(note), self._root / f"{REMOVED}{run}"
        if known is None or known["origin"] != origin or not marker.exists():
            return
        if marker.stat().st_mtime_ns >= note.stat().st_mtime_ns:
            raise StoreError(
                f"run {run} was removed from the server, which takes no more of it; what was recorded stays where it is"
            )

    def _require_no_other_name(self, origin: str) -> None:
        """A run that is here under one name comes under no second one, or it would be here twice."""
        if self._names is None:
            names: dict[str, set[str]] = {}
            for name, known in _delivered(self._root):
                names.setdefault(known, set()).add(name)
            self._names = names
        for name in sorted(self._names.get(origin, ())):
            known = _note(self._root / name / NOTE)
            if known is not None and known["origin"] == origin:
                raise StoreError(f"the server has this run already and calls it {name}; deliver it with --as {name}")

    def _ledger(self, run: str) -> Path:
        return self._root / LEDGER / f"{run}.json"

    def _make(self, folder: Path, token: str, origin: str) -> None:
        _make(folder, self._ledger(folder.name), {"origin": origin, "token": token, "since": utc_now().isoformat()})
        if self._names is not None:
            self._names.setdefault(origin, set()).add(folder.name)

    def _append(self, path: Path, delivery: Delivery, data: bytes) -> int:
        is_new = not path.exists()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0), 0o644)
        try:
            size = os.fstat(descriptor).st_size
            if delivery.start > size:
                return size
            fresh = data[size - delivery.start :]
            begun = self._line_begun(path, size)
            if _first_end(fresh) + size - begun > LONGEST_LINE:
                raise StoreError(
                    f"a line of {delivery.file} in run {delivery.run} is longer than the {LONGEST_LINE >> 20} MiB that "
                    "a spool's line may have, so the server takes no more of this file; it stays where it is"
                )
            _write(descriptor, fresh)
            if is_new:
                sync_folder(path.parent)
            if b"\n" in fresh:
                begun = size + fresh.rfind(b"\n") + 1
            self._begun[path] = size + len(fresh), begun
            return size + len(fresh)
        finally:
            os.close(descriptor)

    def _line_begun(self, path: Path, size: int) -> int:
        """Where the line begins that the bytes after `size` go on with."""
        if len(self._begun) > MOST_FILES:
            self._begun.clear()
        known, begun = self._begun.get(path, (-1, 0))
        return begun if known == size else _last_end(path, size)


def _delivered(root: Path) -> Iterator[tuple[str, str]]:
    """Names and origins of the runs that were delivered."""
    for place in root.glob(f"*/{NOTE}"):
        if not place.parent.name.startswith("."):
            # One that is damaged is told of where its own run is delivered.
            with suppress(StoreError):
                known = _note(place)
                if known is not None:
                    yield place.parent.name, known["origin"]


def _first_end(data: bytes) -> int:
    """Bytes up to the first newline and with it, or all of them."""
    return data.find(b"\n") + 1 or len(data)


def _last_end(path: Path, size: int) -> int:
    """Where the last newline among the bytes that a line may have ends."""
    start = size
    with path.open("rb") as file:
        while start > max(0, size - LONGEST_LINE):
            start, end = max(0, start - MOST_BYTES), start
            file.seek(start)
            if found := file.read(end - start).rfind(b"\n") + 1:
                return start + found
    return start


def _write(descriptor: int, data: bytes) -> None:
    waiting = memoryview(data)
    while waiting:
        waiting = waiting[os.write(descriptor, waiting) :]
    getattr(os, "fdatasync", os.fsync)(descriptor)


def _taken(run: str) -> str:
    return (
        f"the server has another run called {run}; nothing of this one was sent: give it a name of its own with "
        f"`assay deliver {run} --as NAME`"
    )


def _note(path: Path) -> dict[str, str] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {name: str(found[name]) for name in ("origin", "token")}
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, LookupError) as error:
        raise StoreError(f"the server's note {path} is damaged ({error}); mend it there") from error


def _make(folder: Path, ledger: Path, note: dict[str, str]) -> None:
    """Make a run's folder with its note in it, whole or not at all."""
    text = json.dumps(note) + "\n"
    ledger.parent.mkdir(exist_ok=True)
    write_note(ledger, text)
    unfinished = ledger.with_name(f"{folder.name}.{secrets.token_hex(8)}")
    (unfinished / "spool").mkdir(parents=True)
    try:
        write_note(unfinished / NOTE, text)
        unfinished.rename(folder)
        sync_folder(folder.parent)
    except OSError:
        # Where someone else was quicker, it is another's folder that is looked into next.
        if not folder.exists():
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


@contextmanager
def _explained(doing: str, run: str) -> Generator[None]:
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise StoreError(f"the server cannot {doing} run {run}: {why}; what was recorded waits where it is") from error
