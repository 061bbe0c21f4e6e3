"""Run · Scores: one metric over the checkpoints, drawn and in a table."""

from html import escape
from typing import Any

import pyarrow as pa
import streamlit as st

from dashboard import widgets
from dashboard.charts.scores import BASE, POINTS, score_chart
from dashboard.drawing import draw
from dashboard.language import current, t, words
from dashboard.metric_words import difference, figure_of, metric_name, scale, score_span, unit, verdict
from dashboard.suites import Suite, leaks, step_before
from dashboard.views.places import place_words
from dashboard.views.plain import Column, table
from dashboard.views.score_rows import Scores
from dashboard.words import count

__all__ = ["show"]

Row = dict[str, Any]
Cells = list[str | tuple[str, str]]


def show(run: Row, suite: Suite, scores: Scores, metric: str) -> None:
    """The chart, and the table below it; the newest checkpoint first."""
    title = f"{metric_name(metric, current())} · {unit(metric, current())}"
    st.html(f'<p class="a-title">{escape(title)}</p>')
    points = [point for row in suite.rows if (point := _point(row, scores.of(row["id"], metric), metric))]
    if points:
        base = _base(suite, scores, metric)
        chart = score_chart(
            pa.Table.from_pylist(points, schema=POINTS), pa.Table.from_pylist(base, schema=BASE),
            words("scores.chart."), widgets.look(),
        )  # fmt: skip
        draw(chart, key=f"scores-{run['id']}", alt=title)
    _table(suite, scores, metric)


def _point(row: Row, score: Row | None, metric: str) -> Row | None:
    if score is None or score["value"] is None:
        return None
    return {**{name: row[name] for name in ("step", "branch", "active")}, **_ends(score, metric), "n": score["n"]}


def _ends(score: Row, metric: str) -> Row:
    by, value = scale(metric), score["value"]
    # A score without an interval is drawn as a point.
    ends = {name: value if score[name] is None else score[name] for name in ("low", "high")}
    return {"value": by * value, **{name: by * end for name, end in ends.items()}}


def _base(suite: Suite, scores: Scores, metric: str) -> list[Row]:
    score = scores.of(suite.base["id"], metric) if suite.base else None
    if score is None or score["value"] is None:
        return []
    return [{**_ends(score, metric), "label": t("scores.base.at", value=figure_of(metric, score["value"]))}]


def _table(suite: Suite, scores: Scores, metric: str) -> None:
    columns = (
        Column(t("scores.where")), Column(t("scores.value"), numbers=True), Column(t("scores.interval")),
        Column(t("scores.to_base")), Column(t("scores.to_previous")), Column(t("scores.leaked")),
        Column(t("scores.items"), numbers=True),
    )  # fmt: skip
    rows = [*reversed(suite.rows), *([suite.base] if suite.base else [])]
    cells = [_cells(row, scores, metric) for row in rows]
    said = [place for place in range(len(columns)) if any(row[place] for row in cells)]
    table([columns[place] for place in said], [[row[place] for place in said] for row in cells])


def _cells(row: Row, scores: Scores, metric: str) -> Cells:
    one = scores.of(row["id"], metric)
    if one is None:
        return [place_words(row), "–", "–", "", "", "", ""]
    against, earlier = (_change(scores.of(row["id"], metric, versus=who), metric) for who in ("base", "previous"))
    return [
        place_words(row), (figure_of(metric, one["value"]), one["signature"] or ""), score_span(metric, one, current()),
        against, _than_before(row, earlier), _clean(row, scores.of(row["id"], metric, clean=True), metric),
        count(one["n"]),
    ]  # fmt: skip


def _than_before(row: Row, change: str) -> str:
    """A change with the step that it is against, where that is known."""
    step = step_before(row)
    return t("scores.to_previous.at", step=count(step), change=change) if change and step is not None else change


def _change(row: Row | None, metric: str) -> str:
    if row is None or row["value"] is None:
        return ""
    return f"{difference(metric, row, current())} · {t(VERDICTS[verdict(metric, row)])}"


def _clean(row: Row, clean: Row | None, metric: str) -> str:
    """The score without leaked items; where none was found or looked for, that."""
    if row["is_base"]:
        return ""  # it was trained on other data than the run, which nobody looked into
    found = leaks(row)
    if clean is not None:
        return t("scores.leak.some", value=figure_of(metric, clean["value"]), leaked=count(len(found.found)))
    return t(STATUS[found.status]) if found.status in STATUS else ""


VERDICTS = {"better": "scores.better", "worse": "scores.worse", "open": "scores.open"}
STATUS = {"clean": "scores.leak.clean.short", "unchecked": "scores.leak.unchecked.short"}
