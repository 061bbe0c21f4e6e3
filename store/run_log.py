"""The end of what a run's program has said: `log.txt` in the run's folder."""

import os
import re
from pathlib import Path

__all__ = ["LINES", "LOG", "tail"]

LOG = "log.txt"
"""Name of the file in the run's folder."""

LINES = 500
"""Lines read at the most."""

MOST_BYTES = 64 * 1024
"""Bytes read at the most, from the end."""

_COMMANDS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""What a terminal acts on and a page cannot show."""


def tail(folder: Path, lines: int = LINES, most_bytes: int = MOST_BYTES) -> str | None:
    """The last whole lines of the log of a run's folder; None where there is no log.

    Of a line that was written over (a progress bar's), its newest state stays. Raises OSError where
    the file cannot be read.
    """
    path = folder / LOG
    if not path.is_file():
        return None
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        start = max(0, size - most_bytes)
        # The byte before tells whether a line begins here.
        file.seek(max(0, start - 1))
        found = file.read(most_bytes + (start > 0))
    text = _whole(found, cut=start > 0).decode("utf-8", "replace").replace("\r\n", "\n").removesuffix("\n")
    return "\n".join(_shown(line) for line in text.split("\n")[-lines:])


def _whole(found: bytes, *, cut: bool) -> bytes:
    """Without the rest of the line that the first byte belongs to; all of it where there is but one line."""
    if not cut:
        return found
    _, newline, lines = found.partition(b"\n")
    return lines if newline else found


def _shown(line: str) -> str:
    r"""The line as a terminal would leave it.

    >>> _shown("10 %\r50 %\r\x1b[32mdone\x1b[0m")
    'done'
    """
    return _COMMANDS.sub("", line.rstrip("\r").rpartition("\r")[2])
