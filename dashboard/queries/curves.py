"""Curves of one run: the store's buckets, thinned once more where a chart is small."""

from typing import NamedTuple

import pyarrow as pa

from dashboard.tables import POINT, only, thinned
from store.database import Store
from store.series import Series, bucketed

__all__ = ["Span", "curves", "small_curves"]


class Span(NamedTuple):
    """A range of steps, both ends included; None where it reaches to the end."""

    first: int | None = None
    """First step shown."""

    last: int | None = None
    """Last step shown."""


def curves(store: Store, run_id: int, metrics: tuple[str, ...], span: Span, buckets: int) -> Series:
    """Series of metrics for a large chart; `loss` comes in buckets of the given width even where the
    store has so few points that it gave them raw. Raises StoreError.
    """
    series = bucketed(store, run_id, list(metrics), span.first, span.last, buckets=buckets)
    loss = thinned(only(series.points, "metric", "loss"), series.width)
    others = [name for name in metrics if name != "loss"]
    return series._replace(points=pa.concat_tables([loss, only(series.points, "metric", *others).select(POINT)]))


def small_curves(store: Store, run_id: int, metrics: tuple[str, ...], span: Span, buckets: int) -> pa.Table:
    """Series of metrics for small charts: about `buckets` points a branch, columns metric, branch, active,
    step, min, max, last. Raises StoreError.
    """
    series = bucketed(store, run_id, list(metrics), span.first, span.last, buckets=buckets)
    return thinned(series.points, series.width)
