"""Rows of JSON files: a list of objects, or an object a line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evals.text.errors import DataError
from evals.text.record import Record, Row, as_list, as_object

__all__ = ["BOM", "json_lines", "json_rows", "parsed", "read_json"]

BOM = b"\xef\xbb\xbf"
"""What some editors write at the start of a file to say that it is UTF-8."""


def json_lines(path: Path) -> Iterator[Record]:
    """Read an object a line. Raises DataError naming the line."""
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            place = f"{path} line {number}"
            text = _decoded(raw.removeprefix(BOM) if number == 1 else raw, place)
            if text.strip():
                yield Record(place, _object(parsed(text.rstrip(), place), place))


def json_rows(path: Path) -> Iterator[Record]:
    """Read a list of objects, or an object a line where the first line is one. Raises DataError naming the row."""
    text = _text_of(path)
    if _is_object(text.lstrip().partition("\n")[0]):
        yield from json_lines(path)
        return
    rows = as_list(parsed(text, str(path))) if text.strip() else []
    if rows is None:
        raise DataError(f"{path} holds no list of rows; write [{{…}}, {{…}}], or one row a line")
    for number, row in enumerate(rows, start=1):
        place = f"{path} row {number}"
        yield Record(place, _object(row, place))


def read_json(path: Path) -> Any:
    """Read a whole JSON file. Raises DataError for one that is broken or not UTF-8, and OSError."""
    return parsed(_text_of(path), str(path))


def parsed(text: str, place: str) -> Any:
    """Parse JSON. Raises DataError saying where in `place` it is broken."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"column {error.colno}" if " line " in place else f"line {error.lineno}, column {error.colno}"
        raise DataError(f"{place} is broken JSON: {error.msg} ({where})") from error
    except RecursionError as error:
        raise DataError(f"{place} is broken JSON: nested too deep") from error
    except ValueError as error:
        # Python refuses to convert thousands of digits.
        raise DataError(f"{place} holds a number too long to read; write it as text") from error


def _text_of(path: Path) -> str:
    return _decoded(path.read_bytes().removeprefix(BOM), str(path))


def _decoded(raw: bytes, place: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise DataError(f"{place} is not UTF-8 (byte {error.start + 1}); save the file as UTF-8") from error


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _object(value: Any, place: str) -> Row:
    found = as_object(value)
    if found is None:
        raise DataError(f'{place} is no JSON object; a row looks like {{"instruction": …, "output": …}}')
    return found
