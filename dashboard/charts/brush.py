"""Zooming by hand: a drag across a chart selects a range, a double click asks for everything again."""

from typing import TYPE_CHECKING

import pyarrow as pa

from dashboard.colors import Look

if TYPE_CHECKING:
    import altair as alt
else:
    from dashboard.charts.recipe import alt

__all__ = ["WHOLE", "ZOOM", "brush", "ground"]

ZOOM = "zoom"
"""Name of the selection that a drag across a chart makes; it holds a range of the field along the bottom."""

WHOLE = "whole"
"""Name of the selection that a double click makes; it is empty until then."""


_DRAG = "[pointerdown[event.pointerType !== 'touch'], window:pointerup] > window:pointermove!"
"""A finger scrolls the page: on a phone the charts fill its width."""


def brush(look: Look) -> alt.Parameter:
    """The selection `ZOOM`. A new drag begins a new range wherever it starts; the wheel and a finger
    scroll the page."""
    mark = alt.BrushConfig(fill=look.accent, fillOpacity=0.12)
    return alt.selection_interval(name=ZOOM, encodings=["x"], mark=mark, on=_DRAG, translate=False, zoom=False)


def ground() -> alt.Chart:
    """The lowest layer of a chart that shows a range, with the selection `WHOLE`: nothing to see, but it lies
    under the whole plot, for a double click on nothing selects nothing.
    """
    whole = alt.selection_point(name=WHOLE, fields=["whole"], on="dblclick", clear=False, toggle=False)
    area = alt.Chart(pa.table({"whole": [True]})).mark_rect(opacity=0)
    edges = {"x": alt.value(0), "y": alt.value(0), "x2": alt.value("width"), "y2": alt.value("height")}
    return area.encode(**edges).add_params(whole)
