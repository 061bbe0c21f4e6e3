"""The samples a run finds hardest, with their words; always as plain text."""

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard import cached, cached_views, widgets
from dashboard.language import t
from dashboard.queries.data import WINDOW
from dashboard.sample_text import LARGEST, read_texts
from dashboard.texts import TEXTS
from dashboard.words import count, figure, size
from evals.text import Turn

__all__ = ["show"]

TURNS = 4
"""Turns of a conversation shown, from its end."""

WORDS = 320
"""Characters of a turn shown."""

PROBLEMS = {"gone": "data.gone", "changed": "data.changed", "large": "data.large"}
SPEAKERS = {
    "system": "speaker.system", "user": "speaker.user", "assistant": "speaker.assistant", "text": "speaker.text",
}  # fmt: skip

Row = dict[str, Any]


def show(run: Row) -> None:
    """The list, with a sentence for each file that cannot be read any more."""
    widgets.heading(t("data.hardest", steps=WINDOW))
    path = cached.store_path()
    rows = cached_views.hardest(path, run["id"], run["last_step"] or 0)
    if not rows:
        widgets.notice(t("data.no_batches"))
        return
    found = read_texts(rows, cached_views.origin(path, run["id"]), cached_views.samples)
    widgets.notice(t("data.hardest.what"))
    for file, problem in sorted(found.problems.items()):
        widgets.notice(t(PROBLEMS[problem], file=file, size=size(LARGEST)), "warn")
    st.html("".join(_sample(row, found.turns.get((row["path"], row["row"]), ())) for row in rows))


def _sample(row: Row, turns: tuple[Turn, ...]) -> str:
    said = "".join(_turn(turn) for turn in turns[-TURNS:])
    return (
        f'<div class="a-sample"><div class="a-facts"><b>{escape(figure(row["loss"]))}</b> '
        f"{escape(' · '.join(_facts(row)))}</div>{said}</div>"
    )


def _facts(row: Row) -> Iterable[str]:
    yield t("data.at", step=count(row["step"]))
    if row["source"]:
        yield row["source"]
    if row["path"] is None:
        yield t("data.unplaced")
    else:
        yield t("data.place", file=Path(row["path"]).name, row=count(row["row"]))


def _turn(turn: Turn) -> str:
    speaker = t(SPEAKERS[turn.role]) if SPEAKERS.get(turn.role) in TEXTS else turn.role
    words = turn.content if len(turn.content) <= WORDS else f"{turn.content[:WORDS]}…"
    return f'<div class="a-turn"><span class="a-quiet">{escape(speaker)}</span><bdi>{escape(words)}</bdi></div>'
