"""Curves of one run: the store's buckets, thinned once more where a chart is small."""

from typing import NamedTuple

import pyarrow as pa

from dashboard.tables import POINT, only, thinned, values
from store.database import Store
from store.series import Series, bucketed, width_shift

__all__ = ["Span", "curves", "large", "series", "small", "small_curves", "small_series"]


class Span(NamedTuple):
    """A range of steps, both ends included; None where it reaches to the end."""

    first: int | None = None
    """First step shown."""

    last: int | None = None
    """Last step shown."""


def series(store: Store, run_id: int, metrics: tuple[str, ...], span: Span, buckets: int) -> Series:
    """Series of metrics as `store.series` gives them. Raises StoreError."""
    return bucketed(store, run_id, list(metrics), span.first, span.last, buckets=buckets)


def large(read: Series, metrics: tuple[str, ...]) -> Series:
    """Some metrics of a series, for a large chart; `loss` comes in buckets of the series' width even where the store
    has so few points that it gave them raw.
    """
    loss = thinned(only(read.points, "metric", *(name for name in metrics if name == "loss")), read.width)
    others = only(read.points, "metric", *(name for name in metrics if name != "loss")).select(POINT)
    return Series(pa.concat_tables([loss, others]), only(read.marks, "metric", *metrics), read.width)


def small(read: Series, metrics: tuple[str, ...], buckets: int) -> Series:
    """Some metrics of a series, for small charts: about `buckets` points a branch, and all marks."""
    width = max(read.width, 1 << width_shift(*_ends(read.points), buckets))
    return Series(thinned(only(read.points, "metric", *metrics), width), only(read.marks, "metric", *metrics), width)


def _ends(points: pa.Table) -> tuple[int, int]:
    return min(values(points, "step"), default=0), max(values(points, "step_last"), default=0)


def curves(store: Store, run_id: int, metrics: tuple[str, ...], span: Span, buckets: int) -> Series:
    """Series of metrics for a large chart; see `large`. Raises StoreError."""
    return large(series(store, run_id, metrics, span, buckets), metrics)


def small_series(store: Store, run_id: int, metrics: tuple[str, ...], span: Span, buckets: int) -> Series:
    """Series of metrics for small charts; see `small`. Raises StoreError."""
    return small(series(store, run_id, metrics, span, buckets), metrics, buckets)


def small_curves(store: Store, run_id: int, metrics: tuple[str, ...], span: Span, buckets: int) -> pa.Table:
    """The points of `small_series`: columns metric, branch, active, step, min, max, last. Raises StoreError."""
    return small_series(store, run_id, metrics, span, buckets).points
