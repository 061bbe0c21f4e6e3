"""Run · Forgetting: what was kept, by checkpoint, beside the drop; and by subject and checkpoint."""

from html import escape
from typing import Any

import streamlit as st

from dashboard import widgets
from dashboard.charts.retention import Cell, Held, retention_chart, subject_chart
from dashboard.drawing import draw
from dashboard.language import t
from dashboard.retention import Kept
from dashboard.suites import Suite
from dashboard.views import forgetting_words as words
from dashboard.words import count
from evals.forgetting.paired import Category

__all__ = ["COLUMNS", "ROWS", "by_loss", "cells", "held", "line", "subjects"]

COLUMNS = 10
"""Checkpoints in the table of subjects, the newest."""

ROWS = 12
"""Subjects shown before the rest is folded away."""

Run = dict[str, Any]


def line(run: Run, suite: Suite, found: list[Kept]) -> None:
    """Retention by checkpoint."""
    title = t("forget.kept")
    st.html(f'<p class="a-title">{escape(title)}</p>')
    said = {"step": t("curves.at_step"), "kept": t("forget.kept.value"), "light": t("forget.line.light")}
    draw(retention_chart(held(found), said, widgets.look()), key=f"retention-{run['id']}-{suite.sha256}", alt=title)
    st.html(f'<p class="a-caption">{escape(t("forget.kept.no_interval"))}</p>')


def held(found: list[Kept]) -> list[Held]:
    """The marks: every checkpoint that has a retention."""
    said = words.changes(found)
    return [
        Held(one.place[1], 100 * kept, words.tone(one), words.light(one), said.get(one.place, ""))
        for one in found
        if (kept := one.comparison.retention) is not None
    ]


def by_loss(chosen: Kept) -> list[Category]:
    """A checkpoint's subjects, the largest loss first."""
    return sorted(chosen.comparison.categories, key=lambda one: (-one.drop, one.holm_p, one.category))


def subjects(run: Run, suite: Suite, found: list[Kept], chosen: Kept) -> None:
    """Subjects by checkpoints; nothing where the base only guesses, nor of one subject or checkpoint, whose table says
    the same.
    """
    path = [one for one in found if one.light]
    names = [one.category for one in by_loss(chosen)]
    known = any(part.retention is not None for one in path for part in one.comparison.categories)
    if len(path) < 2 or len(names) < 2 or not known:
        return
    which = "forget.map.newest" if len(path) > COLUMNS else "forget.map"
    title = t(which, place=words.place(chosen, found), count=COLUMNS)
    st.html(f'<p class="a-title">{escape(title)}</p>')
    key = f"subjects-{run['id']}-{suite.sha256}"
    _map(path[-COLUMNS:], names[:ROWS], key, title)
    st.html(f'<p class="a-caption">{escape(t("forget.map.what"))}</p>')
    if len(names) > ROWS:
        folded = st.expander(t("forget.subjects.more", count=len(names) - ROWS), key=key, on_change="rerun")
        if folded.open:
            with folded:
                _map(path[-COLUMNS:], names[ROWS:], f"{key}-more", title)


def _map(path: list[Kept], names: list[str], key: str, title: str) -> None:
    said = {
        "subject": t("forget.subject"), "step": t("curves.at_step"), "told": t("forget.retention"),
        "drop": t("forget.line.drop"), "changed": t("forget.lost_gained"), "n": t("forget.n"),
    }  # fmt: skip
    shown = [name or t("forget.subject.none") for name in names]
    chart = subject_chart(cells(path, names), shown, [count(one.place[1]) for one in path], said, widgets.look())
    draw(chart, key=f"map-{key}", alt=title)


def cells(path: list[Kept], names: list[str]) -> list[Cell]:
    """A cell for each of these subjects at each of these checkpoints that asked questions of it."""
    parts = [(one, {part.category: part for part in one.comparison.categories}) for one in path]
    return [_cell(one, known[name]) for name in names for one, known in parts if name in known]


def _cell(one: Kept, part: Category) -> Cell:
    kept = None if part.retention is None else 100 * part.retention
    return Cell(
        part.category or t("forget.subject.none"), count(one.place[1]), kept,
        "–" if kept is None else f"{kept:.0f}".replace("-", words.MINUS), words.percent(part.retention),
        f"{count(part.lost)} / {count(part.gained)}", words.drop(part), part.n,
    )  # fmt: skip
