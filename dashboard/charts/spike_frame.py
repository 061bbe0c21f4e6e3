"""What the charts of Run · Spikes share: one place for their left edge, so that a step stands in one line in all."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from dashboard.charts.brush import ground
from dashboard.charts.theme import styled
from dashboard.colors import Look

if TYPE_CHECKING:
    import altair as alt
else:
    from dashboard.charts.recipe import alt

__all__ = ["Edges", "edges", "framed"]

Edges = tuple[int, int]
"""First and last step of a chart."""

LEFT = 88
"""Room left of every chart for its labels, in pixels."""


def framed(layers: list[Any], look: Look, height: int, *, zoomed: bool, grid: bool = True) -> "alt.LayerChart":
    """Layers as a chart in the house's style, its left edge where that of the others is."""
    chart: Any = styled([ground(), *layers] if zoomed else layers, look, height)
    return chart.configure_axisY(
        domain=False, grid=grid, gridColor=look.border, gridOpacity=0.55, tickCount=5, minExtent=LEFT, maxExtent=LEFT,
        labelLimit=LEFT - 8,
    )  # fmt: skip


def edges(reach: Edges, x: "alt.X") -> "alt.Chart":
    """Unseen points at both ends, so that every chart shows the same steps, whatever it has at them."""
    return alt.Chart(pa.table({"step": list(reach)})).mark_point(opacity=0).encode(x=x)
