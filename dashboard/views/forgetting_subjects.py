"""Run · Forgetting: what was kept of each subject."""

from dashboard import widgets
from dashboard.language import t
from dashboard.retention import Kept
from dashboard.views import forgetting_words as words
from dashboard.views.plain import Column, table
from dashboard.words import count
from evals.forgetting.paired import Category

__all__ = ["show"]

COUNTS = 0.05
"""Adjusted p below which a subject is said to have fallen."""


def show(chosen: Kept) -> None:
    """A row a subject, the surest fall first; nothing where the questions name no subject."""
    subjects = sorted(chosen.comparison.categories, key=lambda one: (one.holm_p, -one.drop, one.category))
    if not subjects:
        return
    widgets.heading(t("forget.subjects"), t("forget.subjects.what"))
    columns = (
        Column(t("forget.subject"), wide=True), Column(t("forget.reads")), Column(t("forget.drop.head"), numbers=True),
        Column(t("forget.holm"), numbers=True), Column(t("forget.base_now"), numbers=True),
        Column(t("forget.lost_gained"), numbers=True), Column(t("forget.n"), numbers=True),
    )  # fmt: skip
    table(columns, [_cells(one) for one in subjects])


def _cells(one: Category) -> list[str]:
    fell = one.holm_p < COUNTS and one.drop > 0
    return [
        one.category or t("forget.subject.none"), t("forget.reads.fell" if fell else "forget.reads.open"),
        f"{words.signed(one.drop)} ({words.signed(one.drop_low)} – {words.signed(one.drop_high)})",
        words.p_value(one.holm_p).removeprefix("= "), f"{words.percent(one.base_acc)} → {words.percent(one.acc)}",
        f"{count(one.lost)} / {count(one.gained)}", count(one.n),
    ]  # fmt: skip
