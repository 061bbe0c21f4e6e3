"""Logs as tables: CSV with commas, semicolons or tabs, a header line and a step column."""

import csv
import time
from collections.abc import Iterator
from pathlib import Path

from store.readers.names import STEP_NAMES, find_column
from store.readers.numbers import as_step
from store.readers.point import Batch, Facts, Point
from store.readers.rows import RowReader
from store.readers.tail import Tail

__all__ = ["TableSource", "header_of"]

AT_REST_SECONDS = 60.0
"""A last line without its line end may be torn in the middle of a number, so it is read only when the
file has not been written for so long."""

_LONGEST_CELL = 200
"""Lines that one quoted cell may span; a lone quote must not swallow the rest of the file."""


class TableSource:
    """A CSV log being read."""

    def __init__(self, path: Path, *, is_whole: bool = False) -> None:
        """Nothing is opened before `poll`. `is_whole`: nobody is writing it, so its last line is taken as it is."""
        self._tail = Tail(path)
        self._name, self._is_whole = path.name, is_whole
        self._begin()

    def _begin(self) -> None:
        self._rows = RowReader()
        self._header: list[str] = []
        self._step_at: int | None = None
        self._delimiter = ","
        self._open: list[str] = []
        self._line = 0

    @property
    def path(self) -> Path:
        """The file."""
        return self._tail.path

    @property
    def facts(self) -> Facts:
        """What it has said so far."""
        return self._rows.facts

    def poll(self) -> Iterator[Batch]:
        """See `Source.poll`."""
        for lines in self._tail.read(takes_rest=lambda _: self._is_at_rest()):
            if lines.restart:
                self._begin()
            points = [point for line in lines.lines if (point := self._point(line)) is not None]
            yield Batch("", lines.restart, points)

    def _is_at_rest(self) -> bool:
        return self._is_whole or time.time() - self.path.stat().st_mtime > AT_REST_SECONDS

    def _point(self, line: str) -> Point | None:
        self._line += 1
        if not self._open and _is_blank(line):
            return None
        cells = self._cells(line)
        if cells is None:
            return None
        if not self._header or self._is_header(cells):
            self._delimiter = _delimiter_of(line)
            self._header = [cell.strip() for cell in _split(line, self._delimiter)]
            column = find_column(self._header, STEP_NAMES)
            self._step_at = None if column is None else self._header.index(column)
            return None
        where = f"{self._name} line {self._line}"
        if not cells:
            self._rows.unreadable(f"{where}: no CSV")
            return None
        return self._rows.point(dict(zip(self._header, cells, strict=False)), where)

    def _cells(self, line: str) -> list[str] | None:
        """The cells of the row that ends with this line; None where a quoted cell goes on."""
        self._open.append(line)
        text = "\n".join(self._open)
        cells = _split(text, self._delimiter)
        if text.count('"') % 2 and len(cells) < len(self._header) and len(self._open) < _LONGEST_CELL:
            return None
        self._open = []
        return cells

    def _is_header(self, cells: list[str]) -> bool:
        """Whether a header stands in the middle: tables put behind one another."""
        if self._step_at is None or len(cells) <= self._step_at or cells[self._step_at].isdigit():
            return False
        return as_step(cells[self._step_at]) is None and find_column(cells, STEP_NAMES) is not None


def header_of(line: str) -> list[str]:
    """The column names of a header line.

    >>> header_of("step;loss;lr")
    ['step', 'loss', 'lr']
    """
    return [cell.strip() for cell in _split(line, _delimiter_of(line))]


def _delimiter_of(line: str) -> str:
    return max(",;\t", key=line.count)


def _split(text: str, delimiter: str) -> list[str]:
    if '"' not in text and "\r" not in text and "\0" not in text:
        # What csv would make of nearly every line, in a third of the time.
        return text.split(delimiter)
    try:
        return next(csv.reader([text], delimiter=delimiter), list[str]())
    except csv.Error:
        return []


def _is_blank(line: str) -> bool:
    return not line.strip() or line.startswith("#")
