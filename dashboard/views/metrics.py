"""Every metric but the loss: small charts by group, to be searched, and kept on top."""

from functools import partial
from html import escape
from typing import Any

import altair as alt
import streamlit as st

from dashboard import cached, widgets
from dashboard.charts.marks import named_marks
from dashboard.charts.small import small_chart
from dashboard.language import current, t
from dashboard.panels import Panel, panels
from dashboard.views import choices, zoom
from dashboard.views.chart_words import chart_words
from dashboard.words import count

__all__ = ["draw", "others"]

SMALL_BUCKETS = 120
MANY = 5
"""From so many metrics on there is something to search."""

MOST = 60
"""Charts drawn of a group or of what was found: hundreds keep a browser busy for longer than until the next refresh."""

GROUPS = {"": "group.", "loss": "group.loss", "group": "group.group", "system": "group.system"}
"""Groups that have a name in words; others are called as they were logged."""

Run = dict[str, Any]


def draw(run: Run, shown: list[Panel], place: str = "", turn: int = 1) -> None:
    """Small charts, three in a row, the first `MOST`; `place` tells a chart from the same one elsewhere on the page,
    `turn` says when they are drawn anew (see `stamps.settled`). Elsewhere than in its group a chart says which that is.
    """
    if not shown:
        return
    every, shown = len(shown), shown[:MOST]
    names = tuple(name for panel in shown for name in panel.labels)
    span, path = zoom.span(), cached.store_path()
    stamp, viewer = cached.stamp(path, run, span, turn), (current(), widgets.look())

    def made(panel: Panel) -> alt.LayerChart:
        series = cached.small_series(path, run["id"], names, span, SMALL_BUCKETS, stamp)
        return small_chart(
            series.points, panel.labels, chart_words(), widgets.look(),
            marks=named_marks(series.marks, panel.labels), left_out=series.left_out, span=zoom.ends(span), brushed=True,
        )  # fmt: skip

    for start in range(0, len(shown), 3):
        for panel, column in zip(shown[start : start + 3], st.columns(3), strict=False):
            with column:
                title = _title(panel) if place else panel.title
                st.html(f'<p class="a-title">{escape(title)}</p>')
                same = ("small", path, run["id"], tuple(panel.labels.items()), span, stamp, viewer)
                # In quotes: `a/b-c` and `a-b/c` are two charts.
                key = f"small-{place}-{run['id']}-{panel.group!r}-{panel.title!r}"
                zoom.kept_chart(same, partial(made, panel), key, title)
    if every > len(shown):
        widgets.notice(t("find.most", most=count(MOST), every=count(every)))


def others(run: Run, names: list[str]) -> None:
    """All other metrics: those kept on top, then those found by a search, else all by group."""
    found = panels(names)
    if len(names) < MANY:
        _groups(run, found)
        return
    words, pinned = _controls(found)
    draw(run, [panel for panel in found if _title(panel) in pinned], "pinned", 2)
    if not words:
        _groups(run, found)
        return
    matching = panels(name for name in names if words.casefold() in name.casefold())
    draw(run, matching, "found", 3)
    if not matching:
        widgets.notice(t("find.none", words=words))


def _controls(found: list[Panel]) -> tuple[str, list[str]]:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="a-find"):
        words = st.text_input(
            t("find.label"), key="find", placeholder=t("find.label"), label_visibility="collapsed", width=240,
            bind="query-params",
        )  # fmt: skip
        pinned = st.multiselect(
            t("pin.label"), sorted({*map(_title, found), *choices.asked("pin")}), key="pin", placeholder=t("pin.hint"),
            label_visibility="collapsed", width=420, bind="query-params",
        )  # fmt: skip
    return words.strip(), pinned


def _title(panel: Panel) -> str:
    """What a chart is called where its group does not stand above it; no two charts are called the same."""
    return panel.title if panel.group in ("", "loss") else f"{panel.group}/{panel.title}"


def _groups(run: Run, found: list[Panel]) -> None:
    """By the first part of the names; what is folded away is neither read nor sent."""
    groups = sorted({panel.group for panel in found}, key=lambda group: (group != "loss", group == "", group))
    for turn, group in enumerate(groups, 2):
        members = [panel for panel in found if panel.group == group]
        names = sum(len(panel.labels) for panel in members)
        title = t(GROUPS[group]) if group in GROUPS else widgets.plain(group)
        folded = st.expander(
            t("group.count", name=title, count=names), expanded=group == "loss", key=f"group-{group}", on_change="rerun"
        )
        if folded.open:
            with folded:
                draw(run, members, turn=turn)
