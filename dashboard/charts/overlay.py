"""One metric of several runs laid over each other: a line and a range a run, its name at the line's end."""

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import altair as alt
import pyarrow as pa

from dashboard.charts.ends import apart
from dashboard.charts.smooth import smoothed
from dashboard.charts.theme import LINE, styled, y_values
from dashboard.colors import Look
from dashboard.tables import between, floats, table_of, values, words

__all__ = ["HEIGHT", "Along", "RunLine", "overlay_chart"]

HEIGHT = 260
"""Of a chart, in pixels."""

NAME = 110
"""Width that a name has at the most, in pixels; a longer one ends in an ellipsis."""

_SCHEMA = pa.schema([("run", pa.string()), ("x", pa.float64()), ("y", pa.float64())])


class RunLine(NamedTuple):
    """One run's part."""

    name: str
    """Name of the run."""

    color: str
    """Its colour."""

    points: pa.Table
    """Columns step, x, min, max, last, in order."""


class Along(NamedTuple):
    """The axis at the bottom."""

    title: str
    """What it counts, with its unit."""

    format: str
    """How its figures are written (d3)."""

    unit: float = 1.0
    """What x is divided by."""


def overlay_chart(
    lines: Sequence[RunLine], along: Along, said: Mapping[str, str], look: Look, *, log: bool, smooth: float
) -> alt.LayerChart:
    """Draw it: `smooth` is in steps (see `smoothed`); `said` has the words run, value, lowest, highest."""
    table = _table(lines, along, smooth, log=log)
    scale = alt.Scale(domain=[line.name for line in lines], range=[line.color for line in lines])
    color = alt.Color("run:N", scale=scale, legend=None)
    x, y = _x(along, look), y_values("mean", log=log, room=6)
    base = alt.Chart(table).encode(x=x, color=color)
    near = alt.selection_point(name="near", nearest=True, on="pointermove", empty=False)
    tooltip = [
        alt.Tooltip("run:N", title=said["run"]),
        alt.Tooltip("x:Q", title=along.title, format=along.format),
        alt.Tooltip("value:Q", title=said["value"], format=".4~g"),
        alt.Tooltip("low:Q", title=said["lowest"], format=".4~g"),
        alt.Tooltip("high:Q", title=said["highest"], format=".4~g"),
    ]
    layers = [
        base.mark_area(opacity=0.13).encode(y=_low(y), y2="high:Q", detail="run:N"),
        base.mark_line(strokeWidth=LINE).encode(y=y),
        base.mark_point(filled=True, size=36)
        .encode(y=y, opacity=alt.condition(near, alt.value(1), alt.value(0)), tooltip=tooltip)
        .add_params(near),
        _names(table, x, y, color, log=log),
    ]
    return styled(layers, look, HEIGHT)


def _table(lines: Sequence[RunLine], along: Along, smooth: float, *, log: bool) -> pa.Table:
    parts = [line._replace(points=_shown(line.points, log=log)) for line in lines]
    points = pa.concat_tables([part.points for part in parts])
    means = [mean for part in parts for mean in _means(part.points, smooth)]
    return table_of(
        {
            "run": words([part.name for part in parts for _ in range(part.points.num_rows)]),
            "x": pa.array([value / along.unit for value in values(points, "x")], pa.float64()),
            "value": floats(points, "last"), "low": floats(points, "min"), "high": floats(points, "max"),
            "mean": pa.array(means, pa.float32()),
        }
    )  # fmt: skip


def _shown(points: pa.Table, *, log: bool) -> pa.Table:
    chosen = points.select(["step", "x", "min", "max", "last"])
    return between(chosen, "min", sys.float_info.min) if log else chosen


def _means(points: pa.Table, smooth: float) -> list[float]:
    return smoothed(values(points, "step"), values(points, "last"), smooth)


def _x(along: Along, look: Look) -> alt.X:
    quiet: dict[str, Any] = {"titleColor": look.quiet, "titleFontSize": 11, "titleFontWeight": "normal"}
    axis = alt.Axis(format=along.format, tickCount=8, titleAnchor="end", titlePadding=4, **quiet)
    return alt.X("x:Q", title=along.title, scale=alt.Scale(nice=False, zero=False), axis=axis)


def _low(y: alt.Y) -> alt.Y:
    twin = y.copy()
    twin.shorthand = "low:Q"
    return twin


def _names(table: pa.Table, x: alt.X, y: alt.Y, color: alt.Color, *, log: bool) -> alt.Chart:
    """Names right of the chart, as high as their lines end, moved apart where two would touch."""
    ends = pa.Table.from_pylist(_ends(table, log=log), schema=_SCHEMA)
    twin = y.copy()
    twin.shorthand = "y:Q"
    text = alt.Chart(ends).mark_text(align="left", dx=6, fontSize=11, limit=NAME)
    return text.encode(x=x, y=twin, text="run:N", color=color)


def _ends(table: pa.Table, *, log: bool) -> list[dict[str, Any]]:
    columns = [values(table, name) for name in ("run", "x", "mean", "low", "high")]
    if not columns[0]:
        return []
    up, back = (math.log, math.exp) if log else (float, float)
    last = {run: mean for run, _, mean, _, _ in zip(*columns, strict=True)}
    gap = 13 * (up(max(columns[4])) - up(min(columns[3]))) / (HEIGHT - 50)
    ends = sorted(last.items(), key=lambda item: item[1])
    heights = apart([up(mean) for _, mean in ends], gap)
    edge = max(columns[1])
    return [{"run": run, "x": edge, "y": back(height)} for (run, _), height in zip(ends, heights, strict=True)]
