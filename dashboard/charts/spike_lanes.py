"""Below the loss, a lane for each kind of what happened: alarms by rule, skipped steps, steps left out, rollbacks."""

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

__all__ = ["LANE", "Happening", "spike_lanes"]

LANE = 19
"""Height of a lane, in pixels."""

AXIS = 24
"""Height of the steps below them."""

Words: TypeAlias = Mapping[str, str]


class Happening(NamedTuple):
    """One thing that happened, at a step or over a stretch of them."""

    lane: str
    """The words of its lane."""

    shape: str
    """`alarm` (a dot), `stretch` (a bar) or `back` (a line with its head where it ends)."""

    tone: str
    """Its colour, by its name in `colors.Look`."""

    step: int
    """Where it begins; of a rollback the step that was left."""

    until: int
    """Where it ends."""

    words: str
    """What it was."""

    active: bool = True
    """Whether it lies on the active path; else it is dimmed."""


_SCHEMA = pa.schema(
    [
        ("lane", pa.string()), ("tone", pa.string()), ("step", pa.int64()), ("until", pa.int64()),
        ("words", pa.string()), ("active", pa.bool_()),
    ]
)  # fmt: skip

_TONES = ("bad", "warn", "quiet", "accent")


def spike_lanes(
    happened: Sequence[Happening], lanes: Sequence[str], said: Words, look: Look, *, reach: Edges,
    span: Edges | None = None,
) -> "alt.LayerChart":  # fmt: skip
    """Draw the lanes in their order; `said` has step and what, `reach` and `span` are as in `spike_line`."""
    x = x_steps(*(span or ()))
    low, high = span or reach
    shown = [item for item in happened if max(item.step, item.until) >= low and min(item.step, item.until) <= high]
    layers = [
        edges((low, high), x).add_params(brush(look)),
        *_stretches(_table(shown, "stretch", low, high), x, lanes, said, look),
        *_backs(_table(shown, "back", low, high), x, lanes, said, look),
        _alarms(_table(shown, "alarm", low, high), x, lanes, said, look),
    ]
    return framed(layers, look, LANE * len(lanes) + AXIS, zoomed=span is not None)


def _table(items: Sequence[Happening], shape: str, low: int, high: int) -> pa.Table:
    rows = [
        {**item._asdict(), "step": min(max(item.step, low), high), "until": min(max(item.until, low), high)}
        for item in items
        if item.shape == shape
    ]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def _base(table: pa.Table, x: "alt.X", lanes: Sequence[str], said: Words, look: Look) -> "alt.Chart":
    y = alt.Y("lane:N", title=None, scale=alt.Scale(domain=list(lanes), type="point", padding=0.6), sort=None)
    color = alt.Color(
        "tone:N", legend=None,
        scale=alt.Scale(domain=list(_TONES), range=[getattr(look, tone) for tone in _TONES]),
    )  # fmt: skip
    dimmed = alt.condition(alt.datum.active, alt.value(1), alt.value(0.45))
    tooltip = [
        alt.Tooltip("step:Q", title=said["step"], format=",d"),
        alt.Tooltip("words:N", title=said["what"]),
    ]
    return alt.Chart(table).encode(x=x, y=y, color=color, opacity=dimmed, tooltip=tooltip)


def _alarms(table: pa.Table, x: "alt.X", lanes: Sequence[str], said: Words, look: Look) -> Any:
    return _base(table, x, lanes, said, look).mark_point(filled=True, size=46)


def _stretches(table: pa.Table, x: "alt.X", lanes: Sequence[str], said: Words, look: Look) -> list[Any]:
    base = _base(table, x, lanes, said, look)
    # In a long run a short stretch would be thinner than a pixel: the tick is always seen.
    return [base.mark_rule(strokeWidth=7).encode(x2="until:Q"), base.mark_tick(thickness=2, size=9)]


def _backs(table: pa.Table, x: "alt.X", lanes: Sequence[str], said: Words, look: Look) -> list[Any]:
    base = _base(table, x, lanes, said, look)
    end = x.copy()
    end.shorthand = "until:Q"
    head = base.mark_point(shape="triangle-left", filled=True, size=58)
    return [base.mark_rule(strokeWidth=1.6).encode(x2="until:Q"), head.encode(x=end)]
