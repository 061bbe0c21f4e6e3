"""The spool: one append-only file of JSON lines a writing process, the truth behind the store.

A run's folder holds `spool/<rank>-<utc>-<random>.jsonl`. Every line is one JSON object whose key
`k` names its kind; a line counts once its newline is on disk. Non-finite numbers are the strings
`nan`, `inf` and `-inf`, so that any JSON reader can read a spool.

| k          | says                                          | other keys                               |
|------------|-----------------------------------------------|------------------------------------------|
| open       | first line of a file                          | format, run, rank, pid, host, program    |
| run        | facts about the run, later ones win           | fields                                   |
| branch     | a branch begins after step `fork` of `parent` | b, parent, fork, reason, data            |
| step       | the values of one step                        | b, s, v, and batch where known           |
| checkpoint | a checkpoint's state                          | b, s, state, path, sha256, bytes, data   |
| event      | something a person may want to know           | b, s, kind, level, message, data         |
| dataset    | a data file the run reads                     | path, sha256, rows, role, first_row      |
| samples    | rows of a data file                           | dataset, rows: [row, id, source, task, hash] |
| status     | the run's status                              | status, error                            |
| beat       | nothing new, still alive                      |                                          |

`t` is the time in seconds since 1970 (UTC), `b` the branch number, `s` the step. A line may carry more, as
the place in a watched log that it comes from (`at`); readers leave alone what they do not know.
"""

import json
import math
import os
import secrets
import socket
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from assay.foreign import Failure, attempt, plain

__all__ = [
    "FORMAT",
    "LONGEST_LINE",
    "SpoolChunk",
    "SpoolFile",
    "as_number",
    "encode",
    "read_opening",
    "read_spool",
    "spell_nonfinite",
    "spool_name",
]

FORMAT = 1
"""Version of the line format; a reader skips files of a newer one and says so."""

LONGEST_LINE = 32 << 20
"""Bytes of a line with its newline; a reader counts a longer one as damaged, and never holds it in memory."""

_BLOCK = 1 << 20

_OPENING_LINES = 4
"""Lines among which a spool says what its run is."""

_NONFINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}

_strict = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def encode(line: dict[str, Any]) -> bytes:
    r"""Turn one line into bytes with its newline; what JSON does not know is made plain.

    >>> encode({"k": "step", "v": {"loss": float("inf")}})
    b'{"k":"step","v":{"loss":"inf"}}\n'
    """
    text = attempt(_strict, line)
    if isinstance(text, Failure):
        text = _strict(plain(line))
    return text.encode("utf-8", "replace") + b"\n"


def as_number(value: float | str | None) -> float | None:
    """Read a value of a `step` line back.

    >>> as_number("-inf"), as_number(2), as_number(None)
    (-inf, 2.0, None)
    """
    if value is None:
        return None
    return _NONFINITE[value] if isinstance(value, str) else float(value)


def spell_nonfinite(value: Any) -> Any:
    """The same value with every non-finite number in it spelled as a string.

    >>> spell_nonfinite({"a": [float("nan"), 1]})
    {'a': ['nan', 1]}
    """
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, dict):
        return {key: spell_nonfinite(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [spell_nonfinite(item) for item in cast("list[Any]", value)]
    return value


def spool_name(rank: int) -> str:
    """Name a new spool file: unique between processes, sorted by rank and then by time."""
    utc = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return f"{rank}-{utc}-{secrets.token_hex(4)}.jsonl"


class SpoolFile:
    """One spool file being written by this process alone."""

    def __init__(self, run_folder: Path, rank: int, program: str) -> None:
        """Create the file; raises OSError where the folder cannot be written."""
        folder = run_folder / "spool"
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / spool_name(rank)
        self._descriptor = _created(self.path)
        self._pending = b""
        self._written = 0
        opening = {
            "k": "open", "format": FORMAT, "t": time.time(), "run": run_folder.name, "rank": rank,
            "pid": os.getpid(), "host": socket.gethostname(), "program": program,
        }  # fmt: skip
        try:
            self.write(encode(opening))
        except OSError:
            # Nothing is in it, and whoever tries again would leave one more.
            self.discard()
            raise

    def write(self, lines: bytes) -> None:
        """Append whole lines; what does not fit is kept and goes first the next time.

        Raises OSError (disk full, disk gone) with nothing doubled and nothing torn: call again
        with the next lines, or with b"" to retry.
        """
        self._pending += lines
        while self._written < len(self._pending):
            self._written += os.write(self._descriptor, memoryview(self._pending)[self._written :])
        self._pending, self._written = b"", 0

    @property
    def unwritten(self) -> bytes:
        """The whole lines that are not, or only in part, on disk."""
        return self._pending[self._pending.rfind(b"\n", 0, self._written) + 1 :]

    def is_gone(self) -> bool:
        """Whether someone deleted the file, so that lines written now would be lost."""
        return os.fstat(self._descriptor).st_nlink == 0

    def restore(self) -> None:
        """Make a deleted file anew under its name, with the same bytes; what is unwritten goes behind them.

        The bytes come from the descriptor, which a deleted file outlives. A reader sees all of the
        new file or nothing of it. Raises OSError and changes nothing where it cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        fresh = _created(unfinished)
        try:
            _copy(self._descriptor, fresh)
            unfinished.replace(self.path)
        except OSError:
            os.close(fresh)
            unfinished.unlink(missing_ok=True)
            raise
        os.close(self._descriptor)
        self._descriptor = fresh

    def sync(self) -> None:
        """Ask the disk to keep what was written even if the power fails."""
        getattr(os, "fdatasync", os.fsync)(self._descriptor)

    def close(self) -> None:
        """Close the file; it stays where it is as long as the run."""
        os.close(self._descriptor)

    def discard(self) -> None:
        """Close the file and delete it: nothing that counts is in it."""
        self.close()
        self.path.unlink(missing_ok=True)


def _created(path: Path) -> int:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL
    return os.open(path, flags | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0), 0o644)


def _copy(source: int, target: int) -> None:
    os.lseek(source, 0, os.SEEK_SET)
    while data := os.read(source, _BLOCK):
        view = memoryview(data)
        while view:
            view = view[os.write(target, view) :]


class SpoolChunk(NamedTuple):
    """What `read_spool` found after an offset."""

    lines: list[dict[str, Any]]
    """The decoded lines, in order."""

    offset: int
    """Byte offset behind the last newline read: where to go on."""

    damaged: int
    """Lines that are no JSON object; they are skipped and counted."""


def read_spool(path: Path, offset: int = 0, limit: int = 8 << 20) -> SpoolChunk:
    """Read whole lines from `offset`, about `limit` bytes at the most, or one line that is longer.

    A last line without its newline is left for later, unless it is longer than `LONGEST_LINE` already: then the offset
    moves on within it, and who reads from there leaves out its rest. Raises OSError.
    """
    with path.open("rb") as file:
        inside = _is_inside(file, offset)
        data = file.read(limit)
        if len(data) == limit and b"\n" not in data and not inside:
            data += file.readline(max(0, LONGEST_LINE - limit))
    end = data.rfind(b"\n") + 1
    if not end and (inside or len(data) >= LONGEST_LINE):
        return SpoolChunk([], offset + len(data), int(not inside))
    begin = data.find(b"\n") + 1 if inside else 0
    found = [_decode(raw) for raw in data[begin:end].split(b"\n")[:-1]]
    lines = [line for line in found if line is not None]
    return SpoolChunk(lines, offset + end, len(found) - len(lines))


def _is_inside(file: IO[bytes], offset: int) -> bool:
    """Whether `offset` is within a line; the file is left there."""
    file.seek(max(0, offset - 1))
    return bool(offset) and file.read(1) not in (b"\n", b"")


def read_opening(path: Path) -> list[dict[str, Any]]:
    """What can be read of the first four lines of a spool, or of as many as there are. Raises OSError."""
    found: list[dict[str, Any]] = []
    offset = seen = 0
    while seen < _OPENING_LINES:
        chunk = read_spool(path, offset, 1 << 16)
        if chunk.offset == offset:
            break
        found += chunk.lines
        seen += len(chunk.lines) + chunk.damaged
        offset = chunk.offset
    return found[:_OPENING_LINES]


def _decode(raw: bytes) -> dict[str, Any] | None:
    try:
        line: Any = json.loads(raw) if len(raw) < LONGEST_LINE else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(line, dict):
        return None
    found = cast("dict[str, Any]", line)
    return found if isinstance(found.get("k"), str) else None
