"""Rows of CSV and TSV files: the first line names the columns, cells may be quoted and hold line breaks."""

import csv
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from evals.text.errors import DataError
from evals.text.json_rows import BOM
from evals.text.record import Record

__all__ = ["comma_rows", "tab_rows"]

_LONGEST = 2**31 - 1
"""Characters in a cell; csv stops at 131072 by itself, and documents are longer."""


def _rows(path: Path, separator: str) -> Iterator[Record]:
    """Read the rows of a table. Raises DataError naming the line where a row begins."""
    lines = _cells(path, separator)
    first, names = next(lines, ("", list[str]()))
    header = [name.strip() for name in names]
    for name in header:
        if header.count(name) > 1:
            raise DataError(f"{first} names the column `{name}` twice; rename one of them")
    for place, cells in lines:
        if len(cells) != len(header):
            raise DataError(
                f"{place} has {len(cells)} cells where the header has {len(header)}; "
                f"put cells that hold a {_NAMES[separator]} or a line break in double quotes"
            )
        yield Record(place, dict(zip(header, cells, strict=True)))


comma_rows = partial(_rows, separator=",")
"""Reads a CSV file."""

tab_rows = partial(_rows, separator="\t")
"""Reads a TSV file."""

_NAMES = {",": "comma", "\t": "tab"}


def _cells(path: Path, separator: str) -> Iterator[tuple[str, list[str]]]:
    """The cells of each record and the line it begins in; blank lines are passed over."""
    csv.field_size_limit(_LONGEST)
    reader = csv.reader(io.StringIO(_text_of(path), newline=""), delimiter=separator, strict=True)
    while True:
        place = f"{path} line {reader.line_num + 1}"
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise DataError(
                f"{place} is broken: {error}; close each quoted cell, and write a quote in one twice"
            ) from error
        if cells is None:
            return
        if cells:
            yield place, cells


def _text_of(path: Path) -> str:
    raw = path.read_bytes().removeprefix(BOM)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        raise DataError(f"{path} line {line} is not UTF-8 (byte {column}); save the file as UTF-8") from error
