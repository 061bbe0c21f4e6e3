"""How every chart looks: few lines, small quiet labels, no ticks, colours from one place."""

from typing import TYPE_CHECKING, Any

from dashboard.colors import FONT, Look

if TYPE_CHECKING:
    import altair as alt
else:
    from dashboard.charts.recipe import alt

__all__ = ["DOT", "LINE", "THIN", "styled", "x_steps", "y_values"]

LINE = 1.8
"""Width of a line that is read, in pixels."""

DOT = 22
"""Area of the dot at the newest value of a line, in square pixels: a line of one value is nothing but its dot."""

THIN = 1.0
"""Width of a line that stands behind it."""

_FAR = "datum.value != 0 && (abs(datum.value) < 0.001 || abs(datum.value) >= 1e9)"
_CLOSE = "abs(domain('y')[1] - domain('y')[0]) < abs(datum.value) / 50"
_FIGURES = (
    f"{_FAR} ? format(datum.value, {_CLOSE} ? '.5~e' : '.3~e')"
    f" : format(datum.value, {_CLOSE} && domain('y')[1] != domain('y')[0] ? ',.7~r' : ',.4~r')"
)
"""Axis labels without rows of digits, with more digits where the ends of the axis differ in the later ones only."""


def styled(layers: list[Any], look: Look, height: int) -> alt.LayerChart:
    """Layers as a chart in the house's style, of a height in pixels; words beside the plot make it narrower."""
    axis: dict[str, Any] = {
        "grid": False,
        "ticks": False,
        "domainColor": look.border,
        "labelColor": look.quiet,
        "labelFontSize": 11,
        "labelPadding": 6,
        "labelOverlap": True,
        "labelSeparation": 6,
    }
    config: dict[str, Any] = {
        "background": "transparent",
        "font": FONT,
        "view": {"stroke": None},
        "axis": axis,
        "axisY": {"domain": False, "grid": True, "gridColor": look.border, "gridOpacity": 0.55, "tickCount": 5},
    }
    return alt.LayerChart(
        layer=layers,
        height=height,
        padding={"left": 2, "right": 8, "top": 6, "bottom": 2},
        autosize={"type": "fit", "contains": "padding"},
        config=config,
    )


def x_steps(first: int | None = None, last: int | None = None) -> alt.X:
    """The step, from edge to edge; between two given steps where a range is shown."""
    known = first is not None and last is not None
    scale = alt.Scale(domain=[first, last], nice=False) if known else alt.Scale(nice=False, zero=False)
    return alt.X("step:Q", title=None, scale=scale, axis=alt.Axis(format=",d", tickMinStep=1, tickCount=8))


def y_values(field: str = "value", *, log: bool = False, room: int = 0) -> alt.Y:
    """A measured value; zero need not be on the axis. `room` in pixels is kept free above and below."""
    scale = alt.Scale(type="log", nice=False, padding=room) if log else alt.Scale(zero=False, nice=False, padding=room)
    return alt.Y(f"{field}:Q", title=None, scale=scale, axis=alt.Axis(labelExpr=_FIGURES))
