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
from pathlib import Path
from typing import NamedTuple

from assay.recording import is_run_name
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
        self._root = store.root
        self._lock = threading.Lock()

    def offsets(self, token: str, run: str, origin: str) -> dict[str, int]:
        """How far each spool of a run has come, in bytes. Raises StoreError where it may not be delivered."""
        with self._lock:
            folder = self._folder(token, run, origin)
            return {path.name: path.stat().st_size for path in (folder / "spool").glob("*.jsonl")}

    def take(self, token: str, delivery: Delivery, data: bytes) -> int:
        """Write what is new, on disk for good when this returns; returns how far the spool has come.

        Raises StoreError where it may not be delivered, or the disk does not take it.
        """
        if not _FILE.fullmatch(delivery.file):
            raise StoreError(f"{delivery.file!r} is no spool's name")
        with self._lock:
            folder = self._folder(token, delivery.run, delivery.origin)
            try:
                return _append(folder / "spool" / delivery.file, delivery.start, data)
            except OSError as error:
                raise StoreError(
                    f"the server cannot write run {delivery.run}: {error.strerror}; what was recorded waits where it is"
                ) from error

    def _folder(self, token: str, run: str, origin: str) -> Path:
        if not is_run_name(run) or not _ORIGIN.fullmatch(origin):
            raise StoreError(f"{run!r} cannot be a run's name here")
        folder, note = self._root / run, self._root / LEDGER / f"{run}.json"
        try:
            if not folder.exists():
                self._require_wanted(run, origin, note)
                _make(folder, note, {"origin": origin, "token": token, "since": utc_now().isoformat()})
            known = _note(folder / NOTE)
        except OSError as error:
            raise StoreError(f"the server cannot make run {run}: {error.strerror}; nothing is lost") from error
        if known is None or known["origin"] != origin:
            raise StoreError(_taken(run))
        if known["token"] != token:
            raise StoreError(f"run {run} is delivered with the token {known['token']}, not with {token}; use that one")
        return folder

    def _require_wanted(self, run: str, origin: str, note: Path) -> None:
        known = _note(note)
        marker = self._root / f"{REMOVED}{run}"
        if known is None or known["origin"] != origin or not marker.exists():
            return
        if marker.stat().st_mtime_ns >= note.stat().st_mtime_ns:
            raise StoreError(
                f"run {run} was removed from the server, which takes no more of it; what was recorded stays where it is"
            )


def _taken(run: str) -> str:
    return (
        f"the server has another run called {run}; nothing of this one was sent: give it a name of its own with "
        f"`assay deliver {run} --as NAME`"
    )


def _append(path: Path, start: int, data: bytes) -> int:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0), 0o644)
    try:
        size = os.fstat(descriptor).st_size
        if start > size:
            return size
        fresh = memoryview(data)[size - start :]
        while fresh:
            fresh = fresh[os.write(descriptor, fresh) :]
        getattr(os, "fdatasync", os.fsync)(descriptor)
        return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)


def _note(path: Path) -> dict[str, str] | None:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise StoreError(f"the server's note {path} is damaged ({error}); mend it there") from error


def _make(folder: Path, ledger: Path, note: dict[str, str]) -> None:
    """Make a run's folder with its note in it, whole or not at all."""
    text = json.dumps(note) + "\n"
    ledger.parent.mkdir(exist_ok=True)
    fresh = ledger.with_name(f"{ledger.name}.{secrets.token_hex(8)}")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(ledger)
    unfinished = ledger.with_name(f"{folder.name}.{secrets.token_hex(8)}")
    (unfinished / "spool").mkdir(parents=True)
    (unfinished / NOTE).write_text(text, encoding="utf-8")
    try:
        # Where someone else was quicker, it is another's folder that is looked into next.
        unfinished.rename(folder)
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)
        if not folder.exists():
            raise
