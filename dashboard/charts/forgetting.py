"""What a run forgot, checkpoint by checkpoint, and what that was paid for: learning against retention."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pyarrow as pa

from dashboard.charts.theme import LINE, styled
from dashboard.colors import Look

if TYPE_CHECKING:
    import altair as alt
else:
    from dashboard.charts.recipe import alt

__all__ = ["HEIGHT", "Drop", "Pair", "drop_chart", "light_color", "light_shape", "pair_chart"]

HEIGHT = 260
"""Of both charts, in pixels."""

Words: TypeAlias = Mapping[str, str]

_TONES = ("good", "warn", "bad", "abandoned")

_SHAPES = ("circle", "triangle-up", "square", "cross")
"""One a tone: a colour never speaks alone."""


class Drop(NamedTuple):
    """A checkpoint's drop against the base."""

    step: int
    """Its step."""

    drop: float
    """Accuracy lost, in points."""

    low: float
    """Lower end of the 95 % interval."""

    high: float
    """Upper end."""

    tone: str
    """`good`, `warn`, `bad`, or `abandoned` for one that is not on the present path."""

    light: str
    """The light in words."""

    label: str
    """What stands beside the mark; empty for nothing."""


class Pair(NamedTuple):
    """A model's score of what it should learn, and what it kept."""

    place: int
    """Its place on the path, from 0; the line follows it."""

    learned: float
    """The score."""

    kept: float
    """Retention, in percent."""

    tone: str
    """As in `Drop`; `accent` for the base."""

    name: str
    """What it is, as shown on hover."""

    label: str
    """What stands beside the mark; empty for nothing."""


_DROPS = pa.schema(
    [
        ("step", pa.int64()), ("drop", pa.float64()), ("low", pa.float64()), ("high", pa.float64()),
        ("tone", pa.string()), ("light", pa.string()), ("label", pa.string()),
    ]
)  # fmt: skip

_PAIRS = pa.schema(
    [
        ("place", pa.int64()), ("learned", pa.float64()), ("kept", pa.float64()), ("tone", pa.string()),
        ("name", pa.string()), ("label", pa.string()),
    ]
)  # fmt: skip


def drop_chart(drops: Sequence[Drop], margin: float, said: Words, look: Look) -> "alt.LayerChart":
    """Draw drops with their intervals and the margin, in points; `said` has step, drop, low, high and light."""
    present, left = (
        _table([one for one in drops if (one.tone == "abandoned") is side], _DROPS) for side in (False, True)
    )
    x = alt.X(
        "step:Q", title=None, scale=alt.Scale(nice=False, zero=False, padding=26),
        axis=alt.Axis(format=",d", tickMinStep=1, tickCount=8),
    )  # fmt: skip
    y = alt.Y("drop:Q", title=None, scale=alt.Scale(nice=True, zero=True), axis=alt.Axis(format=",.3~r"))
    line = alt.Chart(present).mark_line(color=look.quiet, strokeWidth=1).encode(x=x, y=y, order="step:Q")
    layers = [
        _level(0.0, look.border, [1, 0], y), _level(margin, look.text, [5, 4], y), line,
        *_marks(left, x, y, said, look, aside=True), *_marks(present, x, y, said, look, aside=False),
    ]  # fmt: skip
    return styled(layers, look, HEIGHT)


def _marks(table: pa.Table, x: Any, y: Any, said: Words, look: Look, *, aside: bool) -> list[Any]:
    """Intervals, marks and words; moved `aside` a little, so that those of an abandoned branch hide no others."""
    low = y.copy()
    low.shorthand = "low:Q"
    color = light_color(look)
    tooltip = [
        alt.Tooltip("step:Q", title=said["step"], format=",d"),
        alt.Tooltip("drop:Q", title=said["drop"], format=".1f"),
        alt.Tooltip("low:Q", title=said["low"], format=".1f"),
        alt.Tooltip("high:Q", title=said["high"], format=".1f"),
        alt.Tooltip("light:N", title=said["light"]),
    ]
    base = alt.Chart(table).encode(x=x, color=color)
    moved, align, side = (-7, "right", -8) if aside else (0, "left", 8)
    return [
        base.mark_rule(strokeWidth=1 if aside else LINE, xOffset=moved).encode(y=low, y2="high:Q", tooltip=tooltip),
        base.mark_point(filled=True, size=80, opacity=1, xOffset=moved).encode(
            y=y, shape=light_shape(), tooltip=tooltip
        ),
        base.mark_text(align=align, dx=moved + side, dy=-8, fontSize=11).encode(y=y, text="label:N"),
    ]


def pair_chart(pairs: Sequence[Pair], said: Words, look: Look) -> "alt.LayerChart":
    """Draw learning to the right and retention upwards; `said` has learned and kept (titles of the axes) and model."""
    table = _table(pairs, _PAIRS)
    present = _table([pair for pair in pairs if pair.tone != "abandoned"], _PAIRS)
    title: dict[str, Any] = {"titleColor": look.quiet, "titleFontSize": 11, "titleFontWeight": 400}
    scale = alt.Scale(zero=False, nice=True, padding=14)
    x = alt.X("learned:Q", title=said["learned"], scale=scale, axis=alt.Axis(format=",.3~r", tickCount=6, **title))
    y = alt.Y("kept:Q", title=said["kept"], scale=scale, axis=alt.Axis(format=",.3~r", **title))
    tooltip = [
        alt.Tooltip("name:N", title=said["model"]),
        alt.Tooltip("learned:Q", title=said["learned"], format=".1f"),
        alt.Tooltip("kept:Q", title=said["kept"], format=".1f"),
    ]
    color = light_color(look)
    base = alt.Chart(table).encode(x=x, y=y, color=color)
    layers = [
        alt.Chart(present).mark_line(color=look.quiet, strokeWidth=1).encode(x=x, y=y, order="place:Q"),
        base.mark_point(filled=True, size=80, opacity=1).encode(shape=light_shape(), tooltip=tooltip),
        base.mark_text(align="left", dx=8, dy=-8, fontSize=11).encode(text="label:N"),
    ]
    return styled(layers, look, HEIGHT + 20)


def _table(rows: Sequence[Drop] | Sequence[Pair], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([row._asdict() for row in rows], schema=schema)


def light_color(look: Look) -> Any:
    """The colour of a mark by its `tone`."""
    tones = [*_TONES, "accent"]
    return alt.Color(
        "tone:N", legend=None, scale=alt.Scale(domain=tones, range=[getattr(look, tone) for tone in tones])
    )


def light_shape() -> Any:
    """The shape of a mark by its `tone`: a colour never speaks alone."""
    return alt.Shape(
        "tone:N", legend=None, scale=alt.Scale(domain=[*_TONES, "accent"], range=[*_SHAPES, "diamond"])
    )  # fmt: skip


def _level(height: float, color: str, dash: list[int], y: Any) -> Any:
    """A line across the chart."""
    base = alt.Chart(pa.table({"drop": [height]}))
    return base.mark_rule(color=color, strokeWidth=1.2, strokeDash=dash).encode(y=y)
