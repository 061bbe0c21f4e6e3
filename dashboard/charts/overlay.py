"""One metric of several runs laid over each other: a line and a range a run, its name at the line's end."""

import math
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pyarrow as pa

from dashboard.charts.brush import brush, ground
from dashboard.charts.ends import shifts
from dashboard.charts.marks import extent
from dashboard.charts.reach import REACH, is_wide
from dashboard.charts.run_marks import Place, run_crosses, run_marks
from dashboard.charts.single import floats, single
from dashboard.charts.smooth import led
from dashboard.charts.theme import DOT, LINE, styled, y_values
from dashboard.colors import Look
from dashboard.gaps import Stretch, parted
from dashboard.tables import between, steps, table_of, values, words

if TYPE_CHECKING:
    import altair as alt
else:
    from dashboard.charts.recipe import alt

__all__ = ["HEIGHT", "Along", "RunLine", "overlay_chart"]

HEIGHT = 260
"""Of a chart, in pixels."""

NAME = 110
"""Width that a name has at the most, in pixels; a longer one ends in an ellipsis."""

ROOM = 14
"""Pixels kept free above and below the lines."""

PLOT = HEIGHT - 78
"""Pixels from the lowest to the highest value."""

_SCHEMA = pa.schema([("run", pa.string()), *((name, pa.float64()) for name in ("x", "last", "end", "away"))])

Words: TypeAlias = Mapping[str, str]
Reach: TypeAlias = tuple[float, float] | None


class RunLine(NamedTuple):
    """One run's part."""

    name: str
    """Name of the run."""

    color: str
    """Its colour."""

    points: pa.Table
    """Columns step, step_last, x, min, max, last, n, total, in order."""

    marks: pa.Table
    """Values that are no number: columns x, kind."""

    left_out: Sequence[Stretch] = ()
    """Steps that nothing was learned from, in order: the line breaks over them."""

    before: pa.Table | None = None
    """Columns step, n, total: values before those shown, in order, which the smoothed line begins with."""


class Along(NamedTuple):
    """The axis at the bottom."""

    title: str
    """What it counts, with its unit."""

    format: str
    """How its figures are written (d3)."""

    unit: float = 1.0
    """What x is divided by."""


def overlay_chart(
    lines: Sequence[RunLine],
    along: Along,
    said: Words,
    look: Look,
    *,
    reach: Reach = None,
    log: bool = False,
    smooth: float = 0,
) -> alt.LayerChart:
    """Draw it: `reach` fixes the range of x, `smooth` is in steps (see `led`); `said` has the words run, at_steps,
    value, value_last, smoothed_to, lowest, highest and each `mark.` kind.
    """
    parts, edges = [_table(line, along, smooth, log=log) for line in lines], _edges(reach, along)
    table = pa.concat_tables([part for part, _ in parts], promote_options="permissive")
    ends = pa.Table.from_pylist(_heights(table, edges, log=log), schema=_SCHEMA)
    marks = run_marks({line.name: _places(line.marks, along) for line in lines}, said, edges or _extent(lines, along))
    scale = alt.Scale(domain=[line.name for line in lines], range=[line.color for line in lines])
    color = alt.Color("run:N", scale=scale, legend=None)
    x, y = _x(along, look, edges), y_values("mean", log=log, room=ROOM)
    broken = [
        parted(part, at, line.left_out, ("value", "low", "high", "mean"), "x")
        for (part, at), line in zip(parts, lines, strict=True)
    ]
    base = alt.Chart(pa.concat_tables(broken, promote_options="permissive")).encode(x=x, color=color)
    near = alt.selection_point(name="near", nearest=True, on="pointermove", empty=False)
    readings = base.transform_calculate(reach=REACH).mark_point(filled=True, size=36, clip=True).add_params(near)
    seen = alt.condition(near, alt.value(1), alt.value(0))
    layers = [
        base.mark_area(opacity=0.13, clip=True).encode(y=_of(y, "low"), y2="high:Q", detail="run:N"),
        base.mark_line(strokeWidth=LINE, clip=True).encode(y=y).add_params(brush(look)),
        *_ends(ends, x, y, color),
        *run_crosses(marks, x, color, _place(along, said), said),
        readings.encode(y=y, opacity=seen, tooltip=_tooltip(table, along, said, smooth)),
    ]
    return styled([ground(), *layers] if edges else layers, look, HEIGHT)


def _edges(reach: Reach, along: Along) -> Reach:
    return None if reach is None else (reach[0] / along.unit, reach[1] / along.unit)


def _extent(lines: Sequence[RunLine], along: Along) -> tuple[float, float]:
    low, high = extent(*(part for line in lines for part in (line.points, line.marks)), column="x")
    return low / along.unit, high / along.unit


def _places(marks: pa.Table, along: Along) -> list[Place]:
    return sorted(zip((x / along.unit for x in values(marks, "x")), values(marks, "kind"), strict=True))


def _place(along: Along, said: Words) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("run:N", title=said["run"]),
        alt.Tooltip("x:Q", title=along.title, format=along.format),
    ]


def _tooltip(table: pa.Table, along: Along, said: Words, smooth: float) -> list[alt.Tooltip]:
    wide = is_wide(table)
    where = _place(along, said)
    if wide:
        # Along the steps themselves the first of them would be said twice.
        own = values(table, "x") == values(table, "step")
        where = [*where[: 1 if own else 2], alt.Tooltip("reach:N", title=said["at_steps"])]
    figures = {"value": said["value_last" if wide else "value"], **({"mean": said["smoothed_to"]} if smooth else {})}
    if wide:
        figures |= {"low": said["lowest"], "high": said["highest"]}
    return [*where, *(alt.Tooltip(f"{field}:Q", title=title, format=".4~g") for field, title in figures.items())]


def _table(line: RunLine, along: Along, smooth: float, *, log: bool) -> tuple[pa.Table, list[int]]:
    """What is drawn of a run, and the steps of the rows."""
    points = _shown(line.points, log=log)
    at: list[int] = values(points, "step")
    columns = {
        "run": words([line.name] * points.num_rows), "step": steps(points), "step_last": steps(points, "step_last"),
        "x": pa.array([value / along.unit for value in values(points, "x")], pa.float64()),
        "value": floats(points, "last"), "low": floats(points, "min"), "high": floats(points, "max"),
        "mean": single(led(points, smooth, _before(line, log=log))),
    }  # fmt: skip
    return table_of(columns), at


def _before(line: RunLine, *, log: bool) -> pa.Table | None:
    return line.before if line.before is None or not log else between(line.before, "total", sys.float_info.min)


def _shown(points: pa.Table, *, log: bool) -> pa.Table:
    return between(points, "min", sys.float_info.min) if log else points


def _x(along: Along, look: Look, edges: Reach) -> alt.X:
    quiet: dict[str, Any] = {"titleColor": look.quiet, "titleFontSize": 11, "titleFontWeight": "normal"}
    axis = alt.Axis(format=along.format, tickCount=8, titleAnchor="end", titlePadding=4, **quiet)
    scale = alt.Scale(domain=list(edges), nice=False) if edges else alt.Scale(nice=False, zero=False)
    return alt.X("x:Q", title=along.title, scale=scale, axis=axis)


def _of(y: alt.Y, field: str) -> alt.Y:
    twin = y.copy()
    twin.shorthand = f"{field}:Q"
    return twin


def _ends(ends: pa.Table, x: alt.X, y: alt.Y, color: alt.Color) -> list[alt.Chart]:
    """A dot at each line's end, and the names right of the chart, as high as their lines end, moved apart where
    two would touch.
    """
    base = alt.Chart(ends).encode(color=color)
    dots = base.mark_point(filled=True, size=DOT, opacity=1).encode(x=_last(x), y=_of(y, "end"))
    names = base.mark_text(align="left", dx=6, dy=alt.expr("datum.away"), fontSize=11, limit=NAME)
    return [dots, names.encode(x=x, y=_of(y, "end"), text="run:N")]


def _last(x: alt.X) -> alt.X:
    twin = x.copy()
    twin.shorthand = "last:Q"
    return twin


def _heights(table: pa.Table, edges: Reach, *, log: bool) -> list[dict[str, Any]]:
    columns = [values(table, name) for name in ("run", "x", "mean", "low", "high")]
    if not columns[0]:
        return []
    up = math.log if log else float
    last = {run: (x, mean) for run, x, mean, _, _ in zip(*columns, strict=True)}
    ends = sorted(last.items(), key=lambda item: item[1][1])
    extent = up(min(columns[3])), up(max(columns[4]))
    away = shifts([up(mean) for _, (_, mean) in ends], extent, PLOT, ROOM)
    edge = edges[1] if edges else max(columns[1])
    return [
        {"run": run, "x": edge, "last": x if x <= edge else None, "end": mean, "away": by}
        for (run, (x, mean)), by in zip(ends, away, strict=True)
    ]
