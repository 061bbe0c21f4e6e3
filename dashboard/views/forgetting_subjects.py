"""Run · Forgetting: what was kept of each subject."""

import streamlit as st

from dashboard import widgets
from dashboard.language import t
from dashboard.retention import Kept
from dashboard.views import forgetting_words as words
from dashboard.views.forgetting_kept import ROWS, by_loss
from dashboard.views.plain import Column, table
from dashboard.words import count
from evals.forgetting.paired import Category

__all__ = ["show"]

COUNTS = 0.05
"""Adjusted p below which a subject is said to have fallen."""


def show(chosen: Kept, known: list[Kept]) -> None:
    """A row a subject, the largest loss first; nothing where the questions name no subject."""
    subjects = by_loss(chosen)
    if not subjects:
        return
    widgets.heading(t("forget.subjects"), t("forget.subjects.what", place=words.place(chosen, known)))
    _table(subjects[:ROWS])
    if len(subjects) > ROWS:
        more = t("forget.subjects.more", count=len(subjects) - ROWS)
        folded = st.expander(more, key=f"by-subject-{chosen.row['id']}", on_change="rerun")
        if folded.open:
            with folded:
                _table(subjects[ROWS:])


def _table(subjects: list[Category]) -> None:
    columns = (
        Column(t("forget.subject"), wide=True), Column(t("forget.reads")),
        Column(t("shelf.retention"), numbers=True), Column(t("forget.drop.head"), numbers=True),
        Column(t("forget.holm"), numbers=True), Column(t("forget.base_now"), numbers=True),
        Column(t("forget.lost_gained"), numbers=True), Column(t("forget.n"), numbers=True),
    )  # fmt: skip
    table(columns, [_cells(one) for one in subjects])


def _cells(one: Category) -> list[str]:
    fell = one.holm_p < COUNTS and one.drop > 0
    return [
        one.category or t("forget.subject.none"), t("forget.reads.fell" if fell else "forget.reads.open"),
        words.percent(one.retention), words.drop(one), words.p_value(one.holm_p).removeprefix("= "),
        f"{words.percent(one.base_acc)} → {words.percent(one.acc)}", f"{count(one.lost)} / {count(one.gained)}",
        count(one.n),
    ]  # fmt: skip
