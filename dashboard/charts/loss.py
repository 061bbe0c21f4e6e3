"""The large chart of a run: training and validation loss over its steps, and what happened on the way.

Its layers are always the same, some of them empty: while a run goes on only their data changes, so the
browser updates the chart instead of drawing it anew.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pyarrow as pa

from dashboard.charts.brush import brush, ground
from dashboard.charts.ends import side
from dashboard.charts.marks import crosses, extent
from dashboard.charts.reach import REACH, is_wide
from dashboard.charts.single import floats, single
from dashboard.charts.smooth import led
from dashboard.charts.theme import DOT, LINE, THIN, styled, x_steps, y_values
from dashboard.colors import Look
from dashboard.gaps import Stretch, each_parted, parted
from dashboard.tables import between, only, ordered, steps, table_of, values

if TYPE_CHECKING:
    import altair as alt
else:
    from dashboard.charts.recipe import alt

__all__ = ["DOTS", "HEIGHT", "LOWEST", "LossData", "loss_chart"]

HEIGHT = 330
"""Of the chart, in pixels."""

DOTS = 60
"""Validations up to which each has its dot; more dots than that would be one thick bar."""

Words: TypeAlias = Mapping[str, str]
Reach: TypeAlias = tuple[int, int]

_SIDE = alt.expr("datum.side")
_ABOVE = alt.expr("datum.side === 'right' ? -16 : -4")
_AWAY = alt.expr("datum.side === 'left' ? 5 : -5")

LOWEST = pa.schema([("step", pa.int64()), ("value", pa.float64()), ("label", pa.string())])
"""A place in the chart and the words there."""


class LossData(NamedTuple):
    """What the chart shows."""

    points: pa.Table
    """Columns metric (`loss`, `val_loss`), branch, active, step, step_last, min, max, last, n, total: finite
    values."""

    marks: pa.Table
    """Values that are no number, as `charts.marks.MARKS`."""

    checkpoints: pa.Table
    """Columns step, state."""

    forks: pa.Table
    """Columns step, label."""

    lowest: pa.Table
    """Where the validation loss was lowest, if it has been higher since, as `LOWEST`: one row or none."""

    left_out: Sequence[Stretch] = ()
    """Steps that nothing was learned from, in order: a line breaks over them."""

    before: pa.Table | None = None
    """Columns step, n, total: training losses before those shown, in order, which the smoothed line begins with."""


def loss_chart(
    data: LossData,
    words: Words,
    look: Look,
    *,
    span: tuple[int, int] | None = None,
    log: bool = False,
    smooth: float = 0,
) -> alt.LayerChart:
    """Draw it: `span` fixes the range of steps, `smooth` is in steps (see `led`)."""
    reach = span or extent(data.points, data.marks)
    x, y = x_steps(*(span or ())), y_values(log=log, room=20)
    points = between(data.points, "min", sys.float_info.min) if log else data.points
    active, abandoned = only(points, "active", True), only(points, "active", False)
    before = data.before if data.before is None or not log else between(data.before, "total", sys.float_info.min)
    training = _training(_of(active, "loss"), before, smooth)
    validation = _plain(_of(active, "val_loss"))
    layers = [
        *_abandoned(_abandoned_lines(abandoned, data.left_out), reach, x, y, words, look),
        *_training_layers(_parted(training, data.left_out), x, y, words, look, is_smooth=smooth > 0),
        *_validation_layers(_parted(validation, data.left_out), x, y, words, look),
        *_end_labels(training, validation, x, y, words, look),
        *_forks(data.forks, reach, x, look),
        _checkpoints(data.checkpoints, x, words, look),
        *_lowest(data.lowest, reach, x, y, look),
        *crosses(data.marks, x, words, look, reach),
    ]
    return styled([ground(), *layers] if span else layers, look, HEIGHT)


def _of(points: pa.Table, metric: str) -> pa.Table:
    return ordered(only(points, "metric", metric))


def _plain(points: pa.Table) -> pa.Table:
    return table_of({**_steps(points), "value": floats(points, "last")})


def _steps(points: pa.Table) -> dict[str, Any]:
    return {"step": steps(points), "step_last": steps(points, "step_last")}


def _parted(line: pa.Table, left_out: Sequence[Stretch]) -> pa.Table:
    blank = [name for name in line.column_names if name in ("value", "low", "high", "mean")]
    return parted(line, values(line, "step"), left_out, blank)


def _training(points: pa.Table, before: pa.Table | None, smooth: float) -> pa.Table:
    means = led(points, smooth, before)
    columns = {"low": floats(points, "min"), "high": floats(points, "max"), "mean": single(means)}
    return table_of({**_steps(points), "value": floats(points, "last"), **columns})


def _training_layers(
    training: pa.Table, x: alt.X, y: alt.Y, words: Words, look: Look, *, is_smooth: bool
) -> list[alt.Chart]:
    base = alt.Chart(training).encode(x=x)
    color = look.series[0]
    near = alt.selection_point(name="near", nearest=True, on="pointermove", encodings=["x"], empty=False)
    figures = {"value": _said(training, "training", words), "mean": words["smoothed_to"]}
    if is_wide(training):
        figures |= {"low": words["lowest"], "high": words["highest"]}
    shown = {field: title for field, title in figures.items() if is_smooth or field != "mean"}
    newest = alt.Chart(training.slice(max(0, training.num_rows - 1))).encode(x=x, y=_field(y, "mean"))
    return [
        base.mark_area(color=color, opacity=0.2).encode(y=_field(y, "low"), y2="high:Q").add_params(brush(look)),
        base.mark_line(color=color, strokeWidth=THIN, opacity=0.35).encode(y=y),
        base.mark_line(color=color, strokeWidth=LINE).encode(y=_field(y, "mean")),
        newest.mark_point(color=color, filled=True, size=DOT, opacity=1),
        _reading(training, shown, x, words)
        .mark_point(color=color, filled=True, size=36)
        .encode(y=_field(y, "mean"), opacity=alt.condition(near, alt.value(1), alt.value(0)))
        .add_params(near),
    ]


def _reading(table: pa.Table, figures: Mapping[str, str], x: alt.X, words: Words) -> alt.Chart:
    """What says the figures at a point, with the steps that it stands for."""
    told = [alt.Tooltip(f"{field}:Q", title=title, format=".4~g") for field, title in figures.items()]
    chart = alt.Chart(table)
    if not is_wide(table):
        return chart.encode(x=x, tooltip=[alt.Tooltip("step:Q", title=words["step"], format=",d"), *told])
    # Put together in the browser: as words they would be as long as all that is sent else.
    apart = chart.transform_calculate(reach=REACH)
    return apart.encode(x=x, tooltip=[alt.Tooltip("reach:N", title=words["at_steps"]), *told])


def _said(table: pa.Table, line: str, words: Words) -> str:
    """The name of a line, or that it is the value of a point's last step."""
    return words[f"{line}_last"] if is_wide(table) else words[line]


def _field(y: alt.Y, field: str) -> alt.Y:
    twin = y.copy()
    twin.shorthand = f"{field}:Q"
    return twin


def _validation_layers(validation: pa.Table, x: alt.X, y: alt.Y, words: Words, look: Look) -> list[alt.Chart]:
    base, rows, color = alt.Chart(validation).encode(x=x, y=y), validation.num_rows, look.series[1]
    dots = alt.Chart(validation if rows <= DOTS else validation.slice(rows - 1)).encode(x=x, y=y)
    reading = _reading(validation, {"value": _said(validation, "validation", words)}, x, words)
    return [
        base.mark_line(color=color, strokeWidth=LINE),
        dots.mark_point(color=color, filled=True, size=26, opacity=1),
        reading.mark_point(filled=True, size=60, opacity=0).encode(y=y),
    ]


def _abandoned(table: pa.Table, reach: Reach, x: alt.X, y: alt.Y, words: Words, look: Look) -> list[alt.Chart]:
    tooltip = [
        alt.Tooltip("step:Q", title=words["step"], format=",d"),
        alt.Tooltip("value:Q", title=words["abandoned"], format=".4~g"),
        alt.Tooltip("branch:Q", title=words["branch"]),
    ]
    line = alt.Chart(table).mark_line(color=look.abandoned, strokeWidth=1.2, strokeDash=[4, 3], opacity=0.9)
    ends = [_end(part, "value", words["abandoned"]) for part in _branches(_of(table, "loss"))]
    label = alt.Chart(_sided(_labels(ends), reach, "left"))
    return [
        line.encode(x=x, y=y, detail=["metric:N", "branch:N"], tooltip=tooltip),
        label.mark_text(align=_SIDE, dx=_AWAY, dy=_ABOVE, fontSize=11, color=look.quiet).encode(
            x=x, y=y, text="label:N"
        ),
    ]


def _abandoned_lines(points: pa.Table, left_out: Sequence[Stretch]) -> pa.Table:
    table = _plain(points).append_column("metric", points["metric"]).append_column("branch", points["branch"])
    return each_parted(table, left_out, ["value"], ["metric", "branch"])


def _branches(points: pa.Table) -> list[pa.Table]:
    return [only(points, "branch", branch) for branch in sorted(set(values(points, "branch")))]


def _end_labels(
    training: pa.Table, validation: pa.Table, x: alt.X, y: alt.Y, words: Words, look: Look
) -> list[alt.Chart]:
    """The name of each line at its end, the upper one above it and the lower one below."""
    ends = [_end(training, "mean", words["training"]), _end(validation, "value", words["validation"])]
    lower = 1 if ends[0] and ends[1] and ends[1]["value"] < ends[0]["value"] else 0
    return [
        alt.Chart(_labels([row]))
        .mark_text(align="right", dx=-2, dy=16 if place == lower else -13, fontSize=12, color=look.series[place])
        .encode(x=x, y=y, text="label:N")
        for place, row in enumerate(ends)
    ]


def _end(points: pa.Table, field: str, label: str) -> dict[str, Any] | None:
    if not points.num_rows:
        return None
    return {"step": values(points, "step")[-1], "value": values(points, field)[-1], "label": label}


def _labels(ends: list[dict[str, Any] | None]) -> pa.Table:
    return pa.Table.from_pylist([end for end in ends if end], schema=LOWEST)


def _forks(forks: pa.Table, reach: Reach, x: alt.X, look: Look) -> list[alt.Chart]:
    """A rule where a branch left, with words."""
    base = alt.Chart(_sided(forks, reach, "right")).encode(x=x)
    rule = base.mark_rule(color=look.warn, strokeWidth=1)
    words = base.mark_text(align=_SIDE, dx=_AWAY, baseline="top", fontSize=11, color=look.warn)
    return [rule, words.encode(y=alt.value(0), text="label:N")]


def _checkpoints(checkpoints: pa.Table, x: alt.X, words: Words, look: Look) -> alt.Chart:
    """Triangles on the time line: filled where it is safe to return to."""
    named = pa.array([words.get(f"checkpoint.{state}", state) for state in values(checkpoints, "state")], pa.string())
    stable = alt.datum.state == "stable"
    tooltip = [
        alt.Tooltip("step:Q", title=words["checkpoint"], format=",d"),
        alt.Tooltip("word:N", title=words["state"]),
    ]
    return (
        alt.Chart(checkpoints.append_column("word", named))
        .mark_point(shape="triangle-up", size=52, strokeWidth=1.2, opacity=1)
        .encode(
            x=x,
            y=alt.value(HEIGHT - 34),
            stroke=alt.condition(alt.datum.state == "suspect", alt.value(look.warn), alt.value(look.series[2])),
            fill=alt.condition(stable, alt.value(look.series[2]), alt.value(look.background)),
            tooltip=tooltip,
        )
    )


def _lowest(lowest: pa.Table, reach: Reach, x: alt.X, y: alt.Y, look: Look) -> list[alt.Chart]:
    """A ring around the lowest validation loss, with words above it."""
    base = alt.Chart(_sided(lowest, reach, "center")).encode(x=x, y=y)
    ring = base.mark_point(color=look.series[1], size=110, strokeWidth=1.4, opacity=1)
    words = base.mark_text(align=_SIDE, dy=-15, fontSize=11, color=look.quiet)
    return [ring, words.encode(text="label:N")]


def _sided(table: pa.Table, reach: Reach, usual: str) -> pa.Table:
    """With a column that says which end of a row's words stands at its step, so that they stay inside the chart."""
    sides = [side(step, reach, usual) for step in values(table, "step")]
    return table.append_column("side", pa.array(sides, pa.string()))
