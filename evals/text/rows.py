"""Read a data file as samples: the one door through which rows come in."""

from pathlib import Path
from typing import Any, TypeAlias

from evals.text.errors import DataError
from evals.text.files import Record, read_records
from evals.text.formats import Format, format_of
from evals.text.sample import Sample

__all__ = ["read_samples"]

Row: TypeAlias = dict[str, Any]

ID_COLUMNS = ("id",)
SOURCE_COLUMNS = ("source",)
TASK_COLUMNS = ("task", "category", "department")
"""Columns that name a subtask, the first one present wins."""


def read_samples(path: Path) -> list[Sample]:
    """Read every row of a data file; all rows are in the format of the first one.

    Raises DataError naming file and line: missing, empty or broken file, wrong columns, a row that
    is not what its format says.
    """
    records = read_records(path)
    found = format_of(list(records[0].fields), records[0].place)
    return [_sample(number, record, found) for number, record in enumerate(records)]


def _sample(row: int, record: Record, found: Format) -> Sample:
    fields = record.fields
    missing = [column for column in found.needs if column not in fields]
    if missing:
        raise DataError(
            f"{record.place} lacks {', '.join(missing)}: the rows before it are {found.name} rows "
            f"({found.shown}), this one has the columns {', '.join(fields) or '(none)'}"
        )
    try:
        turns = tuple(found.turns(fields))
    except ValueError as error:
        raise DataError(f"{record.place}: {error}") from error
    return Sample(
        row=row, turns=turns, id=_label(fields, ID_COLUMNS), source=_label(fields, SOURCE_COLUMNS),
        task=_label(fields, TASK_COLUMNS),
    )  # fmt: skip


def _label(fields: Row, columns: tuple[str, ...]) -> str | None:
    for column in columns:
        value = fields.get(column)
        if isinstance(value, str | int) and value != "":
            return str(value)
    return None
