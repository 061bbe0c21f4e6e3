"""Run · Samples: what the base and each checkpoint answer to the same prompts, and what changed meanwhile."""

import zlib
from collections.abc import Callable
from html import escape
from typing import Any

import pyarrow as pa
import streamlit as st

from dashboard import asked_now, cached, cached_scores, widgets
from dashboard.answer_story import ASKED, Answer, Prompt, Stretch, before, prompts, stretches
from dashboard.language import t
from dashboard.model_text import beginning, html_text, plain_text
from dashboard.text_changes import changes, marked
from dashboard.views import ask_models, evaluator
from dashboard.views.places import place_key, place_words

__all__ = ["show"]

ROW = 34
"""Height of a row, in pixels."""

COLUMNS = 8
"""Checkpoints in the table."""

CELL = 60
"""Characters of an answer in the table."""

CHOSEN = "prompt"
"""In the address: the prompt whose answers are shown."""

Run = dict[str, Any]


def show(run: Run) -> None:
    """The whole view of a run."""
    path = cached.store_path()
    found = prompts(cached_scores.answers(path, run["id"], cached_scores.stamp(path, run)))
    if not found and cached.is_served(path):
        widgets.notice(t("elsewhere.evals"))
        return
    if not run["polls"] and not found:
        widgets.notice(t("samples.foreign"))
        return
    if not found:
        widgets.notice(t("samples.none"))
        st.code(evaluator.config_lines(samples=True), language="toml")
        ask_models.show(run)
        return
    widgets.heading(t("samples.prompts", count=len(found)), t("samples.prompts.what"))
    chosen = _table(run, found)
    left, right = st.columns([2.2, 1], gap="medium")
    with left:
        _answers(chosen)
    with right:
        ask_models.show(run)


def _table(run: Run, found: list[Prompt]) -> Prompt:
    """Prompts by checkpoints in their first words; returns the one that is chosen, the first until another is."""
    keys = [prompt.key for prompt in found]
    # As in the table of checkpoints: a row's number means another prompt once rows come.
    key = f"samples-{run['id']}-{zlib.crc32(repr(keys).encode())}"
    asked = st.query_params.get(CHOSEN)
    place = keys.index(asked) if asked in keys else 0
    if key not in st.session_state or st.session_state[key]["selection"]["rows"] != [place]:
        st.session_state[key] = {"selection": {"rows": [place], "columns": [], "cells": []}}
    rows = _columns(found)
    st.dataframe(  # pyright: ignore[reportUnknownMemberType] - an overload takes pyarrow arrays of any type
        _cells(found, rows), key=key, hide_index=True, row_height=ROW, height=min(ROW * (len(found) + 1) + 3, 320),
        column_config=_config(rows), on_select=_picked(key, keys), selection_mode="single-row",
    )  # fmt: skip
    every = sum(not row["is_base"] for row in _places(found).values())
    new, gone = escape(t("samples.legend.new")), escape(t("samples.legend.gone"))
    note = t("samples.newest", count=COLUMNS) if every > COLUMNS else t("samples.choose")
    st.html(f'<p class="a-title">{escape(note)} {escape(t("samples.legend"))} <ins>{new}</ins> · <del>{gone}</del></p>')
    return found[place]


def _picked(key: str, keys: list[str]) -> Callable[[], None]:
    def keep() -> None:
        chosen = st.session_state[key]["selection"]["rows"]
        st.query_params[CHOSEN] = keys[chosen[0]] if chosen else keys[0]

    return keep


def _places(found: list[Prompt]) -> dict[str, Run]:
    """Whoever answered anything, in order: the base, then by step."""
    rows = {place_key(answer.row): answer.row for prompt in found for answer in prompt.answers}
    return dict(
        sorted(rows.items(), key=lambda one: (not one[1]["is_base"], one[1]["step"] or 0, one[1]["branch"] or 0))
    )


def _columns(found: list[Prompt]) -> dict[str, Run]:
    """Those in the table: the newest checkpoints of the present path, the newest first, then the base."""
    places = _places(found)
    newest = [place for place, row in places.items() if row["active"] and not row["is_base"]][-COLUMNS:]
    return {place: places[place] for place in reversed(places) if places[place]["is_base"] or place in newest}


def _config(rows: dict[str, Run]) -> dict[str, Any]:
    config = st.column_config
    columns = {f"at {place}": config.TextColumn(place_words(row), width=200) for place, row in rows.items()}
    return {"prompt": config.TextColumn(t("samples.prompt"), width=190, pinned=True), **columns}


def _cells(found: list[Prompt], rows: dict[str, Run]) -> pa.Table:
    columns = {"prompt": [_named(prompt) for prompt in found]}
    for place in rows:
        columns[f"at {place}"] = [_cell(prompt, place) for prompt in found]
    return pa.table(columns)


def _named(prompt: Prompt) -> str:
    words = beginning(prompt.question, CELL)
    return t("samples.asked", question=words) if prompt.suite == ASKED else words


def _cell(prompt: Prompt, place: str) -> str:
    """An answer's first words, or that it is what was said before, or that nobody is to read it now."""
    if asked_now.is_asked(prompt.question):
        return t("campaigns.asked_now")
    number = next((n for n, answer in enumerate(prompt.answers) if place_key(answer.row) == place), None)
    if number is None:
        return "–"
    answer, earlier = prompt.answers[number], before(prompt.answers, number)
    if earlier and plain_text(earlier.text) == plain_text(answer.text):
        return t("samples.unchanged.cell")
    return beginning(answer.text, CELL) or t("samples.nothing")


def _answers(prompt: Prompt) -> None:
    """The chosen prompt with all answers, in full."""
    lines = [_line(escape(t("samples.prompt")), html_text(prompt.question), "a-asked-for")]
    if prompt.reference:
        lines.append(_line(escape(t("samples.reference")), html_text(prompt.reference), "a-asked-for"))
    if asked_now.is_asked(prompt.question):
        lines.append(_line("", asked_now.note()))
    else:
        lines += [_stretch(stretch) for stretch in stretches(prompt.answers)]
    st.html(f'<div class="a-answers">{"".join(lines)}</div>')


def _line(head: str, said: str, look: str = "") -> str:
    return f'<div class="a-turn {look}"><span class="a-quiet">{head}</span>{said}</div>'


def _stretch(stretch: Stretch) -> str:
    """Checkpoints that said the same, what they said, and what is new in it."""
    first, last = stretch.answers[0], stretch.answers[-1]
    head = _head(first) if first is last else f"{_head(first)}<br>– {_head(last)}"
    look = "" if first.row["active"] else "a-left"
    if stretch.before is not None and stretch.is_unchanged:
        same = t("samples.unchanged", place=place_words(stretch.before.row))
        return _line(head, f'<bdi class="a-quiet">{escape(same)}</bdi>', look)
    return _line(head, _said(first, stretch.before), look)


def _head(answer: Answer) -> str:
    return escape(t("samples.base") if answer.row["is_base"] else place_words(answer.row))


def _said(answer: Answer, earlier: Answer | None) -> str:
    if not answer.text.strip():
        return f'<bdi class="a-quiet">{escape(t("samples.nothing"))}</bdi>'
    if earlier is None:
        return html_text(answer.text)
    found = changes(earlier.text, answer.text)
    if found is None:
        note = f'<span class="a-anew">{escape(t("samples.anew"))}</span>'
        return f"<div>{note}{html_text(answer.text)}</div>"
    return marked(found)
