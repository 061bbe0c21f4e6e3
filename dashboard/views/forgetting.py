"""Run · Forgetting: whether the run lost what its base knew, since when, what exactly, and what helps."""

import shlex
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard import cached, cached_forgetting, cached_scores, widgets
from dashboard.charts.forgetting import Drop, drop_chart
from dashboard.drawing import draw
from dashboard.language import t
from dashboard.retention import Kept
from dashboard.suites import Suite, margin, suites
from dashboard.views import (
    evaluator,
    forgetting_help,
    forgetting_kept,
    forgetting_questions,
    forgetting_subjects,
    forgetting_text,
)
from dashboard.views import forgetting_words as words
from dashboard.views.checkpoints import store_option
from dashboard.views.checkpoints_scores import CHOICES
from dashboard.widgets import Card
from dashboard.words import count
from evals.forgetting.light import within_margin

__all__ = ["show"]

PLACE = "at"
"""In the address: branch and step of the checkpoint, as in Run · Checkpoints."""

SUITE = "kept"
"""In the address: which suite is shown, by the beginning of its digest."""

DIGEST = 12
"""Characters of a digest in the address."""

Run = dict[str, Any]


def show(run: Run) -> None:
    """The whole view of a run."""
    path = cached.store_path()
    stamp = cached_scores.stamp(path, run)
    rows = cached_scores.evaluations(path, run["id"], stamp)
    choices, texts = suites(rows, "kept", CHOICES), suites(rows, "kept", ("text",))
    if not choices and not texts:
        _empty(run)
        return
    if not choices:
        widgets.notice(t("forget.no_light"))
    else:
        _choices(run, choices)
    for suite in texts:
        forgetting_text.show(suite, cached_scores.scores(path, _ids(suite), stamp))


def _choices(run: Run, known: list[Suite]) -> None:
    """What came of a suite of questions."""
    path = cached.store_path()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="a-forgetting"):
        head = st.container()
        suite = _suite(known)
        found = cached_forgetting.kept(path, run["id"], suite, cached_scores.stamp(path, run))
        chosen = _checkpoint(found) if found else None
    with head:
        widgets.heading(t("forget.title"), t("forget.against", suite=suite.name))
    if chosen is None:
        widgets.notice(t("forget.no_base", suite=suite.name), "warn")
        if not cached.is_served(path):
            st.code(command(run), language="bash", wrap_lines=True)
    else:
        _answer(run, suite, found, chosen)


def command(run: Run) -> str:
    """What puts the run's checkpoints to a suite, those to come as well."""
    named = store_option(Path(cached.store_path()))
    return shlex.join(["assay", "eval", run["name"], "--suite", evaluator.SUITE, "--watch", *named])


def _empty(run: Run) -> None:
    if cached.is_served(cached.store_path()):
        widgets.notice(t("elsewhere.evals"))
        return
    if not run["polls"]:
        widgets.notice(t("forget.foreign"))
        return
    widgets.notice(t("forget.none"))
    st.code(command(run), language="bash", wrap_lines=True)
    widgets.notice(t("forget.none.config"))
    st.code(evaluator.config_lines(samples=False), language="toml")
    evaluator.suite_help(evaluator.KEPT)


def _ids(suite: Suite) -> tuple[int, ...]:
    return tuple(row["id"] for row in (suite.base, *suite.rows) if row is not None)


def _suite(known: list[Suite]) -> Suite:
    """The suite that the address names; else the one asked last."""
    named = {suite.sha256[:DIGEST]: suite for suite in known}
    asked = st.query_params.get(SUITE)
    if len(named) > 1:
        st.session_state[SUITE] = asked if asked in named else next(iter(named))
        st.selectbox(
            t("forget.suite"), list(named), key=SUITE, width=240, label_visibility="collapsed",
            format_func=lambda key: named[key].name, on_change=_picked, args=(SUITE, SUITE),
        )  # fmt: skip
        return named[st.session_state[SUITE]]
    return known[0]


def _checkpoint(found: list[Kept]) -> Kept:
    """The checkpoint that the address names; else the newest of the present path."""
    places = {f"{one.place[0]}@{one.place[1]}": one for one in reversed(found)}
    newest = next((place for place, one in places.items() if one.light), next(iter(places)))
    asked, key = st.query_params.get(PLACE), f"forgetting-{PLACE}"
    st.session_state[key] = asked if asked in places else newest
    st.selectbox(
        t("forget.checkpoint"), list(places), key=key, width=240, label_visibility="collapsed",
        on_change=_picked, args=(PLACE, key),
        format_func=lambda place: f"{words.place(places[place], found)} · {words.short(places[place])}",
    )  # fmt: skip
    return places[st.session_state[key]]


def _picked(name: str, key: str) -> None:
    st.query_params[name] = st.session_state[key]


def _answer(run: Run, suite: Suite, found: list[Kept], chosen: Kept) -> None:
    _light(suite, found, chosen)
    widgets.cards(_cards(suite, chosen))
    forgetting_questions.leak(chosen)
    _lines(run, suite, found)
    _subjects(run, suite, found, chosen)
    assert suite.base is not None, "without a base nothing is compared"
    forgetting_questions.show(suite.base, chosen, cached_scores.stamp(cached.store_path(), run))


def _subjects(run: Run, suite: Suite, found: list[Kept], chosen: Kept) -> None:
    """What became of each subject, beside it what helps where the light is on."""
    if chosen.light and chosen.light.colour != "green":
        left, right = st.columns([5, 3], gap="medium")
        with left:
            forgetting_subjects.show(chosen, found)
        with right:
            forgetting_help.show(run, found)
    else:
        forgetting_subjects.show(chosen, found)
    forgetting_kept.subjects(run, suite, found, chosen)


def _light(suite: Suite, found: list[Kept], chosen: Kept) -> None:
    """The light and why it is on, and what it would be without leaked questions."""
    tone = words.tone(chosen)
    said = words.why(chosen, margin(suite), words.before(chosen, found))
    told = [_status(words.light(chosen), "quiet" if tone == "abandoned" else tone), escape(said)]
    if chosen.clean_light:
        told += [escape(t("forget.clean.light")), _status(*words.clean_light(chosen))]
    elif chosen.is_all_leaked:
        told.append(escape(t("forget.clean.all")))
    st.html(f'<p class="a-notice">{" ".join(told)}</p>')


def _status(said: str, tone: str) -> str:
    return f'<span class="a-status a-{tone}">{escape(said)}</span>'


def _cards(suite: Suite, chosen: Kept) -> list[Card]:
    told, limit = chosen.comparison, margin(suite)
    asked = t("forget.changed.what", n=count(told.n), of=count(chosen.row["of"]))
    held = "forget.margin.yes" if within_margin(told.bound, limit) else "forget.margin.no"
    kept = "forget.retention.what" if told.retention is not None else "forget.retention.none"
    return [
        Card(t("forget.drop"), words.points(told.drop), words.span(told)),
        Card(t("forget.retention"), words.percent(told.retention), t(kept)),
        Card(t("forget.changed"), f"{count(len(told.lost))} / {count(len(told.gained))}", asked),
        Card(
            t("forget.margin", margin=words.points(limit)), t(held),
            t("forget.margin.what", bound=words.points(told.bound)),
        ),
        Card(
            t("forget.mde"), t("forget.mde.none") if told.mde is None else words.points(told.mde),
            t("forget.mde.few" if told.mde is None else "forget.mde.what"),
        ),
    ]  # fmt: skip


def _lines(run: Run, suite: Suite, found: list[Kept]) -> None:
    """The drop, beside it retention, which there is none of where the base only guesses."""
    if not forgetting_kept.held(found):
        _line(run, suite, found)
        return
    left, right = st.columns(2, gap="medium")
    with left:
        _line(run, suite, found)
    with right:
        forgetting_kept.line(run, suite, found)


def _line(run: Run, suite: Suite, found: list[Kept]) -> None:
    limit = margin(suite)
    title = t("forget.line", margin=words.points(limit))
    st.html(f'<p class="a-title">{escape(title)}</p>')
    said = {
        "step": t("curves.at_step"), "drop": t("forget.line.drop"), "low": t("forget.line.low"),
        "high": t("forget.line.high"), "light": t("forget.line.light"),
    }  # fmt: skip
    chart = drop_chart(_drops(found), 100 * limit, said, widgets.look())
    draw(chart, key=f"forgetting-{run['id']}-{suite.sha256}", alt=title)


def _drops(found: list[Kept]) -> list[Drop]:
    said = words.changes(found)
    return [
        Drop(
            one.place[1], 100 * told.drop, 100 * told.drop_low, 100 * told.drop_high, words.tone(one), words.light(one),
            said.get(one.place, ""),
        )
        for one, told in ((one, one.comparison) for one in found)
    ]  # fmt: skip
