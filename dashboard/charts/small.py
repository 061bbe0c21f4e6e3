"""Small charts: one metric with its range, or a few metrics of one kind with their names at their ends."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import altair as alt
import pyarrow as pa

from dashboard.charts.ends import apart
from dashboard.charts.theme import LINE, styled, x_steps, y_values
from dashboard.colors import Look
from dashboard.tables import floats, only, ordered, steps, table_of, values, words

__all__ = ["SMALL", "SPARK", "small_chart", "spark"]

SMALL = 150
"""Height of a small chart, in pixels."""

SPARK = 56
"""Height of a curve without axes."""

Range: TypeAlias = tuple[int, int] | None

_TOOLTIP = [alt.Tooltip("step:Q", format=",d"), alt.Tooltip("last:Q", title="value", format=".4~g")]

MOST = 6
"""Lines told apart by colour; further ones share the quiet colour."""


def small_chart(points: pa.Table, labels: Mapping[str, str], look: Look, span: Range = None) -> alt.LayerChart:
    """Lines of the metrics in `labels` (name to label), their range behind, abandoned steps dashed.

    `points` has the columns metric, branch, active, step, min, max, last.
    """
    chosen = only(points, "metric", *labels)
    if len(labels) == 1:
        return _single(chosen, look, span)
    return _several(_labelled(chosen, labels), list(labels.values()), look, span)


def _single(points: pa.Table, look: Look, span: Range) -> alt.LayerChart:
    x, y = x_steps(*(span or ())), y_values("last", room=4)
    low = alt.Y("min:Q", title=None, scale=alt.Scale(zero=False))
    active = ordered(only(points, "active", True))
    columns = {name: floats(active, name) for name in ("min", "max", "last")}
    base = alt.Chart(table_of({"step": steps(active), **columns})).encode(x=x)
    color = look.series[0]
    layers = [
        _abandoned(points, x, y, look),
        base.mark_area(opacity=0.2, color=color).encode(y=low, y2="max:Q"),
        base.mark_line(strokeWidth=LINE - 0.4, color=color).encode(y=y, tooltip=_TOOLTIP),
    ]
    return styled(layers, look, SMALL)


def _several(table: pa.Table, labels: list[str], look: Look, span: Range) -> alt.LayerChart:
    x, y = x_steps(*(span or ())), y_values("last", room=4)
    color = alt.Color("label:N", scale=_colors(labels, look), legend=None)
    active = only(table, "active", True).select(["label", "step", "last"])
    lines = alt.Chart(active).mark_line(strokeWidth=LINE - 0.4)
    layers = [
        _abandoned(table, x, y, look),
        lines.encode(x=x, y=y, color=color, detail="label:N", tooltip=["label:N", *_TOOLTIP]),
        _names(active, x, y, color),
    ]
    return styled(layers, look, SMALL, right=16 + 6 * min(14, max(map(len, labels))))


def _abandoned(points: pa.Table, x: alt.X, y: alt.Y, look: Look) -> alt.Chart:
    old = only(points, "active", False)
    name = "label" if "label" in old.column_names else "metric"
    columns = {"step": steps(old), "last": floats(old, "last"), "branch": old["branch"]}
    line = alt.Chart(table_of({**columns, "name": old[name]}))
    return line.mark_line(color=look.abandoned, strokeWidth=1, strokeDash=[4, 3]).encode(
        x=x, y=y, detail=["name:N", "branch:N"]
    )


def _labelled(points: pa.Table, labels: Mapping[str, str]) -> pa.Table:
    names = words([labels[name] for name in values(points, "metric")])
    columns = {"branch": points["branch"], "active": points["active"], "step": steps(points)}
    return table_of({"label": names, **columns, "last": floats(points, "last")})


def _colors(labels: list[str], look: Look) -> alt.Scale:
    quiet = [look.abandoned] * max(0, len(labels) - MOST)
    return alt.Scale(domain=labels, range=[*look.series[: len(labels)], *quiet])


def _names(active: pa.Table, x: alt.X, y: alt.Y, color: alt.Color) -> alt.Chart:
    """The name of each line to the right of its end, moved apart where two would touch."""
    ends = _ends(active.to_pylist())
    schema = pa.schema([("label", pa.string()), ("step", pa.int64()), ("last", pa.float32())])
    names = alt.Chart(pa.Table.from_pylist(ends, schema=schema))
    return names.mark_text(align="left", dx=5, fontSize=11, limit=90).encode(x=x, y=y, text="label:N", color=color)


def _ends(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not rows:
        return []
    newest = {row["label"]: row for row in sorted(rows, key=lambda row: row["step"])}
    values = [row["last"] for row in rows]
    gap = 13 * (max(values) - min(values)) / (SMALL - 30)
    ends = sorted(newest.values(), key=lambda row: row["last"])
    heights = apart([row["last"] for row in ends], gap)
    last = max(row["step"] for row in ends)
    return [{"label": row["label"], "step": last, "last": height} for row, height in zip(ends, heights, strict=True)]


def spark(points: pa.Table, look: Look) -> alt.LayerChart:
    """The shape of one metric's curve, without axes."""
    x = alt.X("step:Q", axis=None, scale=alt.Scale(nice=False, zero=False))
    y = alt.Y("last:Q", axis=None, scale=alt.Scale(zero=False))
    active = ordered(only(points, "active", True)).select(["step", "last"])
    end = active.slice(max(0, active.num_rows - 1))
    line = alt.Chart(active).mark_line(color=look.series[0], strokeWidth=1.4).encode(x=x, y=y)
    dot = alt.Chart(end).mark_point(color=look.series[0], filled=True, size=28, opacity=1).encode(x=x, y=y)
    return styled([line, dot], look, SPARK)
