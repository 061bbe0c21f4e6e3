"""Bring spools into the store: up to the last newline, each line exactly once.

The rows and the byte offset behind them are written in one transaction that first checks that
nobody else has moved the offset. Any assay process may load; who finds another loading leaves it.
"""

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

import duckdb
import portalocker
import pyarrow as pa
from portalocker import LockFlags
from portalocker.exceptions import BaseLockException

from assay.spool import FORMAT, read_spool
from store.database import Snapshot, Store, Transaction
from store.errors import StoreError
from store.eval_rows import EvalLoader
from store.run_rows import RunRows
from store.spool_rows import SpoolRows, rows_of

__all__ = ["LoadReport", "Loader", "SpoolLoader", "load_spools", "spool_files"]

CHUNK_BYTES = 4 << 20
"""Read of one file a pass."""

PASS_BYTES = 16 << 20
"""Read of all files a pass, which bounds the memory of a pass and the time others wait for it."""

ODD_CONTENT = (
    pa.ArrowException, duckdb.DataError, duckdb.IntegrityError, duckdb.InvalidInputException, ArithmeticError,
    ValueError, TypeError, LookupError, RecursionError,
)  # fmt: skip
"""What one file's lines can make Python, Arrow or DuckDB raise although each was looked at: then the
files are put one by one, so that one cannot keep the others out."""

SURVIVED = (StoreError, OSError, duckdb.Error, BaseLockException, MemoryError, RuntimeError, *ODD_CONTENT)
"""What a pass can end with while the thread goes on: the store, its file or its lock sick, or a spool
that nobody expected; a dashboard that silently stopped following would be worse than one that says why."""

REMOVED = ".removed-"
"""Begin of the name of the marker that lies beside a run's folder from the time it was removed."""

MOST_DIGITS = 7

Key = tuple[str, str]


class LoadReport(NamedTuple):
    """What a load found."""

    lines: int = 0
    """Lines loaded."""

    damaged: int = 0
    """Lines that could not be read; they are counted in the store too."""

    newer: tuple[str, ...] = ()
    """Spool files in a format that this program does not know; they are left alone."""

    unreadable: tuple[str, ...] = ()
    """Spool files that could not be read or put in, as RUN/FILE: why; they are tried again."""


class _Spool(NamedTuple):
    """A spool file as it is now."""

    key: Key
    path: Path
    size: int


class _Piece(NamedTuple):
    """Lines of one file on their way into the store."""

    key: Key
    path: Path
    size: int
    before: int
    after: int
    rows: SpoolRows


class SpoolLoader:
    """Loads the spools of one store again and again, remembering how far it got."""

    def __init__(self, store: Store) -> None:
        """Nothing is read before `load`."""
        self._store = store
        self._offsets: dict[Key, int] = {}
        self._stuck: dict[Key, int] = {}
        self._unreadable: dict[Key, str] = {}
        self._refused: dict[Key, str] = {}
        self._newer: set[Key] = set()
        self._last_run = ""
        self._known_file: tuple[int, int] | None = None
        self._evaluations = EvalLoader(store)

    def load(self) -> LoadReport:
        """Load everything there is by now. Raises StoreError, OSError, duckdb.Error; what was not
        loaded then is loaded the next time.
        """
        lines = damaged = 0
        while pieces := self._pieces():
            for piece in self._put(pieces):
                lines += piece.rows.lines
                damaged += piece.rows.damaged
        self._evaluations.load()
        troubled = {**self._refused, **self._unreadable}
        unreadable = tuple(f"{run}/{file}: {why}" for (run, file), why in sorted(troubled.items()))
        return LoadReport(lines, damaged, tuple(sorted(file for _, file in self._newer)), unreadable)

    def _pieces(self) -> list[_Piece]:
        self._forget_if_replaced()
        grown = [spool for spool in self._spools() if self._has_grown(spool)]
        if not grown:
            return []
        if not self._store.exists:
            self._store.create()
        if any(spool.key not in self._offsets for spool in grown):
            # Else what this loader has put itself stands: its transaction asks whether that is still so.
            self._offsets.update(self._store.snapshot(_loaded))
        # Where there is more than a pass can take, the runs take turns.
        grown.sort(key=lambda spool: spool.key[0] <= self._last_run)
        return self._within_budget(grown)

    def _within_budget(self, grown: list[_Spool]) -> list[_Piece]:
        pieces: list[_Piece] = []
        waiting: set[tuple[str, int]] = set()
        budget = PASS_BYTES
        for spool in grown:
            writer = _writer(spool.key)
            # Facts of a later file replace those of an earlier one, so each is loaded whole before the next.
            if writer in waiting or (piece := self._piece(spool)) is None:
                continue
            pieces.append(piece)
            if piece.after < spool.size:
                waiting.add(writer)
            budget -= piece.after - piece.before
            self._last_run = spool.key[0]
            if budget <= 0:
                break
        return pieces

    def _spools(self) -> list[_Spool]:
        found: list[_Spool] = []
        self._unreadable.clear()
        for path in spool_files(self._store.root):
            key = (path.parent.parent.name, path.name)
            try:
                found.append(_Spool(key, path, path.stat().st_size))
            except FileNotFoundError:
                continue  # its run was removed meanwhile
            except OSError as error:
                self._unreadable[key] = error.strerror or str(error)
        return found

    def _has_grown(self, spool: _Spool) -> bool:
        return spool.size > self._offsets.get(spool.key, 0) and spool.size != self._stuck.get(spool.key)

    def _forget_if_replaced(self) -> None:
        try:
            stat = self._store.path.stat()
            file = (stat.st_dev, stat.st_ino)
        except FileNotFoundError:
            file = None
        if file != self._known_file:
            self._known_file = file
            self._offsets.clear()
            self._stuck.clear()
            self._refused.clear()
            self._evaluations = EvalLoader(self._store)

    def _piece(self, spool: _Spool) -> _Piece | None:
        key, before = spool.key, self._offsets.get(spool.key, 0)
        try:
            chunk = read_spool(spool.path, before, CHUNK_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._unreadable[key] = error.strerror or str(error)
            return None
        unknown = before == 0 and bool(chunk.lines) and not _is_known(chunk.lines[0].get("format", FORMAT))
        if unknown:
            self._newer.add(key)
        if unknown or chunk.offset == before:
            # A torn last line, or a format of another program: not looked at again until the file grows.
            self._stuck[key] = spool.size
            return None
        run, rank = _writer(key)
        rows = rows_of(chunk.lines, rank, run)
        rows.damaged += chunk.damaged
        return _Piece(key, spool.path, spool.size, before, chunk.offset, rows)

    def _put(self, pieces: list[_Piece]) -> list[_Piece]:
        """The pieces that were put."""
        for piece in pieces:
            self._offsets.pop(piece.key, None)
        try:
            put = self._store.transaction(lambda transaction: _put_pieces(transaction, pieces))
        except ODD_CONTENT as error:
            if len(pieces) > 1:
                return [done for piece in pieces for done in self._put([piece])]
            self._leave(pieces[0], error)
            return []
        for piece in put:
            self._offsets[piece.key] = piece.after
            self._refused.pop(piece.key, None)
        return put

    def _leave(self, piece: _Piece, error: BaseException) -> None:
        self._stuck[piece.key] = piece.size
        self._refused[piece.key] = str(error).partition("\n")[0] or type(error).__name__


def load_spools(store: Store, *, wait: float = 5.0) -> LoadReport:
    """Load all spools once, waiting up to `wait` seconds for another process that is at it.

    Where the folder cannot be written, nothing is loaded. Raises StoreError.
    """
    try:
        with _sole_loader(store, wait) as mine:
            return SpoolLoader(store).load() if mine else LoadReport()
    except OSError as error:
        raise StoreError(
            f"cannot load what lies in {store.root}: {error.strerror or error}; mend that, or name another store "
            "with --store"
        ) from error


class Loader:
    """A thread that loads spools while its process lives; a sick store only delays it."""

    def __init__(self, store: Store, every: float = 0.5) -> None:
        """Load each `every` seconds."""
        self._loader = SpoolLoader(store)
        self._store, self._every = store, every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="assay-loader", daemon=True)
        self.error: str | None = None
        """Why the last pass failed, in one sentence; None when it went well."""

    def start(self) -> Self:
        """Start the thread."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Load what is left and end the thread."""
        self._stop.set()
        self._thread.join(timeout=30)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _loop(self) -> None:
        while not self._stop.wait(self._every):
            self._pass(wait=0.0)
        self._pass(wait=2.0)

    def _pass(self, wait: float) -> None:
        try:
            with _sole_loader(self._store, wait) as mine:
                report = self._loader.load() if mine else LoadReport()
            self.error = "; ".join(report.unreadable) or None
        except SURVIVED as error:
            self.error = str(error) or type(error).__name__


@contextmanager
def _sole_loader(store: Store, wait: float) -> Generator[bool]:
    """Whether this process may load now; the lock's file lies beside the store."""
    if not store.root.is_dir():
        yield False
        return
    lock = portalocker.Lock(
        f"{store.path}.loading",
        "a",
        timeout=wait,
        flags=LockFlags.EXCLUSIVE | LockFlags.NON_BLOCKING,
        check_interval=0.02,
    )
    try:
        lock.acquire()
    except BaseLockException:
        yield False
        return
    except OSError as error:
        if not os.access(store.root, os.R_OK | os.X_OK):
            raise StoreError(
                f"the folder {store.root} cannot be read: {error.strerror}; change its permissions, or name another "
                "store with --store"
            ) from error
        yield False  # what was loaded before can still be read
        return
    try:
        yield True
    finally:
        lock.release()


def spool_files(root: Path) -> list[Path]:
    """All spool files of a store, by run and then by rank and time; not those of runs being removed."""
    removed = {marker.name.removeprefix(REMOVED) for marker in root.glob(f"{REMOVED}*")}
    runs = {path: path.parent.parent.name for path in root.glob("*/spool/*.jsonl")}
    return sorted(
        path for path, run in runs.items() if not run.startswith(".") and (run not in removed or not _is_removed(path))
    )


def _writer(key: Key) -> tuple[str, int]:
    """Run and rank of a file."""
    rank = key[1].split("-", 1)[0]
    # Not isdigit: int() does not take all that it does, and a longer number is no rank.
    return key[0], int(rank) if rank.isdecimal() and len(rank) < MOST_DIGITS else 0


def _is_known(found: Any) -> bool:
    return type(found) is int and found <= FORMAT


def _put_pieces(transaction: Transaction, pieces: list[_Piece]) -> list[_Piece]:
    """The pieces that were put, which those of a removed run and those already loaded are not."""
    put: list[tuple[int, _Piece]] = []
    overtaken: set[tuple[str, int]] = set()
    loaded = _loaded(transaction)
    rows = RunRows(transaction, [piece.key[0] for piece in pieces])
    for piece in pieces:
        if _writer(piece.key) in overtaken or _is_removed(piece.path):
            continue
        if loaded.get(piece.key, 0) != piece.before:
            # Someone else loaded these lines since they were read, perhaps not to the end of the file.
            overtaken.add(_writer(piece.key))
            continue
        run_id = rows.put(piece.key[0], piece.rows)
        put.append((run_id, piece))
    rows.finish()
    for sql, is_first in ((_FIRST, True), (_FURTHER, False)):
        _put_offsets(transaction, [each for each in put if (each[1].key not in loaded) == is_first], sql)
    return [piece for _, piece in put]


def _loaded(snapshot: Snapshot) -> dict[Key, int]:
    """How far each file is loaded, by the store."""
    rows = snapshot.rows('SELECT r.name, o.file, o."offset" FROM spool_offset o JOIN run r ON r.id = o.run_id')
    return {(row["name"], row["file"]): row["offset"] for row in rows}


def _is_removed(spool: Path) -> bool:
    """Whether a file is gone or about to go; what was written since belongs to a new run of that name."""
    folder = spool.parent.parent
    try:
        changed = spool.stat().st_mtime_ns
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        return folder.with_name(f"{REMOVED}{folder.name}").stat().st_mtime_ns >= changed
    except OSError:
        return False


def _put_offsets(transaction: Transaction, pieces: list[tuple[int, _Piece]], sql: str) -> None:
    rows = [
        {
            "run_id": run_id, "file": piece.key[1], "offset": piece.after, "lines": piece.rows.lines,
            "damaged": piece.rows.damaged,
        }
        for run_id, piece in pieces
    ]  # fmt: skip
    if rows:
        transaction.execute_with(pa.Table.from_pylist(rows), sql)


_FIRST = "INSERT INTO spool_offset BY NAME SELECT * FROM incoming_rows"

_FURTHER = """
UPDATE spool_offset o SET "offset" = i."offset", lines = o.lines + i.lines, damaged = o.damaged + i.damaged
FROM incoming_rows i WHERE o.run_id = i.run_id AND o.file = i.file
"""
