"""The zoom of runs laid over each other: one range of what is along the bottom, the same for all
charts, kept in the address."""

import math

import altair as alt
import streamlit as st

from dashboard.charts.brush import WHOLE, ZOOM
from dashboard.drawing import draw
from dashboard.language import current, t
from dashboard.queries.compare import AXES, Axis, Reach
from dashboard.views.zoom import selected
from dashboard.words import count, duration

__all__ = ["back", "chart", "reach", "read", "written"]

_ADDRESS = "zoom"

FURTHEST = 2.0**62
"""Nothing along the bottom lies further away, as no step does."""

RANGES: dict[Axis, str] = {
    "step": "compare.range.step", "tokens": "compare.range.tokens", "epoch": "compare.range.epoch",
    "time": "compare.range.time",
}  # fmt: skip
"""What is shown, in words."""


def written(axis: Axis, low: float, high: float) -> str:
    """A range as it stands in the address.

    >>> written("step", 99.6, 250.2), written("time", 12.5, 3600)
    ('step_99_251', 'time_12.5_3600')
    """
    if axis in ("step", "tokens"):
        low, high = math.floor(low), math.ceil(high)
    return f"{axis}_{low:.10g}_{high:.10g}"


def read(text: str) -> tuple[Axis, tuple[float, float]] | None:
    """The axis and the range of what `written` gave; None for anything else.

    >>> read("tokens_1000_2e+10"), read("step_5_5"), read("step_nan_9"), read("step_0_1e300"), read("depth_1_2")
    (('tokens', (1000.0, 20000000000.0)), None, None, None, None)
    """
    name, *ends = text.split("_")
    axis: Axis | None = next((axis for axis in AXES if axis == name), None)
    try:
        low, high = map(float, ends)
    except ValueError:
        return None
    return None if axis is None or not 0 <= low < high <= FURTHEST else (axis, (low, high))


def reach(axis: Axis) -> Reach:
    """The range in the address, if it is one on this axis; one on another axis is forgotten."""
    found = read(st.query_params.get(_ADDRESS, ""))
    if found is None or found[0] != axis:
        _show_all()
        return None
    return found[1]


def chart(drawn: alt.LayerChart, key: str, words: str, axis: Axis, unit: float) -> None:
    """A chart that can be zoomed, with its words for those who do not see it; `unit` is what its x was divided by."""
    shown = reach(axis)
    # A new range is a new chart: the old one's brush would lie over all of it.
    own = f"{key}-{axis}-{shown}"
    modes = [ZOOM, WHOLE] if shown else [ZOOM]
    draw(drawn, key=own, on_select=lambda: _selected(own, axis, unit), selection_mode=modes, alt=words)


def _selected(key: str, axis: Axis, unit: float) -> None:
    chosen, whole = selected(key, "x")
    if chosen is not None and chosen[0] < chosen[1]:
        st.query_params[_ADDRESS] = written(axis, max(0.0, chosen[0] * unit), chosen[1] * unit)
    elif whole:
        _show_all()


def back(axis: Axis) -> None:
    """The way back from a zoom, and what is shown; nothing where everything is."""
    shown = reach(axis)
    if shown is not None:
        st.button(t("compare.reset"), key="overlay-reset", on_click=_show_all)
        st.html(f'<span class="a-facts">{_words(axis, *shown)}</span>', width="content")


def _words(axis: Axis, low: float, high: float) -> str:
    if axis != "time":
        low_said, high_said = (f"{end:.4g}" if axis == "epoch" else count(int(end)) for end in (low, high))
        return t(RANGES[axis], low=low_said, high=high_said)
    if high < 60:
        return t("compare.range.seconds", low=f"{low:.3g}", high=f"{high:.3g}")
    return t(RANGES[axis], low=duration(low, current()), high=duration(high, current()))


def _show_all() -> None:
    st.query_params.pop(_ADDRESS, None)
