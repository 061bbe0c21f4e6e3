"""Strength of evidence as a campaign went."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pyarrow as pa

from dashboard.charts.ends import apart
from dashboard.charts.theme import DOT, LINE, styled
from dashboard.colors import Look

if TYPE_CHECKING:
    import altair as alt
else:
    from dashboard.charts.recipe import alt

__all__ = ["HEIGHT", "HIGHEST", "LOWEST", "Line", "evidence_chart"]

HEIGHT = 250
"""In pixels."""

LOWEST, HIGHEST = 0.05, 2000.0
"""Evidence is drawn between these: below nothing speaks for a claim, above it has long been decided."""

ROOM = 0.17
"""Of the width, for the lines' names at their ends."""

Words: TypeAlias = Mapping[str, str]


class Line(NamedTuple):
    """The evidence for one claim."""

    name: str
    """The claim, as it stands at the line's end."""

    values: Sequence[float]
    """Strength after the first pair, the second, and so on."""

    tone: int | None
    """Place of its colour in `Look.series`; None for a quiet, dashed one."""


_POINTS = pa.schema([("n", pa.int64()), ("e", pa.float64())])


def evidence_chart(
    lines: Sequence[Line], decides_at: float, ended_at: int | None, said: Words, look: Look
) -> "alt.LayerChart":
    """Draw the lines on a log scale with what decides; `said` has pairs, strength, decides and ended."""
    n = max(len(line.values) for line in lines)
    x = alt.X(
        "n:Q", title=None, axis=alt.Axis(format=",d", tickMinStep=1, tickCount=8),
        scale=alt.Scale(domain=[1, n + max(1.0, ROOM * n)], nice=False),
    )  # fmt: skip
    y = alt.Y(
        "e:Q", title=None, axis=alt.Axis(values=[0.1, 1, 10, 100, 1000], format=",~r"),
        scale=alt.Scale(type="log", domain=[LOWEST, HIGHEST], nice=False, clamp=True),
    )  # fmt: skip
    layers = [
        _level(1.0, look.border, [1, 0], y), _level(decides_at, look.text, [5, 4], y),
        _word(decides_at, said["decides"], y, look), *_ended(ended_at, said["ended"], x, look),
        *(_line(line, x, y, look) for line in lines), *_ends(lines, x, y, look), _readings(lines, x, said),
    ]  # fmt: skip
    return styled(layers, look, HEIGHT)


def _clipped(value: float) -> float:
    return min(max(value, LOWEST), HIGHEST)


def _color(line: Line, look: Look) -> str:
    return look.quiet if line.tone is None else look.series[line.tone]


def _level(at: float, color: str, dash: list[int], y: Any) -> Any:
    rule = alt.Chart(pa.table({"e": [at]})).mark_rule(color=color, strokeWidth=1.1, strokeDash=dash)
    return rule.encode(y=y)


def _word(at: float, words: str, y: Any, look: Look) -> Any:
    """Beside the rule, at the left edge, where the lines begin far below."""
    text = alt.Chart(pa.table({"e": [at], "word": [words]})).mark_text(
        align="left", baseline="bottom", dx=4, dy=-3, fontSize=11, color=look.text
    )
    return text.encode(x=alt.value(0), y=y, text="word:N")


def _ended(at: int | None, words: str, x: Any, look: Look) -> list[Any]:
    if at is None:
        return []
    each = alt.Chart(pa.table({"n": [at], "word": [words]})).encode(x=x)
    text = each.mark_text(align="right", dx=-4, fontSize=11, color=look.quiet)
    return [
        each.mark_rule(color=look.quiet, strokeWidth=1, strokeDash=[2, 3]),
        text.encode(y=alt.value(8), text="word:N"),
    ]


def _line(line: Line, x: Any, y: Any, look: Look) -> Any:
    rows = [{"n": n, "e": _clipped(e)} for n, e in enumerate(line.values, 1)]
    table = pa.Table.from_pylist(rows, schema=_POINTS)
    dash = [4, 3] if line.tone is None else [1, 0]
    return alt.Chart(table).mark_line(color=_color(line, look), strokeWidth=LINE, strokeDash=dash).encode(x=x, y=y)


def _ends(lines: Sequence[Line], x: Any, y: Any, look: Look) -> list[Any]:
    """A dot at each line's end and its name, moved apart where two would touch."""
    last = sorted(((math.log10(_clipped(line.values[-1])), line) for line in lines), key=lambda one: one[0])
    reach = math.log10(LOWEST), math.log10(HIGHEST)
    places = apart([height for height, _ in last], 15 * (reach[1] - reach[0]) / HEIGHT, reach)
    layers: list[Any] = []
    for (height, line), place in zip(last, places, strict=True):
        dot = alt.Chart(pa.table({"n": [len(line.values)], "e": [10**height]}))
        name = alt.Chart(pa.table({"n": [len(line.values)], "e": [10**place], "word": [line.name]}))
        color = _color(line, look)
        text = name.mark_text(align="left", dx=7, fontSize=11, color=color)
        layers += [
            dot.mark_point(filled=True, size=DOT, opacity=1, color=color).encode(x=x, y=y),
            text.encode(x=x, y=y, text="word:N"),
        ]
    return layers


def _readings(lines: Sequence[Line], x: Any, said: Words) -> Any:
    """An unseen rule at each pair that says the figures there, which the picture cuts off."""
    n = max(len(line.values) for line in lines)
    columns = {f"of{at}": [f"{value:,.3g}" for value in line.values] for at, line in enumerate(lines)}
    tooltip = [
        alt.Tooltip("n:Q", title=said["pairs"], format=",d"),
        *(alt.Tooltip(f"of{at}:N", title=line.name) for at, line in enumerate(lines)),
    ]
    table = pa.table({"n": list(range(1, n + 1)), **columns})
    return alt.Chart(table).mark_rule(opacity=0, strokeWidth=7).encode(x=x, tooltip=tooltip)
