"""From a data file to its records: one entry of FILES a file type."""

from collections.abc import Callable, Iterator
from pathlib import Path

from evals.text.delimited import comma_rows, tab_rows
from evals.text.errors import DataError
from evals.text.json_rows import json_lines, json_rows
from evals.text.parquet_rows import parquet_rows
from evals.text.record import Record

__all__ = ["FILES", "Record", "read_records"]

FILES: dict[str, Callable[[Path], Iterator[Record]]] = {
    ".jsonl": json_lines,
    ".json": json_rows,
    ".csv": comma_rows,
    ".tsv": tab_rows,
    ".parquet": parquet_rows,
}
"""Reader of each file type, by suffix."""


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
