"""Run · Data: the files it learns from, what a check finds in them, what each source gives, and the samples it finds
hardest.
"""

from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard import cached, cached_views, widgets
from dashboard.charts.mix import shares
from dashboard.charts.small import small_chart
from dashboard.drawing import draw
from dashboard.language import t
from dashboard.queries.curves import Span
from dashboard.tables import values
from dashboard.views import data_check, samples
from dashboard.views.chart_words import chart_words
from dashboard.views.plain import Column, table
from dashboard.words import count, figure

__all__ = ["show"]

ROLES = {"train": "data.role.train", "general": "data.role.general", "validation": "data.role.validation"}
"""What a file is used for, in words."""

DIGEST = 12
"""Characters of a digest on screen."""

POINTS = 120
"""Points of a line of the chart."""

Run = dict[str, Any]


def show(run: Run) -> None:
    """The whole view of a run."""
    path = cached.store_path()
    _files(cached_views.datasets(path, run["id"]))
    served = cached.is_served(path)
    if served:
        widgets.notice(t("elsewhere.files"))
    else:
        data_check.show(run)
    rows = cached_views.sources(path, run["id"])
    if rows:
        _sources(run, rows)
    if not served:
        samples.show(run)


def _files(rows: list[Run]) -> None:
    widgets.heading(t("data.files"))
    if not rows:
        widgets.notice(t("data.no_files"))
        return
    columns = (
        Column(t("data.role")), Column(t("data.file"), wide=True), Column(t("data.rows"), numbers=True),
        Column(t("data.digest")),
    )  # fmt: skip
    table(columns, [_file(row) for row in rows])


def _file(row: Run) -> list[str | tuple[str, str]]:
    role = t(ROLES[row["role"]]) if row["role"] in ROLES else row["role"]
    return [role, (Path(row["path"]).name, row["path"]), count(row["rows"]), (row["sha256"][:DIGEST], row["sha256"])]


def _sources(run: Run, rows: list[Run]) -> None:
    """How much of each source, and how well it is learned."""
    widgets.heading(t("data.sources"), _tokens(run))
    left, right = st.columns(2)
    with left:
        _table(rows)
    with right:
        _losses(run)
        if len(rows) > 1:
            _mix(run)


def _tokens(run: Run) -> str:
    path = cached.store_path()
    found = cached.small_curves(path, run["id"], ("tokens",), Span(), POINTS, cached.newest_line(run))
    newest = max((row["last"] for row in found.points.to_pylist() if row["active"]), default=None)
    return "" if newest is None else t("data.tokens", tokens=count(int(newest)))


def _table(rows: list[Run]) -> None:
    columns = [
        Column(t("data.source"), wide=True), Column(t("data.samples"), numbers=True),
        Column(t("data.share"), numbers=True), Column(t("data.different"), numbers=True),
        Column(t("data.loss"), numbers=True),
    ]  # fmt: skip
    total = sum(row["samples"] or 0 for row in rows)
    table(columns, [_source(row, total) for row in rows])


def _source(row: Run, total: int) -> list[str | tuple[str, str]]:
    samples_seen, different = (count(row[name]) if row[name] is not None else "–" for name in ("samples", "different"))
    share = f"{100 * row['samples'] / total:.1f} %" if row["samples"] else "–"
    return [row["source"] or t("data.unknown"), samples_seen, share, different, figure(row["loss"])]


def _losses(run: Run) -> None:
    path, stamp = cached.store_path(), cached.newest_line(run)
    names = tuple(name for name in cached.metric_names(path, run["id"], stamp) if name.startswith("loss/"))
    if not names:
        return
    st.html(f'<p class="a-title">{escape(t("data.loss_by_source"))}</p>')
    found = cached.small_curves(path, run["id"], names, Span(), POINTS, stamp)
    labels = {name: name.removeprefix("loss/") for name in names}
    chart = small_chart(found.points, labels, chart_words(), widgets.look(), left_out=found.left_out)
    draw(chart, key=f"sources-{run['id']}", alt=t("data.loss_by_source"))


def _mix(run: Run) -> None:
    """How much of each source was read over the steps."""
    points = shares(cached_views.mix(cached.store_path(), run["id"], run["last_step"] or 0), t("data.unknown"))
    # In the order of the chart above it, so that a source has one colour in both.
    labels = {name: name for name in sorted(set(values(points, "metric")))}
    if len(labels) < 2:
        return
    st.html(f'<p class="a-title">{escape(t("data.mix"))}</p>')
    chart = small_chart(points, labels, chart_words(), widgets.look())
    draw(chart, key=f"mix-{run['id']}", alt=t("data.mix"))
