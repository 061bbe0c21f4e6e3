"""The few things we do with Arrow tables, typed: pyarrow's stubs leave their element types unknown."""
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportCallIssue=false, reportArgumentType=false

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = [
    "MEANT", "POINT", "between", "coded", "numbers", "only", "ordered", "placed", "steps", "table_of",
    "thinned", "values", "with_column", "words",
]  # fmt: skip

POINT = ["metric", "branch", "active", "step", "step_last", "min", "max", "last"]
"""Columns of a table of curves."""

MEANT = [*POINT, "n", "total"]
"""The same of one that a smoothed line is drawn of: how many values a point stands for, and their sum."""

_MERGED = {"step": "min", "step_last": "max", "min": "min", "max": "max", "last": "last", "n": "sum", "total": "sum"}


def values(table: pa.Table, column: str) -> list[Any]:
    """A column as a list."""
    return table[column].to_pylist()


def numbers(table: pa.Table, column: str) -> "np.ndarray[Any, Any]":
    """A column as an array."""
    return table[column].to_numpy()


def coded(table: pa.Table, column: str) -> tuple[list[str], "np.ndarray[Any, Any]"]:
    """The different words in a column, and which of them each row has."""
    codes: Any = pc.dictionary_encode(table[column].cast(pa.string())).combine_chunks()
    return codes.dictionary.to_pylist(), codes.indices.to_numpy(zero_copy_only=False)


def table_of(columns: dict[str, Any]) -> pa.Table:
    """A table of columns."""
    return pa.table(columns)


def ordered(table: pa.Table, column: str = "step") -> pa.Table:
    """The rows in the order of a column."""
    return table.sort_by(column)


def words(texts: list[str]) -> Any:
    """A column of words that come again and again."""
    return pa.array(texts, pa.string()).dictionary_encode()


def only(table: pa.Table, column: str, *wanted: Any) -> pa.Table:
    """The rows whose column holds one of the values."""
    return table.filter(pc.is_in(table[column], pa.array(list(wanted), table[column].type)))


def between(table: pa.Table, column: str, low: float, high: float = float("inf")) -> pa.Table:
    """The rows whose column lies between two values, both included."""
    return table.filter(pc.and_(pc.greater_equal(table[column], low), pc.less_equal(table[column], high)))


def steps(table: pa.Table, column: str = "step") -> Any:
    """A column of steps in half its bytes, where they fit."""
    highest = pc.max(table[column]).as_py()
    return table[column].cast(pa.int32()) if highest is not None and highest < 2**31 else table[column]


def thinned(points: pa.Table, width: int) -> pa.Table:
    """Merge points into buckets of `width` steps, keeping of the columns of `MEANT` those that `points` has.

    Ordered by metric, branch and step, as `points` has to be.
    """
    wanted = points.select([name for name in MEANT if name in points.column_names])
    keyed = wanted.append_column("bucket", pc.divide(wanted["step"], width))
    grouped = keyed.group_by(["metric", "branch", "active", "bucket"], use_threads=False).aggregate(
        [(name, how) for name, how in _MERGED.items() if name in wanted.column_names]
    )
    names = {f"{name}_{how}": name for name, how in _MERGED.items()}
    named = grouped.rename_columns([names.get(name, name) for name in grouped.column_names])
    merged = named.select(wanted.column_names).cast(wanted.schema)
    return merged.sort_by([(name, "ascending") for name in ("metric", "branch", "step")])


def placed(points: pa.Table, places: list[float | None]) -> pa.Table:
    """Columns step, step_last, x, min, max, last, n and total in the order of `x`, which holds the places; rows without
    one are left out.
    """
    table = with_column(points.select(MEANT[3:]), "x", places)
    return table.sort_by([("x", "ascending"), ("step", "ascending")])


def with_column(table: pa.Table, name: str, column: list[float | None]) -> pa.Table:
    """The table with one more column; rows without a value in it are left out."""
    wider = table.append_column(name, pa.array(column, pa.float64()))
    return wider.filter(pc.is_valid(wider[name]))
