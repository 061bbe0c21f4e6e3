"""Run · Checkpoints: the columns that evaluations fill: what was learned, what was kept, the light."""

from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st

from dashboard import cached, cached_forgetting, cached_scores
from dashboard.language import current, t
from dashboard.metric_words import figure_of, metric_name, score_span
from dashboard.retention import Kept
from dashboard.suites import Place, Suite, main_metric, suites
from dashboard.views import forgetting_words as words

__all__ = ["CHOICES", "Asked", "Extra", "Learned", "asked", "extras"]

CHOICES = ("choice", "harness")
"""Kinds of suites whose questions are answered right or wrong."""

Run = dict[str, Any]
Row = dict[str, Any]


class Learned(NamedTuple):
    """A suite of what should be learned, by its main metric."""

    suite: Suite
    """The suite."""

    metric: str
    """Its main metric."""

    scores: dict[Place | None, Row]
    """Its score by checkpoint; under None that of the base."""


class Asked(NamedTuple):
    """What evaluations say of a run's checkpoints."""

    learned: list[Learned]
    """What should be learned."""

    kept: list[tuple[Suite, list[Kept]]]
    """What should not be lost, of suites that the base was put to."""


class Extra(NamedTuple):
    """A column of the table."""

    name: str
    """By which it is known."""

    config: Any
    """How it is shown."""

    cells: list[str]
    """Its cells, a row a checkpoint."""


def asked(run: Run) -> Asked:
    """All that is known; nothing in it where nothing was evaluated. Raises StoreError."""
    path = cached.store_path()
    stamp = cached_scores.stamp(path, run)
    rows = cached_scores.evaluations(path, run["id"], stamp)
    learned = suites(rows, "learned", ("open", *CHOICES))
    ids = tuple(row["id"] for suite in learned for row in (suite.base, *suite.rows) if row is not None)
    scores = cached_scores.scores(path, ids, stamp)
    kept = [(suite, cached_forgetting.kept(path, run["id"], suite, stamp)) for suite in suites(rows, "kept", CHOICES)]
    known = [found for suite in learned if (found := _learned(suite, scores))]
    return Asked(known, [(suite, found) for suite, found in kept if found])


def _learned(suite: Suite, scores: list[Row]) -> Learned | None:
    whole = [row for row in scores if not row["category"] and not row["clean"] and row["versus"] is None]
    rows = {row["id"]: row for row in (suite.base, *suite.rows) if row is not None}
    own = [row for row in whole if row["eval_id"] in rows]
    metric = main_metric(suite, [row["metric"] for row in own])
    if metric is None:
        return None
    found = [(rows[row["eval_id"]], row) for row in own if row["metric"] == metric]
    places = {None if one["step"] is None else (one["branch"], one["step"]): row for one, row in found}
    return Learned(suite, metric, places)


def extras(known: Asked, shelf: list[Row]) -> list[Extra]:
    """The columns for the checkpoints of a shelf; those that would be empty are left out."""
    places = [(row["branch"], row["step"]) for row in shelf]
    found = [_score(number, one, places) for number, one in enumerate(known.learned)]
    for number, (suite, kept) in enumerate(known.kept):
        found += _kept(number, suite, {one.place: one for one in kept}, places, several=len(known.kept) > 1)
    return [extra for extra in found if any(cell != "–" for cell in extra.cells)]


def _score(number: int, found: Learned, places: list[Place]) -> Extra:
    names = {"suite": found.suite.name, "metric": metric_name(found.metric, current())}
    config = st.column_config.TextColumn(
        " · ".join(names.values()), help=t("shelf.score.help", **names), alignment="right", width=144
    )  # fmt: skip
    return Extra(f"score-{number}", config, [_figure(found, place) for place in places])


def _figure(found: Learned, place: Place) -> str:
    row = found.scores.get(place)
    if row is None or row["value"] is None:
        return "–"
    value = figure_of(found.metric, row["value"])
    return value if row["low"] is None else f"{value} ({score_span(found.metric, row, current())})"


def _kept(
    number: int, suite: Suite, found: dict[Place, Kept], places: list[Place], *, several: bool
) -> list[Extra]:  # fmt: skip
    title = {"suite": suite.name}
    retention = t("shelf.retention.of", **title) if several else t("shelf.retention")
    light = t("shelf.light.of", **title) if several else t("shelf.light")
    column = st.column_config.TextColumn
    # Of several suites the heads take the room that the words of one have.
    light_of, widths = (words.short, (124, 130)) if several else (words.light, (90, 180))

    def cells(say: Callable[[Kept], str]) -> list[str]:
        return [say(found[place]) if place in found else "–" for place in places]

    return [
        Extra(
            f"retention-{number}",
            column(retention, help=t("shelf.retention.help", **title), alignment="right", width=widths[0]),
            cells(lambda one: words.percent(one.comparison.retention)),
        ),
        Extra(
            f"light-{number}", column(light, help=t("shelf.light.help"), width=widths[1]),
            cells(lambda one: light_of(one) if one.light else "–"),
        ),
    ]  # fmt: skip
