"""The loss with its alarms: a rule where a spike began, with the rule in words; what was abandoned is dashed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from dashboard.charts.brush import brush
from dashboard.charts.marks import crosses
from dashboard.charts.single import floats
from dashboard.charts.spike_frame import Edges, edges, framed
from dashboard.charts.theme import LINE, x_steps, y_values
from dashboard.colors import Look
from dashboard.gaps import Stretch, parted
from dashboard.tables import only, ordered, steps, table_of, values

if TYPE_CHECKING:
    import altair as alt
else:
    from dashboard.charts.recipe import alt

__all__ = ["HEIGHT", "spaced", "spike_line"]

HEIGHT = 230
"""Of the chart, in pixels."""

NEAR = 0.12
"""Share of the chart's width that the words of an alarm take."""

Words: TypeAlias = Mapping[str, str]

_BEGINS = pa.schema(
    [("step", pa.int64()), ("label", pa.string()), ("right", pa.string()), ("left", pa.string()), ("amber", pa.bool_())]
)


def spike_line(
    points: pa.Table,
    marks: pa.Table,
    spikes: Sequence[Mapping[str, Any]],
    said: Words,
    look: Look,
    *,
    reach: Edges,
    span: Edges | None = None,
    left_out: Sequence[Stretch] = (),
) -> "alt.LayerChart":
    """Draw it: `points`, `marks` and `left_out` of the loss as for `charts.loss`, `spikes` with step, label and amber,
    in order; `reach` is what all charts show, `span` the range it was zoomed to.
    """
    x, y = x_steps(*(span or ())), y_values(room=20)
    begins = pa.Table.from_pylist(spaced(spikes, *(span or reach)), schema=_BEGINS)
    layers = [
        edges(span or reach, x),
        *_abandoned(only(points, "active", False), x, y, said, look),
        *_line(ordered(only(points, "active", True)), left_out, x, y, said, look),
        *_begins(begins, x, said, look),
        *crosses(marks, x, said, look, span or reach),
    ]
    return framed(layers, look, HEIGHT, zoomed=span is not None)


def spaced(spikes: Sequence[Mapping[str, Any]], first: int, last: int) -> list[dict[str, Any]]:
    """Those in the range, with their words on the side where there is room (`right`, near the end `left`), and with
    none where these would run into the words of the one before.

    >>> rows = [{"step": step, "label": "jump", "amber": False} for step in (10, 12, 95)]
    >>> [(row["right"], row["left"]) for row in spaced(rows, 0, 100)]
    [('jump', ''), ('', ''), ('', 'jump')]
    """
    found: list[dict[str, Any]] = []
    room = NEAR * (last - first)
    free = float(first)
    for row in spikes:
        if first <= row["step"] <= last:
            at_end = row["step"] > last - room
            fits = row["step"] >= free + (room if at_end else 0)
            label = row["label"] if fits else ""
            found.append({**row, "right": "" if at_end else label, "left": label if at_end else ""})
            free = row["step"] + (0 if at_end else room) if fits else free
    return found


def _line(active: pa.Table, left_out: Sequence[Stretch], x: "alt.X", y: "alt.Y", said: Words, look: Look) -> list[Any]:
    columns = {name: floats(active, name) for name in ("min", "max")}
    table = table_of({"step": steps(active), "value": floats(active, "last"), **columns})
    low = y.copy()
    low.shorthand = "min:Q"
    parts = parted(table, values(table, "step"), left_out, ("value", "min", "max"))
    base, color = alt.Chart(parts).encode(x=x), look.series[0]
    near = alt.selection_point(name="near", nearest=True, on="pointermove", encodings=["x"], empty=False)
    tooltip = [
        alt.Tooltip("step:Q", title=said["step"], format=",d"),
        alt.Tooltip("value:Q", title=said["training"], format=".4~g"),
        alt.Tooltip("max:Q", title=said["highest"], format=".4~g"),
    ]
    return [
        base.mark_area(color=color, opacity=0.2).encode(y=low, y2="max:Q").add_params(brush(look)),
        base.mark_line(color=color, strokeWidth=LINE - 0.4).encode(y=y),
        base.mark_point(color=color, filled=True, size=36)
        .encode(y=y, opacity=alt.condition(near, alt.value(1), alt.value(0)), tooltip=tooltip)
        .add_params(near),
    ]


def _abandoned(points: pa.Table, x: "alt.X", y: "alt.Y", said: Words, look: Look) -> list[Any]:
    table = table_of({"step": steps(points), "value": floats(points, "last"), "branch": points["branch"]})
    tooltip = [
        alt.Tooltip("step:Q", title=said["step"], format=",d"),
        alt.Tooltip("value:Q", title=said["abandoned"], format=".4~g"),
        alt.Tooltip("branch:Q", title=said["branch"]),
    ]
    base = alt.Chart(table).encode(x=x, y=y, tooltip=tooltip)
    line = base.mark_line(color=look.abandoned, strokeWidth=1.2, strokeDash=[4, 3], opacity=0.9)
    # A branch of one step is nothing but its dot.
    dots = base.mark_point(color=look.abandoned, filled=True, size=9, opacity=0.9)
    return [line.encode(detail="branch:N"), dots]


def _begins(begins: pa.Table, x: "alt.X", said: Words, look: Look) -> list[Any]:
    color = alt.condition(alt.datum.amber, alt.value(look.warn), alt.value(look.bad))
    tooltip = [
        alt.Tooltip("step:Q", title=said["step"], format=",d"),
        alt.Tooltip("label:N", title=said["alarm"]),
    ]
    base = alt.Chart(begins).encode(x=x, color=color, tooltip=tooltip)
    right = base.mark_text(align="left", dx=4, baseline="top", fontSize=11)
    left = base.mark_text(align="right", dx=-4, baseline="top", fontSize=11)
    return [
        base.mark_rule(strokeWidth=1, opacity=0.7),
        right.encode(y=alt.value(0), text="right:N"),
        left.encode(y=alt.value(0), text="left:N"),
    ]
