"""The charts of `bench.big_store`: as Run · Curves makes them, and with every row read by pandas."""

from typing import Any, NamedTuple, TypeAlias

import duckdb
import pyarrow as pa

from bench.big_store_rows import Made
from dashboard.charts.loss import LOWEST, LossData, loss_chart
from dashboard.charts.marks import named_marks
from dashboard.charts.recipe import written
from dashboard.charts.small import small_chart
from dashboard.colors import LIGHT
from dashboard.language import speaking
from dashboard.queries.curves import Curves, Span, curves, small_series
from dashboard.queries.run import checkpoints
from dashboard.views.chart_words import chart_words
from dashboard.views.curves import LOSSES
from store.database import Store
from store.series import width_shift

__all__ = ["Chart", "charts_of", "read_all", "read_runs", "shown"]

LARGE, SMALL = 400, 120
"""Points of a chart at the most."""

GRAD_NORMS = tuple(f"group/{group}/grad_norm" for group in ("embed", "first", "middle", "last", "head"))
"""One chart with five lines."""

Extremes: TypeAlias = list[tuple[str, float, float]]
"""Metric, its lowest and its highest value."""


class Chart(NamedTuple):
    """What one chart shows."""

    name: str
    """What it is called in the tables."""

    run: Made
    """Of which run."""

    metrics: tuple[str, ...]
    """Its lines."""

    span: Span
    """Its range of steps."""


def charts_of(runs: list[Made]) -> list[Chart]:
    """Charts of the long run under way, of the one that has ended, and of the shortest and the longest other."""
    going, ended, *others = runs
    shortest, longest = min(others, key=_steps), max(others, key=_steps)
    half = going.steps // 2
    return [
        Chart("long run: loss", going, LOSSES, Span()),
        Chart("long run: loss, a tenth of it", going, LOSSES, Span(half, half + going.steps // 10)),
        Chart("long run: loss, 20,000 steps", going, LOSSES, Span(half, half + 20_000)),
        Chart("long run: loss, 400 steps", going, LOSSES, Span(half, half + 399)),
        Chart("long run: norms of five groups", going, GRAD_NORMS, Span()),
        Chart("long run: norms, 20,000 steps", going, GRAD_NORMS, Span(half, half + 20_000)),
        Chart("long run: memory", going, ("system/memory_bytes",), Span()),
        Chart("long ended run: loss", ended, LOSSES, Span()),
        Chart("longest other run: loss", longest, LOSSES, Span()),
        Chart("longest other run: norms", longest, GRAD_NORMS, Span()),
        Chart("shortest run: loss", shortest, LOSSES, Span()),
        Chart("shortest run: loss, 100 steps", shortest, LOSSES, Span(100, 199)),
    ]


def _steps(run: Made) -> int:
    return run.steps


def shown(store: Store, chart: Chart) -> tuple[int, Extremes]:
    """Make it as the page does. Returns its points, and the extremes in them."""
    with speaking("en"):
        read = _loss(store, chart) if chart.metrics == LOSSES else _small(store, chart)
    return read.points.num_rows, _extremes(read.points.to_pandas(), "metric", "min", "max")


def _loss(store: Store, chart: Chart) -> Curves:
    read = curves(store, chart.run.number, chart.metrics, chart.span, LARGE)
    forks = pa.schema([("step", pa.int64()), ("label", pa.string())]).empty_table()
    saved = checkpoints(store, chart.run.number).select(["step", "state"])
    marks = named_marks(read.marks, {name: name for name in chart.metrics})
    data = LossData(read.points, marks, saved, forks, LOWEST.empty_table(), read.left_out)
    written(loss_chart(data, chart_words(), LIGHT, span=_ends(chart.span), smooth=0.01 * chart.run.steps))
    return read


def _small(store: Store, chart: Chart) -> Curves:
    labels = {name: name for name in chart.metrics}
    read = small_series(store, chart.run.number, chart.metrics, chart.span, SMALL)
    marks = named_marks(read.marks, labels)
    written(small_chart(read.points, labels, chart_words(), LIGHT, marks=marks, span=_ends(chart.span), brushed=True))
    return read


def _ends(span: Span) -> tuple[int, int] | None:
    return None if span.first is None or span.last is None else (span.first, span.last)


def read_all(store: Store, chart: Chart) -> tuple[int, Extremes]:
    """Read every value of its lines, make buckets of them. Returns how many values, and the extremes of the buckets."""
    low, high = chart.span.first or 1, chart.span.last or chart.run.steps
    given = {"run": chart.run.number, "names": list(chart.metrics), "low": low, "high": high}
    with duckdb.connect(str(store.path), read_only=True) as connection:
        rows = connection.execute(_VALUES, given).df()
    rows["bucket"] = rows["step"] // (1 << width_shift(low, high, LARGE))
    buckets = rows.groupby(["name", "bucket"], sort=False)["value"].agg(["min", "max", "last"])
    return len(rows), _extremes(buckets.reset_index(), "name", "min", "max")


def _extremes(points: Any, name: str, low: str, high: str) -> Extremes:
    grouped = points.groupby(name, sort=True)
    found = zip(grouped[low].min().items(), grouped[high].max(), strict=True)
    return [(str(metric), float(least), float(most)) for (metric, least), most in found]


def read_runs(store: Store) -> int:
    """Read the losses of all runs; of each the last one and the lowest validation loss. Returns how many runs."""
    with duckdb.connect(str(store.path), read_only=True) as connection:
        rows = connection.execute(_LOSSES).df()
    loss = rows[rows["name"] == "loss"].groupby("run_id")["value"].last()
    lowest = rows[rows["name"] == "val_loss"].groupby("run_id")["value"].min()
    return len(loss.to_frame("loss").join(lowest.rename("val_loss")))


_VALUES = """
SELECT n.name, m.step, m.value FROM metric m JOIN metric_name n ON n.id = m.metric_id
WHERE m.run_id = $run AND n.name IN $names AND m.step BETWEEN $low AND $high ORDER BY m.step
"""

_LOSSES = """
SELECT m.run_id, n.name, m.step, m.value FROM metric m JOIN metric_name n ON n.id = m.metric_id
WHERE n.name IN ('loss', 'val_loss') ORDER BY m.run_id, m.step
"""
