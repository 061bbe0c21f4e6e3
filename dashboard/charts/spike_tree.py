"""The branches of a run over its steps: each a line of its own, hung on the one it left; the active path is strong."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pyarrow as pa

from dashboard.charts.brush import brush
from dashboard.charts.spike_frame import Edges, edges, framed
from dashboard.charts.theme import x_steps
from dashboard.colors import Look

if TYPE_CHECKING:
    import altair as alt
else:
    from dashboard.charts.recipe import alt

__all__ = ["ROW", "Limb", "spike_tree"]

ROW = 20
"""Height of a branch, in pixels."""

AXIS = 24
"""Height of the steps below them."""

Words: TypeAlias = Mapping[str, str]


class Limb(NamedTuple):
    """A branch."""

    name: str
    """In words, as it stands beside its line."""

    parent: str | None
    """Name of the branch it left; None where that is not shown."""

    first: int
    """Its first step."""

    last: int
    """Its last step."""

    active_to: int | None
    """Its last step on the active path; None where all of it was abandoned."""

    words: str
    """Why it was opened."""


_LINES = pa.schema(
    [
        ("name", pa.string()), ("step", pa.int64()), ("until", pa.int64()), ("active", pa.bool_()),
        ("words", pa.string()),
    ]
)  # fmt: skip
_JOINTS = pa.schema([("name", pa.string()), ("parent", pa.string()), ("step", pa.int64()), ("active", pa.bool_())])


def spike_tree(
    limbs: Sequence[Limb], said: Words, look: Look, *, reach: Edges, span: Edges | None = None
) -> "alt.LayerChart":
    """Draw them in their order; `said` has step and why, `reach` and `span` are as in `spike_line`."""
    x = x_steps(*(span or ()))
    low, high = span or reach
    scale = alt.Scale(domain=[limb.name for limb in limbs], type="point", padding=0.6)
    y = alt.Y("name:N", title=None, scale=scale, sort=None)
    color = alt.condition(alt.datum.active, alt.value(look.accent), alt.value(look.abandoned))
    lines = pa.Table.from_pylist([row for limb in limbs for row in _lines(limb, low, high)], schema=_LINES)
    joints = pa.Table.from_pylist([row for limb in limbs for row in _joint(limb, low, high)], schema=_JOINTS)
    tooltip = [
        alt.Tooltip("name:N", title=said["branch"]),
        alt.Tooltip("step:Q", title=said["step"], format=",d"),
        alt.Tooltip("words:N", title=said["why"]),
    ]
    base = alt.Chart(lines).encode(x=x, y=y, color=color, tooltip=tooltip)
    width = alt.condition(alt.datum.active, alt.value(3.5), alt.value(1.4))
    layers = [
        edges((low, high), x).add_params(brush(look)),
        alt.Chart(joints).mark_rule(strokeWidth=1.2).encode(x=x, y=y, y2="parent:N", color=color),
        base.mark_rule().encode(x2="until:Q", strokeWidth=width),
        base.mark_point(filled=True, size=22, opacity=1),
    ]
    return framed(layers, look, ROW * len(limbs) + AXIS, zoomed=span is not None, grid=False)


def _lines(limb: Limb, low: int, high: int) -> list[dict[str, Any]]:
    """The part on the active path, and the part behind it."""
    ends = limb.first - 1 if limb.active_to is None else limb.active_to
    parts = [(limb.first, ends, True), (max(limb.first, ends + 1), limb.last, False)]
    return [
        {"name": limb.name, "step": max(first, low), "until": min(last, high), "active": active, "words": limb.words}
        for first, last, active in parts
        if first <= last and first <= high and last >= low
    ]


def _joint(limb: Limb, low: int, high: int) -> list[dict[str, Any]]:
    if limb.parent is None or not low <= limb.first <= high:
        return []
    return [{"name": limb.name, "parent": limb.parent, "step": limb.first, "active": limb.active_to is not None}]
