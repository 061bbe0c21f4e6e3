"""What a writer that dies in the middle of a write would damage, kept beside the store until it is done.

DuckDB writes tables into free blocks, then a header that points at them: until that header is there, a writer may die
at any moment and the file is what it was. But for its blocks of metadata: where one has room left it is written over
in place, before the header. One of which only a part was written, by SIGKILL or a loss of power, belongs to the old
header as well, and nothing of the store can be read any more. So these blocks are copied first, as by InnoDB into its
doublewrite buffer, and the copies are taken away when the writer is done. What it had committed is not lost either:
it is in DuckDB's log, which is read again.
"""

import os
import struct
import sys
import zlib
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb

if sys.platform != "win32":
    import fcntl

__all__ = ["Keeper", "discard", "left_behind", "put_back"]

HEADERS = 3 * 4096
"""Bytes before the first block: the file's own header, and two that take turns."""

BLOCK = 1 << 18
"""Bytes of a block, as DuckDB makes them unless told otherwise."""

_BEGIN = struct.Struct("<8sI")
"""What it is, and how many blocks; their numbers, the headers and the blocks follow, then a CRC."""

_WHAT = b"assay 1\n"


class Keeper:
    """Keeps copies of the blocks of metadata of one file, while a writer has it attached.

    The file stays open until the writer has let go of it: to close it would take DuckDB's own lock away.
    """

    def __init__(self, path: Path) -> None:
        """`path` is the store's file; a writer enters this before it attaches it, and leaves after it has detached."""
        self._path = path
        self._file: int | None = None

    def __enter__(self) -> Self:
        # What cannot be opened cannot be attached either, which is then explained.
        with suppress(OSError):
            self._file = os.open(self._path, os.O_RDONLY)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None:
            os.close(self._file)

    def keep(self, cursor: duckdb.DuckDBPyConnection, alias: str) -> None:
        """Copy them, safe on disk when this returns; where the disk refuses, the writer goes on without."""
        if self._file is None:
            return
        found = cursor.execute(f"SELECT block_id FROM pragma_metadata_info('{alias}') ORDER BY block_id").fetchall()
        ids = [number for (number,) in found]
        with suppress(OSError):
            parts = [
                _BEGIN.pack(_WHAT, len(ids)), struct.pack(f"<{len(ids)}Q", *ids), os.pread(self._file, HEADERS, 0),
                *(os.pread(self._file, BLOCK, _place(number)) for number in ids),
            ]  # fmt: skip
            whole = b"".join(parts)
            discard(self._path)
            mode = os.fstat(self._file).st_mode & 0o777
            _write(_beside(self._path), whole + struct.pack("<I", zlib.crc32(whole)), mode)

    def let_go(self) -> None:
        """The writer has detached the file, and nothing of it is half-written."""
        discard(self._path)


def left_behind(path: Path) -> tuple[int, ...] | None:
    """What tells the copies beside a store from others; None where there are none, as while no writer is at work."""
    try:
        found = _beside(path).stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def discard(path: Path) -> None:
    """Take the copies beside a store away; where that is refused they are of no use, but do no harm."""
    with suppress(OSError):
        _beside(path).unlink(missing_ok=True)


def put_back(path: Path) -> bool:
    """Where a writer died before its header was there, give the file's blocks of metadata back what they held; for use
    while nobody else has it. Returns whether they hold it now. Raises OSError, also where another program than ours has
    the file open.
    """
    kept = _read(_beside(path))
    if kept is None:
        return False
    headers, blocks = kept
    with path.open("r+b") as file:
        _lock(file.fileno())
        if file.read(HEADERS) != headers:
            # It died behind its header, or another one came after it.
            discard(path)
            return False
        torn = {number: block for number, block in blocks.items() if _block(file.fileno(), number) != block}
        for number, block in torn.items():
            file.seek(_place(number))
            file.write(block)
        if torn:
            file.flush()
            os.fsync(file.fileno())
    return True


def _lock(file: int) -> None:
    """As DuckDB locks a file it writes: its own command line knows nothing of our locks."""
    if sys.platform != "win32":
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _block(file: int, number: int) -> bytes:
    return os.pread(file, BLOCK, _place(number))


def _place(number: int) -> int:
    return HEADERS + number * BLOCK


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.blocks")


def _write(place: Path, whole: bytes, mode: int) -> None:
    """Write a new file that those may read who may read the store."""
    file = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        os.fchmod(file, mode)
        written = 0
        while written < len(whole):
            written += os.write(file, whole[written:])
        os.fsync(file)
    finally:
        os.close(file)


def _read(place: Path) -> tuple[bytes, dict[int, bytes]] | None:
    """Headers, and blocks by their number; None where there are none, or not all of them."""
    try:
        whole = place.read_bytes()
    except FileNotFoundError:
        return None
    body = memoryview(whole)[:-4]
    if len(body) < _BEGIN.size or whole[-4:] != struct.pack("<I", zlib.crc32(body)):
        return None
    what, count = _BEGIN.unpack_from(body)
    at = _BEGIN.size + 8 * count
    if what != _WHAT or len(body) != at + HEADERS + count * BLOCK:
        return None
    ids = struct.unpack_from(f"<{count}Q", body, _BEGIN.size)
    first = at + HEADERS
    blocks = {number: bytes(body[first + i * BLOCK : first + (i + 1) * BLOCK]) for i, number in enumerate(ids)}
    return bytes(body[at:first]), blocks
