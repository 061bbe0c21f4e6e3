"""The new whole lines of a text file that another program writes, appends to, truncates or replaces."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

__all__ = ["Lines", "Tail"]

_EDGE = 4096
_CHUNK = 1 << 18


class Lines(NamedTuple):
    """Whole lines of a file."""

    restart: bool
    """Whether they begin at the file's first line: at first, and where the file is not the old one any more."""

    lines: list[str]
    """The lines without line ends and byte order marks; what is no UTF-8 is replaced by `�`."""


class Tail:
    """Reads a file from where it got to.

    Whether the file is still the same is told by its content: the first and the last 4096 of the
    bytes read so far. A file that another one with the same beginning replaces is simply read on.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is opened before `read`."""
        self.path = path
        """The file."""
        self._offset = 0
        self._head = self._edge = b""
        self._fresh = True
        self._took_rest = False

    def read(self, takes_rest: Callable[[str], bool]) -> Iterator[Lines]:
        """Give what is new, some thousand lines at a time; nothing where the file is away.

        A last line without its line end is given only if `takes_rest(line)`; else it is left for
        later, as its program may be writing it. Raises OSError.
        """
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        with file:
            if not self._is_same(file):
                self._offset, self._head, self._edge, self._fresh, self._took_rest = 0, b"", b"", True, False
            while data := self._whole(file, takes_rest):
                self._advance(data)
                restart, self._fresh = self._fresh, False
                yield Lines(restart, [_text(raw) for raw in data.removesuffix(b"\n").split(b"\n")])

    def left(self) -> int:
        """Bytes behind what was read that say something: a last line that was not taken."""
        with self.path.open("rb") as file:
            file.seek(self._offset)
            return len(file.read().strip())

    def _is_same(self, file: BinaryIO) -> bool:
        if file.read(len(self._head)) != self._head:
            return False
        file.seek(self._offset - len(self._edge))
        if file.read(len(self._edge)) != self._edge:
            return False
        return not self._took_rest or self._past_line_end(file)

    def _past_line_end(self, file: BinaryIO) -> bool:
        """Whether the line that was taken as it stood was whole; its line end is passed over."""
        end = file.read(2)
        if end == b"\r\n" or end[:1] == b"\n":
            self._took_rest = False
            self._advance(end if end == b"\r\n" else b"\n")
        return end in (b"", b"\r") or not self._took_rest

    def _whole(self, file: BinaryIO, takes_rest: Callable[[str], bool]) -> bytes:
        file.seek(self._offset)
        data = file.read(_CHUNK)
        if len(data) == _CHUNK and b"\n" not in data:
            data += file.readline()
        whole = data[: data.rfind(b"\n") + 1]
        if not whole and data and not self._took_rest and takes_rest(_text(data)):
            self._took_rest = True
            return data
        return whole

    def _advance(self, data: bytes) -> None:
        self._offset += len(data)
        self._head = (self._head + data)[:_EDGE] if len(self._head) < _EDGE else self._head
        self._edge = (self._edge + data)[-_EDGE:]


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").strip("\ufeff\r")
