"""The zoom of Run · Curves: one range of steps for all charts, made by a drag across any of them, in the address."""

from collections.abc import Callable, Hashable
from math import ceil
from typing import Any, cast

import altair as alt
import streamlit as st

from dashboard.charts.brush import WHOLE, ZOOM
from dashboard.drawing import draw, draw_kept
from dashboard.language import t
from dashboard.queries.curves import Span
from dashboard.words import count

__all__ = ["back", "chart", "ends", "kept_chart", "selected", "span"]


def span() -> Span:
    """The range of steps in the address."""
    return Span.named(st.query_params.get("first", ""), st.query_params.get("last", ""))


def ends(shown: Span) -> tuple[int, int] | None:
    """Both ends of a range; None for all steps."""
    return None if shown.first is None or shown.last is None else (shown.first, shown.last)


def chart(drawn: alt.LayerChart, key: str, words: str) -> None:
    """A chart that can be zoomed, with its words for those who do not see it."""
    draw(drawn, **_options(key, words))


def kept_chart(same: Hashable, make: Callable[[], alt.LayerChart], key: str, words: str) -> None:
    """The same of a chart that is made only where none was made for an equal `same`."""
    draw_kept(same, make, **_options(key, words))


def _options(key: str, words: str) -> dict[str, Any]:
    shown = span()
    # A new range is a new chart: the old one's brush would lie over all of it.
    own = f"{key}-{shown.first}-{shown.last}"
    modes = [ZOOM] if shown.first is None else [ZOOM, WHOLE]
    return {"key": own, "on_select": lambda: _selected(own), "selection_mode": modes, "alt": words}


def _selected(key: str) -> None:
    chosen, whole = selected(key, "step")
    if chosen is not None:
        first = max(0, int(chosen[0]))
        st.query_params.update({"first": str(first), "last": str(max(first + 1, ceil(chosen[1])))})
    elif whole:
        _show_all()


def selected(key: str, field: str) -> tuple[tuple[float, float] | None, bool]:
    """What was selected on the chart with this key: a range of a field, and whether everything is asked for."""
    selection = cast("dict[str, dict[str, list[float]]]", st.session_state[key]["selection"])
    values = selection.get(ZOOM, {}).get(field)
    return (min(values), max(values)) if values else None, bool(selection.get(WHOLE))


def back() -> None:
    """The way back from a zoom, and what is shown; nothing where all steps are."""
    shown = span()
    if shown.first is not None and shown.last is not None:
        st.button(t("curves.reset"), key="reset", on_click=_show_all)
        words = t("curves.range", first=count(shown.first), last=count(shown.last))
        st.html(f'<span class="a-facts">{words}</span>', width="content")


def _show_all() -> None:
    for name in ("first", "last"):
        st.query_params.pop(name, None)
