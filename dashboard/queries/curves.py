"""Curves of one run: the store's buckets, thinned once more where a chart is small."""

import re
from typing import NamedTuple

import pyarrow as pa

from dashboard.gaps import Stretch, holes
from dashboard.tables import MEANT, POINT, between, only, ordered, thinned, values
from store.database import Snapshot, Store
from store.series import bucketed, width_shift

_STEP = re.compile("[0-9]{1,18}")
"""A step in an address; with more digits it is none that a store can hold."""

__all__ = ["Curves", "Span", "Start", "curves", "large", "lead", "left_out", "series", "small", "small_series"]


WINDOWS = 3
"""Windows before a range that its smoothed line is read for: what lies further back has a twentieth of the weight."""

_LEAD = pa.schema([("step", pa.int64()), ("n", pa.int64()), ("total", pa.float64())])


class Span(NamedTuple):
    """A range of steps, both ends included; None where it reaches to the end."""

    first: int | None = None
    """First step shown."""

    last: int | None = None
    """Last step shown."""

    @classmethod
    def named(cls, first: str, last: str) -> "Span":
        """The range that an address names; all steps where it names none.

        >>> [Span.named(*ends) for ends in (("100", "200"), ("200", "100"), ("", ""), ("²", "9"), ("1", "9" * 5000))]
        ... # doctest: +NORMALIZE_WHITESPACE
        [Span(first=100, last=200), Span(first=None, last=None), Span(first=None, last=None),
         Span(first=None, last=None), Span(first=None, last=None)]
        """
        is_range = _STEP.fullmatch(first) and _STEP.fullmatch(last) and int(first) < int(last)
        return cls(int(first), int(last)) if is_range else cls()


class Start(NamedTuple):
    """Where a smoothed line begins."""

    step: int
    """The first step shown."""

    over: float
    """Steps that it is smoothed over."""

    width: int
    """Steps a bucket."""


class Curves(NamedTuple):
    """Points of one or more metrics of a run."""

    points: pa.Table
    """See `store.series.Series`."""

    marks: pa.Table
    """See there."""

    width: int
    """Steps a bucket; 1 means raw points."""

    left_out: tuple[Stretch, ...] = ()
    """Steps between the points that nothing was learned from, in order: there the lines break."""


def series(store: Store | Snapshot, run_id: int, metrics: tuple[str, ...], span: Span, buckets: int) -> Curves:
    """Series of metrics as `store.series` gives them. Raises StoreError."""
    if isinstance(store, Store):
        return store.snapshot(lambda snapshot: series(snapshot, run_id, metrics, span, buckets))
    read = bucketed(store, run_id, list(metrics), span.first, span.last, buckets=buckets)
    name = "loss" if "loss" in metrics else metrics[0] if metrics else ""
    found = left_out(store, run_id, only(only(read.points, "metric", name), "active", True))
    return Curves(read.points, read.marks, read.width, found)


def left_out(store: Store | Snapshot, run_id: int, line: pa.Table) -> tuple[Stretch, ...]:
    """Steps that were left out or skipped where the points of a line lie further apart than usual, in order; where none
    do, nothing is read.

    Raises StoreError.
    """
    apart = holes(sorted(values(line, "step")))
    if not apart:
        return ()
    rows = store.rows(_LEFT_OUT, {"run_id": run_id, "first": apart[0].first, "last": apart[-1].last})
    return tuple(Stretch(row["first"], row["last"]) for row in rows)


_LEFT_OUT = """
WITH found AS (
    SELECT DISTINCT step FROM step_batch
    WHERE run_id = $run_id AND verdict IN ('skip', 'left-out') AND step BETWEEN $first AND $last
), placed AS (
    SELECT step, step - row_number() OVER (ORDER BY step) AS stretch FROM found
)
SELECT min(step) AS first, max(step) AS last FROM placed GROUP BY stretch ORDER BY first
"""


def large(read: Curves, metrics: tuple[str, ...]) -> Curves:
    """Some metrics of a series, for a large chart; `loss` comes in buckets of the series' width even where the store
    has so few points that it gave them raw.
    """
    loss = thinned(only(read.points, "metric", *(name for name in metrics if name == "loss")), read.width)
    others = only(read.points, "metric", *(name for name in metrics if name != "loss")).select(MEANT)
    return read._replace(points=pa.concat_tables([loss, others]), marks=only(read.marks, "metric", *metrics))


def small(read: Curves, metrics: tuple[str, ...], buckets: int) -> Curves:
    """Some metrics of a series, for small charts: about `buckets` points a branch, and all marks."""
    width = max(read.width, 1 << width_shift(*_ends(read.points), buckets))
    points = thinned(only(read.points, "metric", *metrics).select(POINT), width)
    return Curves(points, only(read.marks, "metric", *metrics), width, read.left_out)


def lead(store: Store, run_id: int, metric: str, start: Start) -> pa.Table:
    """What lies before a smoothed line: columns step, n and total, of the active path. Raises StoreError."""
    first, last, width = max(0, start.step - round(WINDOWS * start.over)), start.step - 1, start.width
    if first > last:
        return _LEAD.empty_table()
    read = bucketed(store, run_id, [metric], first, last, buckets=last // width - first // width + 1)
    points = between(only(thinned(read.points, width), "active", True), "step", 0, last)
    return ordered(points.select(_LEAD.names))


def _ends(points: pa.Table) -> tuple[int, int]:
    return min(values(points, "step"), default=0), max(values(points, "step_last"), default=0)


def curves(store: Store, run_id: int, metrics: tuple[str, ...], span: Span, buckets: int) -> Curves:
    """Series of metrics for a large chart; see `large`. Raises StoreError."""
    return large(series(store, run_id, metrics, span, buckets), metrics)


def small_series(store: Store, run_id: int, metrics: tuple[str, ...], span: Span, buckets: int) -> Curves:
    """Series of metrics for small charts; see `small`. Raises StoreError."""
    return small(series(store, run_id, metrics, span, buckets), metrics, buckets)
