"""Run · Data: how the rows are made up: lengths, and kinds of rows."""

from html import escape
from typing import Any

import streamlit as st

from dashboard import widgets
from dashboard.charts.made_up import Kind, kinds_chart, lengths_chart
from dashboard.drawing import draw_kept
from dashboard.language import current, t
from dashboard.texts import TEXTS
from dashboard.views.plain import facts
from dashboard.words import count

__all__ = ["show"]

LENGTHS = {
    "question_length": "made_up.question_length", "answer_length": "made_up.answer_length",
    "text_length": "made_up.text_length",
}  # fmt: skip
KINDS = {
    "turns": "made_up.turns", "languages": "made_up.languages", "sources": "made_up.sources",
    "subtasks": "made_up.subtasks",
}  # fmt: skip

MOST = 12
"""Kinds with a bar of their own; the rest has one together."""

Run = dict[str, Any]
Row = dict[str, Any]


def show(run: Run, found: Row) -> None:
    """The charts, two beside each other; what is the same of all rows is a word. Nothing for an older result."""
    made_up: Row = found.get("distributions") or {}
    lengths = [name for name in LENGTHS if name in made_up]
    several = [name for name in KINDS if len(made_up.get(name, [])) > 1]
    if not lengths:
        return
    widgets.heading(t("made_up.heading"))
    same = [(t(KINDS[name]), _only(name, made_up[name])) for name in KINDS if len(made_up.get(name, [])) == 1]
    if same:
        facts(same)
    for first in range(0, len(lengths), 2):
        for place, column in zip(lengths[first : first + 2], st.columns(2), strict=False):
            with column:
                _lengths(run, place, made_up)
    for first in range(0, len(several), 2):
        for name, column in zip(several[first : first + 2], st.columns(2), strict=False):
            with column:
                _kinds(run, name, made_up[name])


def _lengths(run: Run, name: str, made_up: Row) -> None:
    part, unit = made_up[name], t(f"made_up.unit.{made_up['unit']}")
    title = t(LENGTHS[name], unit=unit)
    figures = {key: count(part[key]) for key in ("median", "p95", "longest")}
    st.html(
        f'<p class="a-title">{escape(title)} <span class="a-aside">{escape(t("made_up.middle", **figures))}</span></p>'
    )
    edges, counts, look = part["edges"], part["counts"], widgets.look()
    said = {"length": t("made_up.length"), "rows": t("check.count")}
    draw_kept(
        ("lengths", *edges, *counts, look, current()), lambda: lengths_chart(edges, counts, said, look),
        key=f"made-up-{name}-{run['id']}", alt=title,
    )  # fmt: skip


def _kinds(run: Run, name: str, listed: list[Row]) -> None:
    title, kinds, look = t(KINDS[name]), _bars(name, listed), widgets.look()
    st.html(f'<p class="a-title">{escape(title)}</p>')
    said = {"kind": t("made_up.kind"), "rows": t("check.count")}
    draw_kept(
        ("kinds", *kinds, look, current()), lambda: kinds_chart(kinds, said, look),
        key=f"made-up-{name}-{run['id']}", alt=title,
    )  # fmt: skip


def _bars(name: str, listed: list[Row]) -> list[Kind]:
    named = [one for one in listed if one.get("name", "") is not None]
    # One that would be left alone in the rest has its own bar.
    shown = named if len(named) <= MOST + 1 and len(named) == len(listed) else named[:MOST]
    total = sum(one["rows"] for one in listed)
    bars = [Kind(_name(name, one), one["rows"], _label(one["rows"], total)) for one in shown]
    rest = total - sum(one["rows"] for one in shown)
    return [*bars, Kind(t("made_up.rest"), rest, _label(rest, total), is_rest=True)] if rest else bars


def _label(rows: int, total: int) -> str:
    return f"{count(rows)} · {100 * rows / total:.1f} %"


def _only(name: str, listed: list[Row]) -> str:
    return t("made_up.all", name=_name(name, listed[0]))


def _name(kind: str, one: Row) -> str:
    if kind == "turns":
        return count(one["turns"])
    key = f"made_up.language.{one['name']}"
    return t(key) if kind == "languages" and key in TEXTS else str(one["name"])
