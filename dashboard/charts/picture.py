"""A chart as a picture."""

from typing import Any

import altair as alt
import vl_convert

from dashboard.colors import Look

__all__ = ["png"]

WIDTH, SCALE = 1100, 2.0
"""Of a picture, in points, and how many pixels a point has."""


def png(chart: alt.LayerChart, look: Look) -> bytes:
    """Draw a chart as a PNG on the look's own ground."""
    drawn: dict[str, Any] = chart.to_dict()
    drawn["width"] = WIDTH
    drawn["config"]["background"] = look.background
    return vl_convert.vegalite_to_png(drawn, scale=SCALE)
