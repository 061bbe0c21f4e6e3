"""Which version was live when: a row a version, a bar for each time it was live."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import pyarrow as pa

from dashboard.charts.theme import styled
from dashboard.colors import Look

if TYPE_CHECKING:
    import altair as alt
else:
    from dashboard.charts.recipe import alt

__all__ = ["ROW", "Bar", "releases_chart"]

ROW = 24
"""Height of a version, in pixels."""

AXIS = 26
"""Height of the times below them."""

NARROWEST = 300
"""What was live for less than this part of the time shown is drawn as long as that, or nobody would see it."""

Words: TypeAlias = Mapping[str, str]


class Bar(NamedTuple):
    """A time in which a version was live."""

    version: str
    """The version, as it stands beside its row."""

    begin: datetime
    """Since when, in UTC."""

    end: datetime
    """Until when, in UTC; now for what is live."""

    live: bool
    """Whether it is."""

    override: bool
    """Whether the gate did not pass."""

    words: str
    """How it came there, on hover."""


_BARS = pa.schema(
    [
        ("version", pa.string()), ("begin", pa.timestamp("ms", "UTC")), ("end", pa.timestamp("ms", "UTC")),
        ("until", pa.timestamp("ms", "UTC")), ("tone", pa.string()), ("words", pa.string()),
    ]
)  # fmt: skip


def releases_chart(bars: Sequence[Bar], said: Words, look: Look) -> "alt.LayerChart":
    """Draw the bars, the newest version on top; `said` has what, from and to. Times are shown where the viewer is."""
    versions = list(dict.fromkeys(bar.version for bar in bars))
    begin, end = min(bar.begin for bar in bars), max(bar.end for bar in bars)
    least = (end - begin) / NARROWEST
    table = pa.Table.from_pylist([_row(bar, least, end) for bar in bars], schema=_BARS)
    x = alt.X(
        "begin:T", title=None, axis=alt.Axis(format=_format(end - begin), tickCount=6), scale=alt.Scale(nice=False)
    )  # fmt: skip
    y = alt.Y("version:N", title=None, sort=versions, scale=alt.Scale(domain=versions, paddingInner=0.45))
    tones = {"override": look.bad, "live": look.accent, "past": look.abandoned}
    color = alt.Color("tone:N", scale=alt.Scale(domain=list(tones), range=list(tones.values())), legend=None)
    tooltip = [
        alt.Tooltip("words:N", title=said["what"]),
        alt.Tooltip("begin:T", title=said["from"], format="%Y-%m-%d %H:%M"),
        alt.Tooltip("until:T", title=said["to"], format="%Y-%m-%d %H:%M"),
    ]
    marks = alt.Chart(table).mark_bar(cornerRadius=2).encode(x=x, x2="end:T", y=y, color=color, tooltip=tooltip)
    return styled([marks], look, ROW * len(versions) + AXIS)


def _row(bar: Bar, least: timedelta, last: datetime) -> dict[str, object]:
    end = max(bar.end, bar.begin + least)
    begin = bar.begin if end <= last else last - least
    times = {"begin": begin, "end": min(end, last), "until": bar.end}
    tone = "override" if bar.override else "live" if bar.live else "past"
    moments = {name: moment.replace(tzinfo=UTC) for name, moment in times.items()}
    return {"version": bar.version, "tone": tone, "words": bar.words, **moments}


def _format(span: timedelta) -> str:
    """How times on the axis are written."""
    if span < timedelta(days=1):
        return "%H:%M"
    return "%m-%d %H:%M" if span < timedelta(days=8) else "%Y-%m-%d"
