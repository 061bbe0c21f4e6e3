"""Run · Scores: how each checkpoint did at each suite, against the base and against the checkpoint before."""

from html import escape
from typing import Any

import streamlit as st

from dashboard import cached, cached_scores, widgets
from dashboard.language import current, t
from dashboard.metric_words import difference, figure_of, metric_name, verdict
from dashboard.suites import Suite, leaks, main_metric, place_of, suites
from dashboard.views import evaluator, pick, scores_how, scores_items, scores_line
from dashboard.views.places import place_words
from dashboard.views.score_rows import Scores
from dashboard.words import count

__all__ = ["show"]

KINDS = ("open", "choice", "text", "harness")

FOLDER = f"assay eval FOLDER --suite {evaluator.SUITE}"
"""What scores another program's model."""

FEW = 8
"""Choices up to which they stand side by side."""

Run = dict[str, Any]


def show(run: Run) -> None:
    """The whole view of a run."""
    path, stamp = cached.store_path(), cached_scores.stamp(cached.store_path(), run)
    rows = cached_scores.evaluations(path, run["id"], stamp)
    found = [suite for measures in ("learned", "kept") for suite in suites(rows, measures, KINDS)]
    if not found:
        _empty(run)
    suite = _suite(found) if found else None
    evaluator.score_now(run, {place_of(row) for one in found for row in one.rows})
    evaluator.requests(run, questions=False)
    if suite is not None:
        ids = tuple(row["id"] for row in (suite.base, *suite.rows) if row is not None)
        _about(run, suite, Scores(cached_scores.scores(path, ids, stamp)), stamp)


def _empty(run: Run) -> None:
    if cached.is_served(cached.store_path()):
        widgets.notice(t("elsewhere.evals"))
        return
    if not run["polls"]:
        widgets.notice(t("scores.foreign"))
        st.code(FOLDER, language="bash")
        evaluator.suite_help(evaluator.LEARNED)
        return
    widgets.notice(t("scores.none"))
    st.code(evaluator.score_command(run), language="bash", wrap_lines=True)
    if not evaluator.has_suites(run):
        widgets.notice(t("scores.none.config"))
        st.code(evaluator.config_lines(samples=False), language="toml")
        evaluator.suite_help(evaluator.LEARNED)


def _suite(found: list[Suite]) -> Suite:
    names = {suite.name: t(MEASURES[suite.measures], suite=suite.name) for suite in found}
    chosen = _one_of(t("scores.suite"), names, "suite", found[0].name)
    return next(suite for suite in found if suite.name == chosen)


def _one_of(label: str, names: dict[str, str], key: str, default: str) -> str:
    return (pick.side_by_side if len(names) <= FEW else pick.listed)(label, names, key, default)


def _about(run: Run, suite: Suite, scores: Scores, stamp: cached_scores.Stamp) -> None:
    """One suite: the newest checkpoint, a metric over all of them, and the items."""
    newest = suite.newest
    assert newest is not None, "a suite is listed where a checkpoint was put to it"
    metrics = scores.metrics(newest["id"])
    _newest(newest, suite, scores, metrics)
    if not metrics:
        return
    names = {metric: metric_name(metric, current()) for metric in metrics}
    metric = _one_of(t("scores.metric"), names, "metric", main_metric(suite, metrics) or metrics[0])
    scores_line.show(run, suite, scores, metric)
    scores_how.show(suite, scores, metric)
    scores_items.show(suite, metric, stamp)


def _newest(row: Run, suite: Suite, scores: Scores, metrics: list[str]) -> None:
    """The newest checkpoint in figures, with what the leak check says of them."""
    widgets.heading(place_words(row), leak_words(row))
    cells = "".join(_card(row, scores, metric, based=suite.base is not None) for metric in metrics)
    st.html(f'<div class="a-cards a-scores">{cells}</div>')


def leak_words(row: Run) -> str:
    """What the leak check found, in a sentence."""
    found = leaks(row)
    return t(LEAKS[found.status], leaked=count(len(found.found)), n=count(row["of"]), rows=count(found.rows))


def _card(row: Run, scores: Scores, metric: str, *, based: bool) -> str:
    one, clean = scores.of(row["id"], metric), scores.of(row["id"], metric, clean=True)
    notes = [_against_base(scores.of(row["id"], metric, versus="base"), metric, based=based)]
    if clean:
        notes.append(escape(t("scores.without_leaked", value=figure_of(metric, clean["value"]))))
    lines = "".join(f'<div class="a-note">{note}</div>' for note in notes)
    return (
        f'<div class="a-card"><div class="a-label">{escape(metric_name(metric, current()))}</div>'
        f'<div class="a-value">{escape(figure_of(metric, one["value"] if one else None))}</div>{lines}</div>'
    )


def _against_base(row: Run | None, metric: str, *, based: bool) -> str:
    """The difference in words, with a word for what it means; nothing where a metric is not compared."""
    if row is None or row["value"] is None:
        return "" if based else escape(t("scores.no_base"))
    key = "scores.over.base" if row["value"] >= 0 else "scores.under.base"
    return f"{escape(t(key, change=difference(metric, row, current())))} · {judged(metric, row)}"


def judged(metric: str, row: Run) -> str:
    """Whether a difference is for the better, in HTML: a word with its colour."""
    found = verdict(metric, row)
    return f'<span class="a-{TONES[found]}">{escape(t(VERDICTS[found]))}</span>'


MEASURES = {"learned": "scores.measures.learned", "kept": "scores.measures.kept"}
LEAKS = {"clean": "scores.leak.clean", "leaked": "scores.leak.leaked", "unchecked": "scores.leak.unchecked"}
VERDICTS = {"better": "scores.better", "worse": "scores.worse", "open": "scores.open"}
TONES = {"better": "good", "worse": "bad", "open": "quiet"}
