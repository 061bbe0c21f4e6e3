"""Run · Scores: what a checkpoint made of each item, beside what was wanted and what the base made of it."""

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard import asked_now, cached, cached_scores, widgets
from dashboard.language import current, t
from dashboard.metric_words import figure_of, is_lower_better, metric_name
from dashboard.model_text import html_text
from dashboard.queries.scores import PAGE
from dashboard.suites import Suite, leaks
from dashboard.views import pick
from dashboard.views.places import place_key, place_words
from dashboard.words import count

__all__ = ["show"]

PLACE = "at"
"""In the address: the checkpoint whose items are shown, as in `1@60`; the table of checkpoints names it so too."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Row = dict[str, Any]


def show(suite: Suite, metric: str, stamp: cached_scores.Stamp) -> None:
    """`PAGE` cards of the chosen checkpoint, and buttons for the others."""
    widgets.heading(t("scores.worst"))
    with st.container(horizontal=True, vertical_alignment="center", key="a-items"):
        row = _checkpoint(suite)
        turned = f"scores-{row['id']}-{metric}"
        start = _page(turned, row["n"])
    pair = (row["id"], suite.base["id"] if suite.base else None)
    path, lowest = cached.store_path(), not is_lower_better(metric)
    items = cached_scores.items(path, pair, metric, start, stamp, lowest=lowest)
    found = {leak.get("id"): leak for leak in leaks(row).found}
    cards = "".join(_card(item, metric, found.get(item["item"])) for item in items)
    st.html(f'<div class="a-items">{cards}</div>')


def _checkpoint(suite: Suite) -> Row:
    rows, newest = {place_key(row): row for row in reversed(suite.rows)}, suite.newest
    assert newest is not None, "a suite is listed where a checkpoint was put to it"
    names = {place: place_words(row) for place, row in rows.items()}
    return rows[pick.listed(t("scores.where"), names, PLACE, place_key(newest))]


def _page(key: str, n: int) -> int:
    """Which items are shown, in words, and buttons for those before and after; returns the first one's place."""
    start = min(st.session_state.get(key, 0), max(0, n - 1) // PAGE * PAGE)
    span = t("scores.worst.span", first=count(start + 1), last=count(min(start + PAGE, n)), count=count(n))
    st.html(f'<span class="a-facts">{escape(span)}</span>', width="content")
    if n > PAGE:
        for words, step in ((t("scores.worst.before"), -PAGE), (t("scores.worst.next"), PAGE)):
            st.button(
                words, key=f"{key}-{step}", on_click=_turn, args=(key, start + step),
                disabled=not 0 <= start + step < n,
            )  # fmt: skip
    return start


def _turn(key: str, start: int) -> None:
    st.session_state[key] = start


def _card(item: Row, metric: str, leak: Row | None) -> str:
    facts = "".join(f"<span>{fact}</span>" for fact in _facts(item, metric, leak))
    if asked_now.is_asked(item["question"]):
        facts, said = f"<span>{escape(item['item'])}</span>", "".join(_hidden(item))
    else:
        said = "".join(_choices(item) if item["choices"] else _texts(item))
    return f'<div class="a-item"><div class="a-facts">{facts}</div>{said}</div>'


def _facts(item: Row, metric: str, leak: Row | None) -> Iterator[str]:
    """What stands in the card's first line, in HTML."""
    if item["correct"] is not None:
        was = None if item["base_value"] is None else item["base_value"] > 0
        tone, key = STATES[item["correct"], was]
        yield f'<span class="a-status a-{tone}">{escape(t(key))}</span>'
    else:
        value = f"{metric_name(metric, current())} {figure_of(metric, item['value'])}"
        yield f"<b>{escape(value)}</b>"
        if item["base_value"] is not None:
            yield escape(t("scores.item.base", value=figure_of(metric, item["base_value"])))
    if item["category"]:
        yield escape(item["category"])
    yield escape(item["item"])
    if item["leaked"]:
        yield f'<span class="a-warn">{escape(_leaked(leak))}</span>'


def _leaked(leak: Row | None) -> str:
    """Where it stands there, with rows counted from 0 as everywhere."""
    if leak is None:
        return t("scores.item.leaked")
    file, share = Path(leak["source"]).name, f"{100 * leak['coverage']:.0f}"
    return t("scores.item.leaked.where", file=file, row=count(leak["row"]), share=share)


def _hidden(item: Row) -> Iterator[str]:
    """The question alone, of an item that is judged blindly just now."""
    yield _turned(t("scores.item.question"), item["question"])
    yield f'<div class="a-turn"><span></span>{asked_now.note()}</div>'


def _texts(item: Row) -> Iterator[str]:
    """Question, reference, the answer and the base's; of a text, itself."""
    is_text = item["answer"] is None and item["correct"] is None
    yield _turned(t("scores.item.text" if is_text else "scores.item.question"), item["question"])
    if item["reference"]:
        yield _turned(t("scores.item.reference"), item["reference"])
    if item["answer"] is not None:
        yield _turned(t("scores.item.answer"), item["answer"], "a-said")
    if item["base_answer"] is not None:
        yield _turned(t("scores.item.base_answer"), item["base_answer"])


def _turned(speaker: str, words: str, look: str = "") -> str:
    said = html_text(words) if words.strip() else f'<bdi class="a-quiet">{escape(t("scores.item.nothing"))}</bdi>'
    return f'<div class="a-turn {look}"><span class="a-quiet">{escape(speaker)}</span>{said}</div>'


def _choices(item: Row) -> Iterator[str]:
    """The question, and the choices with what is to be said of each."""
    yield _turned(t("scores.item.question"), item["question"])
    for place, choice in enumerate(item["choices"]):
        taken = ((item["gold"], "scores.choice.gold"), (item["pred"], "scores.choice.taken"))
        said = [t(key) for chosen, key in (*taken, (item["base_pred"], "scores.choice.base")) if chosen == place]
        look = "a-gold" if place == item["gold"] else ""
        note = "".join(f'<span class="a-tag">{escape(words)}</span>' for words in said)
        letter = escape(LETTERS[place : place + 1])
        yield f'<div class="a-choice {look}"><span>{letter}</span><span>{html_text(choice)}{note}</span></div>'


STATES = {
    (False, True): ("bad", "scores.item.lost"), (False, False): ("warn", "scores.item.wrong"),
    (False, None): ("warn", "scores.item.wrong"), (True, False): ("good", "scores.item.gained"),
    (True, True): ("quiet", "scores.item.right"), (True, None): ("quiet", "scores.item.right"),
}  # fmt: skip
"""Tone and words by whether the item was answered right, and whether the base did."""
