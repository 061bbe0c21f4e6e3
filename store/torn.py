"""What a writer that dies in the middle of a write would damage, kept beside the store until it is done.

DuckDB writes tables into free blocks, then a header that points at them: until that header is there, a writer may die
at any moment and the file is what it was. But for its blocks of metadata: where one has room left it is written over
in place, before the header. One of which only a part was written, by SIGKILL or a loss of power, belongs to the old
header as well, and nothing of the store can be read any more. So these blocks are copied first, as by InnoDB into its
doublewrite buffer. What the transaction said is not lost either: it is in DuckDB's log, which is read again.
"""

import os
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb

__all__ = ["Keeper", "put_back"]

HEADERS = 3 * 4096
"""Bytes before the first block: the file's own header, and two that take turns."""

BLOCK = 1 << 18
"""Bytes of a block, as DuckDB makes them unless told otherwise."""

_BEGIN = struct.Struct("<8sQI")
"""What it is, the file's number on its disk, how many blocks; their numbers, headers and blocks follow, then a CRC."""

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
        status = os.fstat(self._file)
        parts = [
            _BEGIN.pack(_WHAT, status.st_ino, len(ids)), struct.pack(f"<{len(ids)}Q", *ids),
            os.pread(self._file, HEADERS, 0), *(os.pread(self._file, BLOCK, _place(number)) for number in ids),
        ]  # fmt: skip
        whole = b"".join(parts)
        with suppress(OSError):
            _write(_beside(self._path), whole + struct.pack("<I", zlib.crc32(whole)), status.st_mode & 0o777)


def put_back(path: Path) -> bool:
    """Where a writer died before its header was there, give the file's blocks of metadata back what they held; for use
    while nobody else has it. Returns whether that is so. Raises OSError.
    """
    kept = _read(_beside(path))
    if kept is None:
        return False
    file_number, headers, blocks = kept
    with path.open("r+b") as file:
        if os.fstat(file.fileno()).st_ino != file_number or file.read(HEADERS) != headers:
            return False
        for number, block in blocks.items():
            file.seek(_place(number))
            if file.read(BLOCK) != block:
                file.seek(_place(number))
                file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return True


def _place(number: int) -> int:
    return HEADERS + number * BLOCK


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.blocks")


def _write(place: Path, whole: bytes, mode: int) -> None:
    """Write a file that those may read who may read the store."""
    file = os.open(place, os.O_RDWR | os.O_CREAT, mode)
    try:
        os.fchmod(file, mode)
        written = 0
        while written < len(whole):
            written += os.pwrite(file, whole[written:], written)
        os.ftruncate(file, len(whole))
        os.fsync(file)
    finally:
        os.close(file)


def _read(place: Path) -> tuple[int, bytes, dict[int, bytes]] | None:
    """Number of the file, headers, and blocks by their number; None where there are none, or not all of them."""
    try:
        whole = place.read_bytes()
    except FileNotFoundError:
        return None
    body = memoryview(whole)[:-4]
    if len(body) < _BEGIN.size or whole[-4:] != struct.pack("<I", zlib.crc32(body)):
        return None
    what, file_number, count = _BEGIN.unpack_from(body)
    at = _BEGIN.size + 8 * count
    if what != _WHAT or len(body) != at + HEADERS + count * BLOCK:
        return None
    ids = struct.unpack_from(f"<{count}Q", body, _BEGIN.size)
    first = at + HEADERS
    blocks = {number: bytes(body[first + i * BLOCK : first + (i + 1) * BLOCK]) for i, number in enumerate(ids)}
    return file_number, bytes(body[at:first]), blocks
