"""Runs laid over each other: a chart a metric, a line a run; below them how they came out and what differs."""

from collections.abc import Sequence
from html import escape
from typing import Any, cast

import streamlit as st

from dashboard import cached, cached_compare, widgets
from dashboard.charts.overlay import Along, RunLine, overlay_chart
from dashboard.language import t
from dashboard.queries.compare import AXES, Axis, Reach
from dashboard.queries.curves import Start
from dashboard.run_colors import MOST, run_colors
from dashboard.tables import values
from dashboard.views import choices, overlay_zoom, side_by_side
from dashboard.views.chart_words import chart_words
from dashboard.views.curves import SMOOTH

__all__ = ["show"]

FIRST = ("loss", "val_loss")
"""Metrics shown before any was chosen."""

_FORMATS = {"step": ",d", "tokens": "~s", "epoch": "~g"}

Run = dict[str, Any]


def show(chosen: list[Run], gone: list[str]) -> None:
    """The charts and the table of at least two runs; `gone` are names that no run has."""
    for name in gone:
        widgets.notice(t("compare.gone", name=name), "warn")
    if len(chosen) < 2:
        return
    if len(chosen) > MOST:
        widgets.notice(t("compare.most", most=MOST))
    shown = chosen[:MOST]
    colors = run_colors([run["id"] for run in shown], widgets.look())
    widgets.heading(t("compare.title", count=len(shown)))
    _charts(shown, colors)
    side_by_side.show(shown, colors)


def _charts(shown: list[Run], colors: dict[int, str]) -> None:
    names = sorted({name for run in shown for name in _logged(run)})
    if not names:
        widgets.notice(t("compare.nothing"))
        return
    metrics, axis, log, smooth = _controls(names, max(run["last_step"] or 0 for run in shown))
    reach = overlay_zoom.reach(axis)
    columns = st.columns(min(2, len(metrics))) if metrics else []
    for place, metric in enumerate(metrics):
        with columns[place % len(columns)]:
            _chart(metric, axis, shown, colors, reach=reach, log=log, smooth=smooth)


def _logged(run: Run) -> list[str]:
    return cached.metric_names(cached.store_path(), run["id"], cached.newest_line(run))


def _controls(names: list[str], steps: int) -> tuple[list[str], Axis, bool, float]:
    """The metrics, what is along the bottom, whether the scale is logarithmic, and the smoothing in steps."""
    first = [name for name in FIRST if name in names] or names[:1]
    metrics = st.multiselect(
        t("compare.metrics"), sorted({*names, *choices.asked("metrics")}), first, key="metrics",
        placeholder=t("compare.choose"), label_visibility="collapsed", bind="query-params",
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="a-overlay-controls"):
        axis = _named("compare.along", "compare.axis.", AXES, "along", "step")
        scale = choices.one("curves.scale", "curves.", ("linear", "log"), "y", "linear")
        smooth = _named("curves.smooth", "curves.smooth.", tuple(SMOOTH), "smoothing", "light")
        overlay_zoom.back(cast("Axis", axis))
    return metrics, cast("Axis", axis), scale == "log", round(SMOOTH[smooth] * steps)


def _named(label: str, prefix: str, options: Sequence[str], key: str, default: str) -> str:
    """A choice with its name before it, in one piece where the line breaks."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
        st.html(f'<span class="a-facts">{t(label)}</span>', width="content")
        return choices.one(label, prefix, options, key, default)


def _chart(
    metric: str, axis: Axis, shown: list[Run], colors: dict[int, str], *, reach: Reach, log: bool, smooth: float
) -> None:
    lines = [_line(run, colors[run["id"]], metric, axis, reach, smooth) for run in shown]
    drawn = [line for line in lines if line.points.num_rows + line.marks.num_rows]
    st.html(f'<p class="a-title">{escape(metric)}</p>')
    if drawn:
        along, words = _along(axis, drawn), chart_words() | {"run": t("compare.run")}
        chart = overlay_chart(drawn, along, words, widgets.look(), reach=reach, log=log, smooth=smooth)
        said = t("compare.alt", metric=metric, names=", ".join(line.name for line in drawn))
        overlay_zoom.chart(chart, f"overlay-{metric}", said, axis, along.unit)
    drawn_names = {line.name for line in drawn}
    missing = [run for run in shown if run["name"] not in drawn_names]
    unplaced = [run["name"] for run in missing if not _has_places(run, axis)]
    without = [run["name"] for run in missing if run["name"] not in unplaced]
    for key, names in (("compare.unplaced", unplaced), ("compare.without", without)):
        if names:
            st.html(f'<p class="a-caption">{escape(t(key, axis=axis, names=", ".join(names)))}</p>')


def _has_places(run: Run, axis: Axis) -> bool:
    """Whether a run has logged what is along the bottom, where that is a metric itself."""
    return axis in ("step", "time") or axis in _logged(run)


def _line(run: Run, color: str, metric: str, axis: Axis, reach: Reach, smooth: float) -> RunLine:
    path = cached.store_path()
    found = cached_compare.line(path, run["id"], metric, axis, reach, cached.newest_line(run))
    before = None
    if reach is not None and smooth and found.points.num_rows:
        first = min(values(found.points, "step"))
        before = cached.lead(path, run, metric, Start(first, smooth, found.width))
    return RunLine(run["name"], color, found.points, found.marks, found.left_out, before)


def _along(axis: Axis, lines: list[RunLine]) -> Along:
    if axis != "time":
        return Along(t(f"compare.title.{axis}"), _FORMATS[axis])
    longest = max(x for line in lines for part in (line.points, line.marks) for x in values(part, "x"))
    for unit, seconds in (("hours", 3600.0), ("minutes", 60.0)):
        if longest >= 3 * seconds:
            return Along(t(f"compare.title.{unit}"), "~g", seconds)
    return Along(t("compare.title.seconds"), "~g")
