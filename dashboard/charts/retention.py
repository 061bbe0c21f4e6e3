"""What is left of what the base knew: a line over the checkpoints, and cells by subject and checkpoint."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pyarrow as pa

from dashboard.charts.forgetting import HEIGHT, light_color, light_shape
from dashboard.charts.theme import styled
from dashboard.colors import Look

if TYPE_CHECKING:
    import altair as alt
else:
    from dashboard.charts.recipe import alt

__all__ = ["ROW", "Cell", "Held", "retention_chart", "subject_chart"]

ROW = 24
"""Height of a subject, in pixels."""

AXIS = 30
"""Height of the steps below them."""

FAR = 50
"""Percent above or below 100 at which the colours end."""

NAME = 150
"""Longest name of a subject, in pixels; the whole one is shown on hover."""

FAINT = 0.75
"""Opacity of the cells, so that the figures on them can be read."""

Words: TypeAlias = Mapping[str, str]


class Held(NamedTuple):
    """What a checkpoint kept."""

    step: int
    """Its step."""

    kept: float
    """Retention, in percent."""

    tone: str
    """`good`, `warn`, `bad`, or `abandoned` for one that is not on the present path."""

    light: str
    """The light in words."""

    label: str
    """What stands beside the mark; empty for nothing."""


class Cell(NamedTuple):
    """What a checkpoint kept of a subject."""

    subject: str
    """The subject's name."""

    step: str
    """The step as it is shown."""

    kept: float | None
    """Retention, in percent; None where the base only guesses."""

    figure: str
    """The same as it stands in the cell, in as few signs as can be."""

    told: str
    """The same as shown on hover."""

    changed: str
    """Questions lost and gained, in words."""

    drop: str
    """The drop with its interval, in words."""

    n: int
    """Questions of the subject."""


_HELD = pa.schema(
    [
        ("step", pa.int64()), ("kept", pa.float64()), ("tone", pa.string()), ("light", pa.string()),
        ("label", pa.string()),
    ]
)  # fmt: skip

_CELLS = pa.schema(
    [
        ("subject", pa.string()), ("step", pa.string()), ("kept", pa.float64()), ("figure", pa.string()),
        ("told", pa.string()), ("changed", pa.string()), ("drop", pa.string()), ("n", pa.int64()),
    ]
)  # fmt: skip


def retention_chart(found: Sequence[Held], said: Words, look: Look) -> "alt.LayerChart":
    """Draw retention with the base as a line at 100 percent; `said` has step, kept and light."""
    present, left = (
        pa.Table.from_pylist([one._asdict() for one in found if (one.tone == "abandoned") is side], schema=_HELD)
        for side in (False, True)
    )
    x = alt.X(
        "step:Q", title=None, scale=alt.Scale(nice=False, zero=False, padding=26),
        axis=alt.Axis(format=",d", tickMinStep=1, tickCount=8),
    )  # fmt: skip
    y = alt.Y("kept:Q", title=None, scale=alt.Scale(nice=True, zero=False, padding=6), axis=alt.Axis(format=",.3~r"))
    base = alt.Chart(pa.table({"kept": [100.0]}))
    line = alt.Chart(present).mark_line(color=look.quiet, strokeWidth=1).encode(x=x, y=y, order="step:Q")
    layers = [
        base.mark_rule(color=look.text, strokeWidth=1.2, strokeDash=[5, 4]).encode(y=y), line,
        *_marks(left, x, y, said, look), *_marks(present, x, y, said, look),
    ]  # fmt: skip
    return styled(layers, look, HEIGHT)


def _marks(table: pa.Table, x: Any, y: Any, said: Words, look: Look) -> list[Any]:
    tooltip = [
        alt.Tooltip("step:Q", title=said["step"], format=",d"),
        alt.Tooltip("kept:Q", title=said["kept"], format=".1f"),
        alt.Tooltip("light:N", title=said["light"]),
    ]
    each = alt.Chart(table).encode(x=x, y=y, color=light_color(look))
    return [
        each.mark_point(filled=True, size=80, opacity=1).encode(shape=light_shape(), tooltip=tooltip),
        each.mark_text(align="left", dx=8, dy=-8, fontSize=11).encode(text="label:N"),
    ]


def subject_chart(
    cells: Sequence[Cell], subjects: Sequence[str], steps: Sequence[str], said: Words, look: Look
) -> "alt.LayerChart":
    """Draw a row a subject, from top to bottom as in `subjects`, and a column a step; `said` has subject, step, told,
    drop, changed and n.
    """
    table = pa.Table.from_pylist([cell._asdict() for cell in cells], schema=_CELLS)
    x = alt.X(
        "step:O", title=None, sort=list(steps), axis=alt.Axis(labelAngle=0),
        scale=alt.Scale(domain=list(steps), paddingInner=0.04, paddingOuter=0),
    )  # fmt: skip
    y = alt.Y(
        "subject:N", title=None, sort=list(subjects), axis=alt.Axis(grid=False, labelLimit=NAME, labelOverlap=False),
        scale=alt.Scale(domain=list(subjects), paddingInner=0.08),
    )  # fmt: skip
    tooltip = [
        alt.Tooltip("subject:N", title=said["subject"]),
        alt.Tooltip("step:N", title=said["step"]),
        *(alt.Tooltip(f"{name}:N", title=said[name]) for name in ("told", "drop", "changed")),
        alt.Tooltip("n:Q", title=said["n"], format=",d"),
    ]  # fmt: skip
    each = alt.Chart(table).encode(x=x, y=y, tooltip=tooltip)
    known = each.transform_filter("isValid(datum.kept)")
    layers = [
        known.mark_rect(opacity=FAINT).encode(color=_distance(look)),
        each.mark_text(fontSize=11, color=look.text).encode(text="figure:N"),
    ]
    return styled(layers, look, ROW * len(subjects) + AXIS)


def _distance(look: Look) -> Any:
    """How far from what the base knew; the figure in the cell says the same."""
    scale = alt.Scale(
        domain=[100 - FAR, 100, 100 + FAR], range=[look.series[1], look.second, look.series[0]], clamp=True,
        interpolate="rgb",
    )  # fmt: skip
    return alt.Color("kept:Q", scale=scale, legend=None)
