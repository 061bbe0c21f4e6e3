"""What is refused as no log before it is read, and what is said of rows that could not be read."""

import re
import shlex
from pathlib import Path

from assay.errors import AssayError
from store.readers.point import Facts

__all__ = ["check_is_text", "printable", "unread_rows"]


def check_is_text(path: Path) -> None:
    """Refuse what would be read as a table of nonsense. Raises AssayError, OSError."""
    if not path.is_file() or "tfevents" in path.name:
        return
    with path.open("rb") as file:
        begin = file.read(4096)
    if not begin.strip():
        raise AssayError(f"{path} is empty")
    if tool := next((tool for magic, tool in _COMPRESSED.items() if begin.startswith(magic)), None):
        raise AssayError(f"{path} is compressed: unpack it first, as `{tool} {shlex.quote(path.name)}` does")
    if begin.startswith(_UTF16) or _is_utf16(begin):
        raise AssayError(
            f"{path} is text in UTF-16, and logs are read in UTF-8: save it anew, as `iconv -f UTF-16 -t UTF-8` does"
        )
    if _is_binary(begin):
        raise AssayError(
            f"{path} is no log: it holds binary data; CSV, JSONL, trainer_state.json and TensorBoard events can be read"
        )


def unread_rows(path: Path, facts: Facts) -> str:
    """How many rows could not be read and which is the first, without a full stop; "" without any.

    Raises AssayError where that is more than half of them: then the file is no log of steps.
    """
    if not facts.skipped:
        return ""
    first = facts.first_skipped.removeprefix(f"{path.name} ")
    said = f"{facts.skipped:,} of {facts.rows:,} rows could not be read, the first at {first}"
    if 2 * facts.skipped > facts.rows:
        raise AssayError(f"{path}: {said}; a row needs a whole step from 0 up, and its loss as a number")
    return said


def printable(text: str) -> str:
    """The text with what no terminal should get as Python writes it: a line end as two characters."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _is_utf16(begin: bytes) -> bool:
    """Whether every second byte is 0, as where English is written without a mark at the beginning."""
    pairs = begin[: len(begin) // 2 * 2]
    return len(pairs) > 8 and any(not any(pairs[at::2]) and all(pairs[1 - at :: 2]) for at in (0, 1))


def _is_binary(begin: bytes) -> bool:
    text = begin.decode("utf-8", "replace")
    # Some headers are in Latin-1 or GBK, so a few bytes that are no UTF-8 are still a log.
    return _CONTROL.search(begin) is not None or text.count("\ufffd") > 0.3 * len(text)


_CONTROL = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")
"""What no text holds: control characters other than white space and those that move, colour or ring."""

_COMPRESSED = {b"\x1f\x8b": "gunzip -k", b"BZh": "bunzip2 -k", b"\xfd7zXZ": "unxz -k", b"(\xb5/\xfd": "unzstd"}
"""How the files of compressors begin, and what unpacks them."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
