"""Read a data file as samples: the one door through which rows come in."""

from collections.abc import Mapping
from pathlib import Path

from evals.text.columns import in_their_words, renamed, shown, tags_of
from evals.text.conversation import Tags
from evals.text.dataset_info import locate
from evals.text.errors import DataError
from evals.text.files import Record, read_records
from evals.text.formats import FORMATS, Format, format_of
from evals.text.record import Row
from evals.text.sample import Sample

__all__ = ["read_samples"]

ID_COLUMNS = ("id",)
SOURCE_COLUMNS = ("source",)
TASK_COLUMNS = ("task", "category", "department")
"""Columns that name a subtask, the first one present wins."""


def read_samples(path: str | Path, columns: Mapping[str, str] | None = None) -> list[Sample]:
    """Read every row of a data file, or of a data set as `locate` finds it; all are in the format of the first.

    `columns` gives the file's name of each column of ours that has another one there (`COLUMNS`,
    `TAGS`). Raises DataError naming file and line: missing, empty or broken file, wrong columns, a row
    that is not what its format says.
    """
    located = locate(path, columns)
    records = renamed(read_records(located.path), located.columns, located.path)
    found = _format(records, located.columns)
    tags = tags_of(located.columns)
    return [_sample(number, record, found, tags, located.columns) for number, record in enumerate(records)]


def _format(records: list[Record], mapping: Mapping[str, str]) -> Format:
    first = records[0]
    lackable = [name for item in FORMATS for name in item.may_lack]
    later = [name for name in lackable if any(name in record.fields for record in records)]
    found = format_of({*first.fields, *later}, [ours for ours, theirs in mapping.items() if theirs])
    if found is None:
        accepted = "; ".join(f"{item.shown} ({item.name})" for item in FORMATS)
        columns = shown(first.fields, mapping) or "(none)"
        raise DataError(f"{first.place} has the columns {columns}; Assay reads {accepted}")
    return found


def _sample(row: int, record: Record, found: Format, tags: Tags, mapping: Mapping[str, str]) -> Sample:
    fields = record.fields
    missing = [column for column in found.needs if column not in fields and column not in found.may_lack]
    if missing:
        raise DataError(
            f"{record.place} lacks {shown(missing, mapping)}: the rows before it are {found.name} rows "
            f"({found.shown}), this one has the columns {shown(fields, mapping) or '(none)'}"
        )
    try:
        turns = tuple(found.turns(fields, tags))
    except ValueError as error:
        raise DataError(f"{record.place}: {in_their_words(str(error), mapping)}") from error
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
