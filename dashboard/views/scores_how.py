"""Run · Scores: a score by subject, and how the scores were computed; both folded away."""

import json
from collections.abc import Iterator
from typing import Any

import streamlit as st

from dashboard.fields import listed, part
from dashboard.language import current, t
from dashboard.metric_words import figure_of, metric_name, score_span
from dashboard.suites import Suite
from dashboard.views import plain
from dashboard.views.plain import Column, table
from dashboard.views.score_rows import Scores
from dashboard.words import count, duration

__all__ = ["show"]

FEW = 10
"""Ids that are named."""

DIGEST = 12
"""Characters of a digest on screen."""

Row = dict[str, Any]


def show(suite: Suite, scores: Scores, metric: str) -> None:
    """Of the newest checkpoint."""
    newest = suite.newest
    assert newest is not None, "a suite is listed where a checkpoint was put to it"
    subjects = scores.categories(newest["id"], metric)
    if subjects:
        folded = st.expander(t("scores.by_subject"), key="scores-subjects", on_change="rerun")
        if folded.open:
            with folded:
                _subjects(suite, scores, metric, subjects)
    folded = st.expander(t("scores.how"), key="scores-how", on_change="rerun")
    if folded.open:
        with folded:
            plain.facts(_facts(newest))
            table(
                (Column(t("scores.metric")), Column(t("scores.how.signature"), wide=True)), _signatures(newest, scores)
            )


def _subjects(suite: Suite, scores: Scores, metric: str, subjects: list[str]) -> None:
    newest = suite.newest
    columns = (
        Column(t("scores.subject"), wide=True), Column(t("scores.value"), numbers=True), Column(t("scores.interval")),
        Column(t("scores.base"), numbers=True), Column(t("scores.items"), numbers=True),
    )  # fmt: skip
    rows = list[list[str | tuple[str, str]]]()
    for subject in subjects:
        one = scores.of(newest["id"], metric, category=subject) if newest else None
        base = scores.of(suite.base["id"], metric, category=subject) if suite.base else None
        if one is not None:
            rows.append(
                [
                    subject, figure_of(metric, one["value"]), score_span(metric, one, current()),
                    figure_of(metric, base["value"] if base else None), count(one["n"]),
                ]
            )  # fmt: skip
    table(columns, rows)


def _facts(row: Row) -> Iterator[tuple[str, str]]:
    data: Row = json.loads(row["data"] or "{}")
    yield t("scores.how.scorer"), " · ".join([row["scorer"], *_packages(data)])
    yield t("scores.how.asked"), t("scores.how.asked.of", n=count(row["n"]), of=count(row["of"]))
    yield t("scores.how.when"), f"{row['created']:%Y-%m-%d %H:%M}"
    yield t("scores.how.took"), duration(row["seconds"], current())
    yield t("scores.how.device"), " · ".join(str(data[name]) for name in ("device", "dtype") if name in data) or "–"
    cut = [str(item) for item in listed(data.get("cut"))]
    if cut:
        yield t("scores.how.cut"), t("scores.how.cut.items", count=len(cut), items=", ".join(cut[:FEW]))
    yield t("scores.how.digest"), row["suite_sha256"][:DIGEST]


def _packages(data: Row) -> list[str]:
    return [f"{name} {version}" for name, version in part(data, "versions").items()]


def _signatures(row: Row, scores: Scores) -> list[list[str | tuple[str, str]]]:
    found = [(metric, scores.of(row["id"], metric)) for metric in scores.metrics(row["id"])]
    return [[metric_name(metric, current()), (one["signature"] if one else None) or "–"] for metric, one in found]
