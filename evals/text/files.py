"""From a data file to its records: one entry of FILES a file type."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from evals.text.errors import DataError

__all__ = ["FILES", "Record", "read_records"]

Row: TypeAlias = dict[str, Any]


class Record(NamedTuple):
    """One row of a file, not yet understood."""

    place: str
    """Where it stands, for messages: `data.jsonl line 7`."""

    fields: Row
    """Its columns."""


def read_records(path: Path) -> list[Record]:
    """Read all records of a data file. Raises DataError naming the file and the line."""
    if not path.exists():
        raise DataError(f"there is no data file {path}")
    reader = FILES.get(path.suffix.lower())
    if path.is_dir() or reader is None:
        raise DataError(f"{path} is no data file Assay reads; it reads {', '.join(FILES)}")
    try:
        records = list(reader(path))
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    if not records:
        raise DataError(f"{path} is empty: it has no rows")
    return records


def _json_lines(path: Path) -> Iterator[Record]:
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            place = f"{path} line {number}"
            text = _decoded(raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw, place)
            if text.strip():
                yield Record(place, _object(_parsed(text, place), place))


def _json_list(path: Path) -> Iterator[Record]:
    text = _decoded(path.read_bytes().removeprefix(b"\xef\xbb\xbf"), str(path))
    if not text.strip():
        return
    rows = _parsed(text, str(path))
    if not isinstance(rows, list):
        raise DataError(f"{path} holds no list of rows; write [{{…}}, {{…}}], or one row a line in a .jsonl file")
    for number, row in enumerate(rows, start=1):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - JSON can hold anything
        place = f"{path} row {number}"
        yield Record(place, _object(row, place))


FILES: dict[str, Callable[[Path], Iterator[Record]]] = {
    ".jsonl": _json_lines,
    ".json": _json_list,
}
"""Reader of each file type, by suffix."""


def _decoded(raw: bytes, place: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise DataError(f"{place} is not UTF-8 (byte {error.start + 1}); save the file as UTF-8") from error


def _parsed(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"column {error.colno}" if " line " in place else f"line {error.lineno}, column {error.colno}"
        raise DataError(f"{place} is broken JSON: {error.msg} ({where})") from error
    except RecursionError as error:
        raise DataError(f"{place} is broken JSON: nested too deep") from error


def _object(value: Any, place: str) -> Row:
    if not isinstance(value, dict):
        raise DataError(f'{place} is no JSON object; a row looks like {{"instruction": …, "output": …}}')
    return value  # pyright: ignore[reportUnknownVariableType] - keys of a JSON object are text
