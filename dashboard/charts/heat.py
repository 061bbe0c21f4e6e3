"""Groups of layers around a spike: a row a group, a cell a step, coloured by how far its value is from what it was.

The colour is the binary logarithm of the ratio: twice as much and half as much are equally far from the middle.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa

from dashboard.charts.theme import styled
from dashboard.colors import Look
from dashboard.tables import only

if TYPE_CHECKING:
    import altair as alt
else:
    from dashboard.charts.recipe import alt

__all__ = ["FAR", "ROW", "heat_chart"]

ROW = 26
"""Height of a group, in pixels."""

AXIS = 26
"""Height of the steps below them."""

LEGEND = 46
"""Height of the colours' legend."""

FAR = 3
"""Powers of two at which the colours end: eight times as much, and an eighth."""

Words: TypeAlias = Mapping[str, str]

_FRACTIONS = {-3: "⅛ ×", -2: "¼ ×", -1: "½ ×", 1: "2 ×", 2: "4 ×", 3: "8 ×"}


def heat_chart(cells: pa.Table, onset: int, groups: Sequence[str], said: Words, look: Look) -> "alt.LayerChart":
    """Draw it: `cells` has the columns name (of the group, in words), step, until, value, usual, ratio, power, finite;
    `groups` are the names from top to bottom; `said` has step, group, value, usual, ratio, same and onset.
    """
    scale = alt.Scale(zero=False, nice=False)
    x = alt.X("step:Q", title=None, scale=scale, axis=alt.Axis(format=",d", tickMinStep=1, tickCount=8))
    y = alt.Y("name:N", title=None, sort=list(groups), axis=alt.Axis(grid=False), scale=_rows(groups))
    tooltip = [
        alt.Tooltip("name:N", title=said["group"]),
        alt.Tooltip("step:Q", title=said["step"], format=",d"),
        alt.Tooltip("value:Q", title=said["value"], format=".4~g"),
        alt.Tooltip("usual:Q", title=said["usual"], format=".4~g"),
        alt.Tooltip("ratio:Q", title=said["ratio"], format=".3~g"),
    ]
    base = alt.Chart(only(cells, "finite", True)).encode(x=x, x2="until:Q", y=y, tooltip=tooltip)
    odd = alt.Chart(only(cells, "finite", False)).encode(x=x, y=y, tooltip=tooltip[:2])
    begins = alt.Chart(pa.table({"step": [onset], "label": [said["onset"]]})).encode(x=x)
    layers = [
        base.mark_rect().encode(color=_color(said, look)),
        odd.mark_point(shape="cross", angle=45, size=60, filled=True, opacity=1, color=look.bad),
        begins.mark_rule(color=look.text, strokeWidth=1.2, strokeDash=[3, 3]),
        begins.mark_text(align="left", dx=4, dy=-4, baseline="bottom", fontSize=11, color=look.text).encode(
            y=alt.value(0), text="label:N"
        ),
    ]
    return styled(layers, look, ROW * len(groups) + AXIS + LEGEND + 14)


def _rows(groups: Sequence[str]) -> "alt.Scale":
    return alt.Scale(domain=list(groups), paddingInner=0.08)


def _color(said: Words, look: Look) -> "alt.Color":
    words = {**_FRACTIONS, 0: said["same"]}
    cases = " : ".join(f"datum.value == {power} ? '{word}'" for power, word in words.items())
    legend = alt.Legend(
        orient="bottom", title=None, values=list(range(-FAR, FAR + 1)), labelExpr=f"{cases} : ''", gradientLength=250,
        gradientThickness=9, labelColor=look.quiet, labelFontSize=11, labelOverlap=False,
    )  # fmt: skip
    scale = alt.Scale(
        domain=[-FAR, 0, FAR], range=[look.series[0], look.second, look.series[1]], clamp=True, interpolate="rgb"
    )
    return alt.Color("power:Q", scale=scale, legend=legend)
