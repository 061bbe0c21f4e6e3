"""Many lines as one: where the lowest and the highest of them are at each step, and their median."""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from dashboard.charts.single import single
from dashboard.tables import coded, numbers, only, ordered, table_of

__all__ = ["FINEST", "Bundle", "bundle"]

FINEST = 120
"""Steps at the most at which lines are taken together: lines that are logged in turn have few in common."""

_ALL = pa.schema(
    [
        ("step", pa.int64()), ("min", pa.float32()), ("max", pa.float32()), ("last", pa.float32()),
        ("lowest", pa.string()), ("highest", pa.string()),
    ]
)  # fmt: skip
_LAST = pa.schema([("label", pa.string()), ("step", pa.int64()), ("last", pa.float64())])


class Bundle(NamedTuple):
    """What is drawn of many lines."""

    table: pa.Table
    """Columns step, min, max and last (the median) over all lines, and the words lowest and highest: which line it is,
    and its value."""

    edges: dict[str, pa.Table]
    """The line that ends as the `highest` and the one that ends as the `lowest`: columns label, step, last."""

    lines: int
    """How many there are."""


class _Grid(NamedTuple):
    """A row a moment, a column a line; NaN before a line begins."""

    steps: Any
    low: Any
    high: Any
    last: Any


def bundle(points: pa.Table) -> Bundle:
    """Take lines together; `points` has the columns label, step, min, max, last, of one path.

    Where a line has no value it is where it was before, as in what is said of few lines.
    """
    labels, line = coded(points, "label")
    if not labels:
        return Bundle(_ALL.empty_table(), dict.fromkeys(("highest", "lowest"), _LAST.empty_table()), 0)
    grid = _grid(points, line, len(labels))
    order: list[str] = [labels[place] for place in np.argsort(grid.last[-1], kind="stable")]
    edges = {"highest": _line(points, order[-1:]), "lowest": _line(points, order[:-1][:1])}
    columns = {
        "step": pa.array(grid.steps, pa.int64()),
        "min": single(np.nanmin(grid.low, axis=1)),
        "max": single(np.nanmax(grid.high, axis=1)),
        "last": single(np.nanmedian(grid.last, axis=1)),
        "lowest": pa.array(_said(grid.low, np.nanargmin(grid.low, axis=1), labels), pa.string()),
        "highest": pa.array(_said(grid.high, np.nanargmax(grid.high, axis=1), labels), pa.string()),
    }
    return Bundle(table_of(columns), edges, len(labels))


def _said(grid: Any, places: Any, labels: list[str]) -> list[str]:
    """Which line it is in each row, and its value there."""
    return [f"{row[place]:.4g} · {labels[place]}" for row, place in zip(grid, places, strict=True)]


def _grid(points: pa.Table, line: Any, lines: int) -> _Grid:
    steps = numbers(points, "step")
    shift = 0
    while (steps.max() >> shift) - (steps.min() >> shift) >= FINEST:
        shift += 1
    moments, moment = np.unique(steps >> shift, return_inverse=True)
    firsts = np.full(len(moments), steps.max())
    np.minimum.at(firsts, moment, steps)
    low, high, last = (np.full((len(moments), lines), np.nan) for _ in range(3))
    np.fmin.at(low, (moment, line), numbers(points, "min"))
    np.fmax.at(high, (moment, line), numbers(points, "max"))
    order = np.argsort(steps, kind="stable")
    last[moment[order], line[order]] = numbers(points, "last")[order]
    for before, now in pairwise(last):
        np.copyto(now, before, where=np.isnan(now))
    return _Grid(firsts, np.where(np.isnan(low), last, low), np.where(np.isnan(high), last, high), last)


def _line(points: pa.Table, wanted: list[str]) -> pa.Table:
    lines = points.select(_LAST.names).cast(_LAST)
    return ordered(only(lines, "label", *wanted))
