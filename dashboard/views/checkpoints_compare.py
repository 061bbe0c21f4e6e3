"""Run · Checkpoints: two checkpoints, or one and the base, side by side."""

from typing import Any

import streamlit as st

from dashboard import cached, cached_forgetting, cached_scores, widgets
from dashboard.language import current, t
from dashboard.metric_words import difference, figure_of, metric_name, score_span
from dashboard.suites import Suite, suites
from dashboard.views import forgetting_questions
from dashboard.views.checkpoints_scores import CHOICES
from dashboard.views.forgetting_questions import Heads
from dashboard.views.plain import Column, table
from dashboard.words import count
from evals.forgetting.paired import Comparison

__all__ = ["FROM", "TO", "show"]

FROM, TO = "from", "to"
"""In the address: what is compared, as branch and step, or `base`."""

BASE = "base"

Run = dict[str, Any]
Row = dict[str, Any]
Sides = tuple[Row, Row]


def show(run: Run) -> None:
    """The choice of two, folded away until it is wanted; nothing where fewer than two models were evaluated."""
    path = cached.store_path()
    rows = cached_scores.evaluations(path, run["id"], cached_scores.stamp(path, run))
    known = [*suites(rows, "learned", ("open", *CHOICES)), *suites(rows, "kept", ("text", *CHOICES))]
    places = _places(known)
    if len(places) < 2:
        return
    is_asked = any(name in st.query_params for name in (FROM, TO))
    folded = st.expander(t("shelf.compare"), key=f"compare-{run['id']}", expanded=is_asked, on_change="rerun")
    if folded.open:
        with folded:
            _compare(run, known, places)


def _places(known: list[Suite]) -> dict[str, str]:
    """What can be compared, in words: the base, then the checkpoints, the newest first."""
    rows = [row for suite in known for row in suite.rows]
    found = sorted({(row["step"], row["branch"]) for row in rows}, reverse=True)
    base = {BASE: t("shelf.base")} if any(suite.base for suite in known) else {}
    steps = [step for step, _ in found]
    keys = {step: "forget.at.branch" if steps.count(step) > 1 else "forget.at" for step in steps}
    return base | {f"{branch}@{step}": t(keys[step], step=count(step), branch=branch) for step, branch in found}


def _compare(run: Run, known: list[Suite], places: dict[str, str]) -> None:
    names = list(places)
    newest = next(name for name in names if name != BASE)
    with st.container(horizontal=True, gap="small", key="a-compare"):
        before = _chosen(FROM, places, BASE if BASE in places else names[-1])
        after = _chosen(TO, places, newest)
    if before == after:
        widgets.notice(t("shelf.compare.same"))
        return
    both = [(suite, sides) for suite in known if (sides := _sides(suite, before, after))]
    if not both:
        widgets.notice(t("shelf.compare.none"))
        return
    _scores(run, both, (places[before], places[after]))
    for suite, sides in both:
        if suite.kind in CHOICES:
            _questions(run, suite, sides, (places[before], places[after]))


def _chosen(name: str, places: dict[str, str], usual: str) -> str:
    asked, key = st.query_params.get(name), f"compare-{name}"
    st.session_state[key] = asked if asked in places else usual
    label = t("shelf.compare.from" if name == FROM else "shelf.compare.to")
    st.selectbox(
        label, list(places), key=key, width=240, format_func=lambda place: places[place], on_change=_picked,
        args=(name, key),
    )  # fmt: skip
    return st.session_state[key]


def _picked(name: str, key: str) -> None:
    st.query_params[name] = st.session_state[key]


def _sides(suite: Suite, before: str, after: str) -> Sides | None:
    """The evaluations of both at a suite."""
    rows = {f"{row['branch']}@{row['step']}": row for row in suite.rows} | ({BASE: suite.base} if suite.base else {})
    return (rows[before], rows[after]) if before in rows and after in rows else None


def _scores(run: Run, both: list[tuple[Suite, Sides]], names: tuple[str, str]) -> None:
    path = cached.store_path()
    ids = tuple(row["id"] for _, sides in both for row in sides)
    scores = cached_scores.scores(path, ids, cached_scores.stamp(path, run))
    whole = [row for row in scores if not row["category"] and not row["clean"]]
    columns = (
        Column(t("shelf.compare.metric"), wide=True), Column(t("shelf.compare.difference"), numbers=True),
        *(Column(name, numbers=True) for name in names),
    )  # fmt: skip
    lines = [line for suite, sides in both for line in _lines(run, suite, sides, whole)]
    table(columns, [line for line, _ in lines])
    if not all(known for _, known in lines):
        widgets.notice(t("shelf.compare.what"))


def _lines(run: Run, suite: Suite, sides: Sides, scores: list[Row]) -> list[tuple[list[str], bool]]:
    """A line a metric that both have, and whether its difference has an interval."""
    found = {(row["eval_id"], row["metric"], row["versus"]): row for row in scores}
    before, after = (row["id"] for row in sides)
    metrics = [row["metric"] for row in scores if row["eval_id"] == after and row["versus"] is None]
    lines: list[tuple[list[str], bool]] = []
    for metric in metrics:
        if (before, metric, None) in found:
            old, new = found[before, metric, None], found[after, metric, None]
            gap = _gap(run, suite, sides, metric) or (
                found.get((after, metric, "base")) if sides[0]["step"] is None else None
            )
            said = _plain(metric, old, new) if gap is None else difference(metric, gap, current())
            name = f"{suite.name} · {metric_name(metric, current())}"
            cells = [name, said, _figure(metric, old), _figure(metric, new)]
            lines.append((cells, gap is not None))
    return lines


def _gap(run: Run, suite: Suite, sides: Sides, metric: str) -> Row | None:
    """The difference between two answers to choice questions, question by question."""
    if suite.kind not in CHOICES or metric != "acc":
        return None
    told = _told(run, suite, sides)
    return None if told is None else {"value": -told.drop, "low": -told.drop_high, "high": -told.drop_low}


def _told(run: Run, suite: Suite, sides: Sides) -> Comparison | None:
    path = cached.store_path()
    return cached_forgetting.compared(
        path, suite.sha256, sides[0]["id"], sides[1]["id"], cached_scores.stamp(path, run)
    )  # fmt: skip


def _plain(metric: str, old: Row, new: Row) -> str:
    if old["value"] is None or new["value"] is None:
        return "–"
    said = figure_of(metric, new["value"] - old["value"])
    return said if said.startswith("−") else f"+{said}"


def _figure(metric: str, row: Row) -> str:
    said = figure_of(metric, row["value"])
    return said if row["low"] is None else f"{said} ({score_span(metric, row, current())})"


def _questions(run: Run, suite: Suite, sides: Sides, names: tuple[str, str]) -> None:
    """Lost and gained questions between the two."""
    path = cached.store_path()
    rows = cached_forgetting.changed(path, sides[0]["id"], sides[1]["id"], cached_scores.stamp(path, run))
    lost = sum(row["lost"] for row in rows)
    widgets.heading(
        t("shelf.compare.questions", suite=suite.name, before=names[0], after=names[1]),
        t("shelf.compare.questions.what", lost=count(lost), gained=count(len(rows) - lost)),
    )
    before, after = (t("shelf.compare.said", model=name) for name in names)
    gained = t("shelf.compare.gained", n=count(len(rows) - lost))
    heads = Heads(before, after, t("shelf.compare.no_loss"), gained)
    forgetting_questions.lost_and_gained(rows, f"{sides[0]['id']}-{sides[1]['id']}", heads)
