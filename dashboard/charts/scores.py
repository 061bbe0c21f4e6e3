"""One metric of a suite over the checkpoints, with its 95 % intervals; the base as a band across the chart."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa

from dashboard.charts.theme import LINE, styled, y_values
from dashboard.colors import Look
from dashboard.tables import only, ordered, values

if TYPE_CHECKING:
    import altair as alt
else:
    from dashboard.charts.recipe import alt

__all__ = ["BASE", "HEIGHT", "POINTS", "score_chart"]

POINTS = pa.schema(
    [
        ("step", pa.int64()), ("branch", pa.int32()), ("active", pa.bool_()), ("value", pa.float64()),
        ("low", pa.float64()), ("high", pa.float64()), ("n", pa.int32()),
    ]
)  # fmt: skip
"""A checkpoint's score as it is shown, and the ends of its interval."""

BASE = pa.schema([("value", pa.float64()), ("low", pa.float64()), ("high", pa.float64()), ("label", pa.string())])
"""The base's score, in no row or one, with its words."""

HEIGHT = 230
"""In pixels."""

FEW = 10
"""Checkpoints up to which each has its step on the axis."""

Words: TypeAlias = Mapping[str, str]


def score_chart(points: pa.Table, base: pa.Table, said: Words, look: Look) -> "alt.LayerChart":
    """Draw it: `points` is a table `POINTS`, `base` a table `BASE`; `said` has the words step, branch, value, low,
    high and items.
    """
    # From step 0, where the base is: its words stand there.
    x = alt.X("step:Q", title=None, axis=_steps(points), scale=alt.Scale(nice=False, zero=True, padding=18))
    y = y_values(room=8)
    tooltip = [
        alt.Tooltip("step:Q", title=said["step"], format=",d"),
        alt.Tooltip("branch:Q", title=said["branch"], format="d"),
        *(alt.Tooltip(f"{name}:Q", title=said[name], format=".4~g") for name in ("value", "low", "high")),
        alt.Tooltip("n:Q", title=said["items"], format=",d"),
    ]
    color = alt.condition(alt.datum.active, alt.value(look.series[0]), alt.value(look.abandoned))
    each = alt.Chart(points).encode(x=x, color=color, tooltip=tooltip)
    path = alt.Chart(ordered(only(points, "active", True))).encode(x=x, y=y)
    layers = [
        *_base(base, y, look),
        path.mark_line(strokeWidth=LINE, color=look.series[0]),
        each.mark_rule(strokeWidth=LINE).encode(y=_end(y, "low"), y2="high:Q"),
        each.mark_point(filled=True, size=55, opacity=1).encode(y=y),
    ]
    return styled(layers, look, HEIGHT)


def _steps(points: pa.Table) -> "alt.Axis":
    steps = sorted(set(values(points, "step")))
    few = alt.Axis(format=",d", tickMinStep=1, values=steps)
    return few if len(steps) <= FEW else alt.Axis(format=",d", tickMinStep=1, tickCount=8)


def _end(y: "alt.Y", field: str) -> "alt.Y":
    end = y.copy()
    end.shorthand = f"{field}:Q"
    return end


def _base(base: pa.Table, y: "alt.Y", look: Look) -> "list[alt.Chart]":
    chart = alt.Chart(base)
    words = chart.mark_text(align="left", dx=4, dy=-5, baseline="bottom", fontSize=11, color=look.quiet)
    return [
        chart.mark_rect(opacity=0.14, color=look.quiet).encode(y=_end(y, "low"), y2="high:Q"),
        chart.mark_rule(strokeDash=[5, 3], color=look.quiet).encode(y=y),
        words.encode(x=alt.value(0), y=y, text="label:N"),
    ]
