"""How data is made up: how long rows are, as bars side by side; kinds of rows, as bars below each other."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pyarrow as pa

from dashboard.charts.theme import styled
from dashboard.colors import Look

if TYPE_CHECKING:
    import altair as alt
else:
    from dashboard.charts.recipe import alt

__all__ = ["HEIGHT", "ROW", "Kind", "kinds_chart", "lengths_chart"]

HEIGHT = 150
"""Height of bars side by side, in pixels."""

ROW = 22
"""Height of a kind, in pixels."""

AXIS = 16
"""Room above and below the kinds."""

NAME = 170
"""Longest name of a kind, in pixels; the whole one is shown on hover."""

THICK = 13
"""Thickness of a kind's bar, in pixels."""

ROOM = 1.3
"""How much wider the plot is than its longest bar, for the figures at the ends."""

Words: TypeAlias = Mapping[str, str]


class Kind(NamedTuple):
    """A kind of rows."""

    name: str
    """Its name; of two kinds never the same."""

    rows: int
    """Its rows."""

    label: str
    """What stands at the bar's end."""

    is_rest: bool = False
    """Whether it is all that has no bar of its own."""


_BINS = pa.schema(
    [("low", pa.int64()), ("high", pa.int64()), ("rows", pa.int64()), ("told", pa.string()), ("rest", pa.bool_())]
)
_KINDS = pa.schema([("name", pa.string()), ("rows", pa.int64()), ("label", pa.string()), ("is_rest", pa.bool_())])


def lengths_chart(edges: Sequence[int], counts: Sequence[int], said: Words, look: Look) -> "alt.LayerChart":
    """Draw rows by length; `edges` and `counts` are those of `evals.data.distributions`, `said` has length and rows.

    What is far longer than the rest has one quiet bar, as wide as the others, at the end.
    """
    width = edges[1] - edges[0]
    bins = [_bin(low, high, rows, width) for low, high, rows in zip(edges, edges[1:], counts, strict=False)]
    table = pa.Table.from_pylist(bins, schema=_BINS)
    x = alt.X(
        "low:Q", title=None, axis=alt.Axis(format=",d", tickMinStep=1, tickCount=8),
        scale=alt.Scale(domain=[0, bins[-1]["high"]], nice=False),
    )  # fmt: skip
    y = alt.Y("rows:Q", title=None, axis=alt.Axis(format=",d", tickMinStep=1))
    tooltip = [
        alt.Tooltip("told:N", title=said["length"]),
        alt.Tooltip("rows:Q", title=said["rows"], format=",d"),
    ]
    bars = alt.Chart(table).mark_bar(orient="vertical", xOffset=0.5, x2Offset=-0.5)
    return styled([bars.encode(x=x, x2="high:Q", y=y, color=_color("rest", look), tooltip=tooltip)], look, HEIGHT)


def _bin(low: int, high: int, rows: int, width: int) -> dict[str, Any]:
    if high - low > width:
        return {"low": low, "high": low + width, "rows": rows, "told": f"≥ {low:,}", "rest": True}
    told = f"{low:,}" if width == 1 else f"{low:,} – {high - 1:,}"
    return {"low": low, "high": high, "rows": rows, "told": told, "rest": False}


def kinds_chart(kinds: Sequence[Kind], said: Words, look: Look) -> "alt.LayerChart":
    """Draw a bar a kind, from top to bottom as they come; `said` has kind and rows."""
    table = pa.Table.from_pylist([kind._asdict() for kind in kinds], schema=_KINDS)
    names = [kind.name for kind in kinds]
    x = alt.X("rows:Q", title=None, axis=None, scale=alt.Scale(domain=[0, ROOM * max(kind.rows for kind in kinds)]))
    y = alt.Y(
        "name:N", title=None, sort=names, axis=alt.Axis(grid=False, labelLimit=NAME, labelOverlap=False),
        scale=alt.Scale(domain=names),
    )  # fmt: skip
    tooltip = [alt.Tooltip("name:N", title=said["kind"]), alt.Tooltip("rows:Q", title=said["rows"], format=",d")]
    each = alt.Chart(table).encode(x=x, y=y, tooltip=tooltip)
    layers = [
        each.mark_bar(size=THICK).encode(color=_color("is_rest", look)),
        each.mark_text(align="left", dx=5, fontSize=11, color=look.quiet).encode(text="label:N"),
    ]
    return styled(layers, look, ROW * len(kinds) + AXIS)


def _color(field: str, look: Look) -> Any:
    scale = alt.Scale(domain=[False, True], range=[look.series[0], look.abandoned])
    return alt.Color(f"{field}:N", scale=scale, legend=None)
