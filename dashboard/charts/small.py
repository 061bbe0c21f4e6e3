"""Small charts: one metric with its range, a few metrics of one kind with their names at their ends, or what many of
them have in common.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from dashboard.charts.brush import brush, ground
from dashboard.charts.bundle import bundle
from dashboard.charts.ends import shifts
from dashboard.charts.marks import MARKS, crosses, extent
from dashboard.charts.reach import is_wide
from dashboard.charts.single import floats, single
from dashboard.charts.theme import DOT, LINE, THIN, styled, x_steps, y_values
from dashboard.colors import Look
from dashboard.gaps import Stretch, each_parted, parted
from dashboard.tables import only, ordered, steps, table_of, values, words

if TYPE_CHECKING:
    import altair as alt
else:
    from dashboard.charts.recipe import alt

__all__ = ["SMALL", "SPARK", "small_chart", "spark"]

SMALL = 150
"""Height of a small chart, in pixels."""

SPARK = 56
"""Height of a curve without axes."""

Range: TypeAlias = tuple[int, int] | None
Words: TypeAlias = Mapping[str, str]
Row: TypeAlias = dict[str, Any]

_NO_MARKS = MARKS.empty_table()

ROOM = 9
"""Pixels kept free above and below."""

PLOT = 104
"""Pixels from the lowest to the highest value: of the height, the axis and `ROOM` take the rest."""

_ENDS = pa.schema(
    [
        ("label", pa.string()), ("step", pa.int64()), ("last", pa.float64()), ("tone", pa.string()),
        ("away", pa.float32()),
    ]
)  # fmt: skip
_OLD = pa.schema(
    [
        ("label", pa.string()), ("branch", pa.int32()), ("active", pa.bool_()), ("step", pa.int64()),
        ("last", pa.float64()),
    ]
)  # fmt: skip
_AWAY = alt.expr("datum.away")

MOST = 8
"""Lines that are told apart, each in a colour of its own; of more, only what `charts.bundle` makes of them is drawn."""


def small_chart(
    points: pa.Table,
    labels: Mapping[str, str],
    said: Words,
    look: Look,
    *,
    marks: pa.Table = _NO_MARKS,
    left_out: Sequence[Stretch] = (),
    span: Range = None,
    brushed: bool = False,
) -> alt.LayerChart:
    """Lines of the metrics in `labels` (name to label), their range behind, abandoned steps dashed; they break over
    steps that were left out.

    `points` has the columns metric, branch, active, step, step_last, min, max, last; `marks` is a table
    `charts.marks.MARKS`; `said` has the words step, from_step, value, value_last, lowest, highest, median and each
    `mark.` kind. Where it is `brushed`, a drag selects a range.
    """
    chosen, x = only(points, "metric", *labels), x_steps(*(span or ()))
    # Where a point stands for many steps only the first is sent: the last one would be a fifth of all bytes.
    wide = {"step": said["from_step"], "value": said["value_last"]} if is_wide(chosen) else {}
    told = {**said, **wide}
    params = [brush(look)] if brushed else []
    if len(labels) == 1:
        layers = _single(chosen, x, look, told, params, left_out=left_out)
    elif len(labels) <= MOST:
        layers = _several(_labelled(chosen, labels), list(labels.values()), x, look, told, params, left_out=left_out)
    else:
        layers = _many(_labelled(chosen, labels), x, look, told, params, left_out=left_out)
    layers += crosses(marks, x, said, look, span or extent(chosen, marks))
    return styled([ground(), *layers] if brushed and span else layers, look, SMALL)


def _single(
    points: pa.Table, x: alt.X, look: Look, said: Words, params: list[alt.Parameter], *, left_out: Sequence[Stretch]
) -> list[alt.Chart]:
    y = y_values("last", room=ROOM)
    low = y.copy()
    low.shorthand = "min:Q"
    active = ordered(only(points, "active", True))
    columns = {name: floats(active, name) for name in ("min", "max", "last")}
    table = table_of({"step": steps(active), **columns})
    base = alt.Chart(parted(table, values(table, "step"), left_out, ("min", "max", "last"))).encode(x=x)
    color = look.series[0]
    figures = {"last": said["value"], "min": said["lowest"], "max": said["highest"]}
    return [
        _abandoned(points, left_out, x, y, look),
        base.mark_area(opacity=0.2, color=color).encode(y=low, y2="max:Q").add_params(*params),
        base.mark_line(strokeWidth=LINE - 0.4, color=color).encode(y=y),
        _dots(table.slice(max(0, table.num_rows - 1)), x, y).encode(color=alt.value(color)),
        _readings(table, figures, x, said),
    ]


def _several(
    table: pa.Table, labels: list[str], x: alt.X, look: Look, said: Words, params: list[alt.Parameter], *,
    left_out: Sequence[Stretch],
) -> list[alt.Chart]:  # fmt: skip
    y = y_values("last", room=ROOM)
    scale = alt.Scale(domain=labels, range=[*look.series, *look.further][: len(labels)])
    color = alt.Color("label:N", scale=scale, legend=None)
    active = only(table, "active", True).select(["label", "step", "last"])
    rows = active.to_pylist()
    ends = _newest(rows)
    lines = (
        alt.Chart(each_parted(active, left_out, ["last"], ["label"]))
        .mark_line(strokeWidth=LINE - 0.4)
        .add_params(*params)
    )
    figures = {f"of{place}": label for place, label in enumerate(labels)}
    return [
        _abandoned(table, left_out, x, y, look),
        lines.encode(x=x, y=y, color=color, detail="label:N"),
        _dots(pa.Table.from_pylist(ends, schema=_ENDS), x, y).encode(color=color),
        _names(ends, values(table, "last"), x, y, color),
        _readings(_side_by_side(rows, labels), figures, x, said),
    ]


def _many(
    table: pa.Table, x: alt.X, look: Look, said: Words, params: list[alt.Parameter], *, left_out: Sequence[Stretch]
) -> list[alt.Chart]:
    """The range of all lines with their median, and the two that end as the highest and the lowest."""
    y, low = y_values("last", room=ROOM), y_values("min", room=ROOM)
    found, old = bundle(only(table, "active", True)), _old_medians(only(table, "active", False))
    whole, middle = found.table, said["median"].format(count=found.lines)
    tones = ("median", *found.edges)
    color = alt.Color("tone:N", scale=alt.Scale(domain=tones, range=look.series[: len(tones)]), legend=None)
    lasts = {"median": whole, **found.edges}
    ends = [{"label": middle, **row, "tone": tone} for tone, line in lasts.items() for row in line.to_pylist()[-1:]]
    edges = [
        each_parted(line.append_column("tone", words([tone] * line.num_rows)), left_out, ["last"], ["label"])
        for tone, line in found.edges.items()
    ]
    base = alt.Chart(parted(whole, values(whole, "step"), left_out, ("min", "max", "last"))).encode(x=x)
    heights = [*values(whole, "min"), *values(whole, "max"), *values(old, "last")]
    return [
        _abandoned(old, left_out, x, y, look),
        base.mark_area(opacity=0.2, color=look.series[0]).encode(y=low, y2="max:Q").add_params(*params),
        alt.Chart(pa.concat_tables(edges)).mark_line(strokeWidth=THIN).encode(x=x, y=y, color=color, detail="tone:N"),
        base.mark_line(strokeWidth=LINE - 0.4, color=look.series[0]).encode(y=y),
        _dots(pa.Table.from_pylist(ends, schema=_ENDS), x, y).encode(color=color),
        _names(ends, heights, x, y, color),
        _readings(whole, {"last": middle}, x, said, ("lowest", "highest")),
    ]


def _dots(ends: pa.Table, x: alt.X, y: alt.Y) -> alt.Chart:
    return alt.Chart(ends).mark_point(filled=True, size=DOT, opacity=1).encode(x=x, y=y)


def _readings(
    table: pa.Table, figures: Mapping[str, str], x: alt.X, said: Words, texts: Sequence[str] = ()
) -> alt.Chart:
    """An unseen rule at each step that says the figures there, and what stands in the columns `texts`: a line itself
    only knows its first value.
    """
    tooltip = [
        alt.Tooltip("step:Q", title=said["step"], format=",d"),
        *(alt.Tooltip(f"{field}:Q", title=title, format=".4~g") for field, title in figures.items()),
        *(alt.Tooltip(f"{field}:N", title=said[field]) for field in texts),
    ]
    return alt.Chart(table).mark_rule(opacity=0, strokeWidth=7).encode(x=x, tooltip=tooltip)


def _side_by_side(rows: list[Row], labels: list[str]) -> pa.Table:
    """A row a step, a column a label: its value there, or before where it has none there."""
    now: dict[str, float | None] = dict.fromkeys(labels)
    lines: dict[int, list[float | None]] = {}
    for row in sorted(rows, key=lambda row: row["step"]):
        now[row["label"]] = row["last"]
        lines[row["step"]] = list(now.values())
    columns = {f"of{place}": single([line[place] for line in lines.values()]) for place in range(len(labels))}
    return table_of({"step": pa.array(list(lines), pa.int64()), **columns})


def _abandoned(points: pa.Table, left_out: Sequence[Stretch], x: alt.X, y: alt.Y, look: Look) -> alt.Chart:
    old = only(points, "active", False)
    name = "label" if "label" in old.column_names else "metric"
    columns = {"step": steps(old), "last": floats(old, "last"), "branch": old["branch"]}
    table = each_parted(table_of({**columns, "name": old[name]}), left_out, ["last"], ["name", "branch"])
    line = alt.Chart(table)
    return line.mark_line(color=look.abandoned, strokeWidth=1, strokeDash=[4, 3]).encode(
        x=x, y=y, detail=["name:N", "branch:N"]
    )


def _labelled(points: pa.Table, labels: Mapping[str, str]) -> pa.Table:
    names = words([labels[name] for name in values(points, "metric")])
    columns = {"branch": points["branch"], "active": points["active"], "step": steps(points)}
    return table_of({"label": names, **columns, **{name: floats(points, name) for name in ("min", "max", "last")}})


def _old_medians(old: pa.Table) -> pa.Table:
    """The median of the lines of each abandoned branch."""
    medians = {branch: bundle(only(old, "branch", branch)).table for branch in sorted(set(values(old, "branch")))}
    rows = [
        {"label": "median", "branch": branch, "active": False, **row}
        for branch, median in medians.items()
        for row in median.select(["step", "last"]).to_pylist()
    ]
    return pa.Table.from_pylist(rows, schema=_OLD)


def _names(ends: list[Row], heights: list[float], x: alt.X, y: alt.Y, color: alt.Color) -> alt.Chart:
    """The name of each line to the right of its end, moved apart where two would touch; `heights` are all that the
    chart shows.
    """
    rows = sorted(ends, key=lambda row: row["last"])
    away = shifts([row["last"] for row in rows], (min(heights, default=0), max(heights, default=0)), PLOT, ROOM)
    last = max((row["step"] for row in rows), default=0)
    moved = [{**row, "step": last, "away": by} for row, by in zip(rows, away, strict=True)]
    names = alt.Chart(pa.Table.from_pylist(moved, schema=_ENDS))
    return names.mark_text(align="left", dx=5, dy=_AWAY, fontSize=11, limit=90).encode(
        x=x, y=y, text="label:N", color=color
    )


def _newest(rows: list[Row]) -> list[Row]:
    return list({row["label"]: row for row in sorted(rows, key=lambda row: row["step"])}.values())


def spark(points: pa.Table, look: Look, left_out: Sequence[Stretch] = ()) -> alt.LayerChart:
    """The shape of one metric's curve, without axes; it breaks over steps that were left out."""
    x = alt.X("step:Q", axis=None, scale=alt.Scale(nice=False, zero=False))
    y = alt.Y("last:Q", axis=None, scale=alt.Scale(zero=False))
    active = ordered(only(points, "active", True)).select(["step", "last"])
    end = active.slice(max(0, active.num_rows - 1))
    parts = parted(active, values(active, "step"), left_out, ["last"])
    line = alt.Chart(parts).mark_line(color=look.series[0], strokeWidth=1.4).encode(x=x, y=y)
    dot = alt.Chart(end).mark_point(color=look.series[0], filled=True, size=28, opacity=1).encode(x=x, y=y)
    return styled([line, dot], look, SPARK)
