"""Bring spools into the store: up to the last newline, each line exactly once.

The rows and the byte offset behind them are written in one transaction that first checks that
nobody else has moved the offset. Any assay process may load; who finds another loading leaves it.
"""

import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

import duckdb
import portalocker
import pyarrow as pa
from portalocker import LockFlags

from assay.spool import FORMAT, read_spool
from store.database import Store, Transaction
from store.errors import StoreError
from store.run_rows import put_rows
from store.spool_rows import SpoolRows, rows_of

__all__ = ["LoadReport", "Loader", "SpoolLoader", "load_spools", "spool_files"]

CHUNK_BYTES = 4 << 20
"""Read of one file a pass, which bounds the memory of a pass and the time others wait for it."""

Key = tuple[str, str]


class LoadReport(NamedTuple):
    """What a load found."""

    lines: int = 0
    """Lines loaded."""

    damaged: int = 0
    """Lines that could not be read; they are counted in the store too."""

    newer: tuple[str, ...] = ()
    """Spool files in a newer format than this program's; they are left alone."""


class _Piece(NamedTuple):
    """Lines of one file on their way into the store."""

    key: Key
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
        self._known_file: tuple[int, int] | None = None
        self.newer: set[str] = set()
        """Files of a newer format met so far."""

    def load(self) -> LoadReport:
        """Load everything there is by now. Raises StoreError, OSError, duckdb.Error; what was not
        loaded then is loaded the next time.
        """
        lines = damaged = 0
        while pieces := self._pieces():
            self._put(pieces)
            lines += sum(piece.rows.lines for piece in pieces)
            damaged += sum(piece.rows.damaged for piece in pieces)
        return LoadReport(lines, damaged, tuple(sorted(self.newer)))

    def _pieces(self) -> list[_Piece]:
        self._forget_if_replaced()
        grown = [(key, path, size) for key, path, size in _spools(self._store.root) if self._has_grown(key, size)]
        if not grown:
            return []
        if not self._store.exists:
            self._store.create()
        self._offsets.update(self._stored_offsets())
        pieces = [self._piece(key, path) for key, path, _ in grown]
        # A torn last line, or a newer format: not looked at again until the file grows.
        self._stuck.update({key: size for (key, _, size), piece in zip(grown, pieces, strict=True) if piece is None})
        return [piece for piece in pieces if piece is not None]

    def _has_grown(self, key: Key, size: int) -> bool:
        return size > self._offsets.get(key, 0) and size != self._stuck.get(key)

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

    def _stored_offsets(self) -> dict[Key, int]:
        rows = self._store.rows('SELECT r.name, o.file, o."offset" FROM spool_offset o JOIN run r ON r.id = o.run_id')
        return {(row["name"], row["file"]): row["offset"] for row in rows}

    def _piece(self, key: Key, path: Path) -> _Piece | None:
        before = self._offsets.get(key, 0)
        if key[1] in self.newer:
            return None
        chunk = read_spool(path, before, CHUNK_BYTES)
        if before == 0 and chunk.lines and chunk.lines[0].get("format", FORMAT) > FORMAT:
            self.newer.add(key[1])
            return None
        if chunk.offset == before:
            return None
        rows = rows_of(chunk.lines, rank=_rank(key[1]))
        rows.damaged += chunk.damaged
        return _Piece(key, before, chunk.offset, rows)

    def _put(self, pieces: list[_Piece]) -> None:
        for piece in pieces:
            self._offsets.pop(piece.key, None)
        self._offsets.update(self._store.transaction(lambda transaction: _put_pieces(transaction, pieces)))


def load_spools(store: Store, *, wait: float = 5.0) -> LoadReport:
    """Load all spools once, waiting up to `wait` seconds for another process that is at it.

    Raises StoreError, OSError.
    """
    with _sole_loader(store, wait) as mine:
        return SpoolLoader(store).load() if mine else LoadReport()


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
                if mine:
                    self._loader.load()
            self.error = None
        except (StoreError, OSError, duckdb.Error) as error:
            self.error = str(error)


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
    except portalocker.LockException:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _spools(root: Path) -> Iterator[tuple[Key, Path, int]]:
    for path in spool_files(root):
        try:
            yield (path.parent.parent.name, path.name), path, path.stat().st_size
        except FileNotFoundError:
            continue  # its run was removed meanwhile


def spool_files(root: Path) -> list[Path]:
    """All spool files of a store, by run and then by rank and time."""
    return sorted(path for path in root.glob("*/spool/*.jsonl") if not path.parent.parent.name.startswith("."))


def _rank(file: str) -> int:
    rank = file.split("-", 1)[0]
    return int(rank) if rank.isdigit() else 0


def _put_pieces(transaction: Transaction, pieces: list[_Piece]) -> dict[Key, int]:
    """The new offset of each file whose piece was put."""
    put: dict[Key, int] = {}
    for piece in pieces:
        run, file = piece.key
        found = transaction.read(
            'SELECT o."offset" FROM spool_offset o JOIN run r ON r.id = o.run_id '
            "WHERE r.name = $run AND o.file = $file",
            {"run": run, "file": file},
        ).to_pylist()
        if (found[0]["offset"] if found else 0) != piece.before:
            continue  # someone else loaded these lines since they were read
        run_id = put_rows(transaction, run, piece.rows)
        _put_offset(transaction, run_id, piece, first=not found)
        put[piece.key] = piece.after
    return put


def _put_offset(transaction: Transaction, run_id: int, piece: _Piece, *, first: bool) -> None:
    values: dict[str, Any] = {
        "run_id": run_id, "file": piece.key[1], "offset": piece.after,
        "lines": piece.rows.lines, "damaged": piece.rows.damaged,
    }  # fmt: skip
    if first:
        transaction.insert("spool_offset", pa.Table.from_pylist([values]))
    else:
        transaction.execute(
            'UPDATE spool_offset SET "offset" = $offset, lines = lines + $lines, damaged = damaged + $damaged '
            "WHERE run_id = $run_id AND file = $file",
            values,
        )
