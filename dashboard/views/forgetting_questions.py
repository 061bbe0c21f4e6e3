"""Run · Forgetting: the questions lost and gained, in their words, and those that were used for training."""

from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from dashboard import asked_now, cached, cached_forgetting, widgets
from dashboard.cached_scores import Stamp
from dashboard.language import t
from dashboard.retention import Kept
from dashboard.suites import leaks
from dashboard.views import forgetting_words as words
from dashboard.views.plain import Column, table
from dashboard.words import count

__all__ = ["Heads", "leak", "lost_and_gained", "show"]

SHOWN = 15
"""Questions shown before the rest is folded away."""

Row = dict[str, Any]


class Heads(NamedTuple):
    """What is said above the questions of a comparison."""

    before: str
    """Above what the first model answers."""

    after: str
    """Above what the second one answers."""

    none: str
    """Where no question was lost."""

    gained: str
    """Above those gained."""


def show(base: Row, chosen: Kept, stamp: Stamp) -> None:
    """What the checkpoint lost against the base, and what it gained."""
    rows = cached_forgetting.changed(cached.store_path(), base["id"], chosen.row["id"], stamp)
    lost = [row for row in rows if row["lost"]]
    said = t("forget.lost.what", n=count(len(lost)), step=count(chosen.place[1])) if lost else ""
    widgets.heading(t("forget.lost"), said)
    gained = t("forget.gained", n=count(len(rows) - len(lost)))
    lost_and_gained(
        rows, f"{chosen.row['id']}", Heads(t("forget.before"), t("forget.now"), t("forget.lost.none"), gained)
    )
    leaked(chosen)


def lost_and_gained(rows: list[Row], key: str, heads: Heads) -> None:
    """Questions of `queries.forgetting.changed`, those gained folded away."""
    lost, gained = ([row for row in rows if row["lost"] is side] for side in (True, False))
    if lost:
        _questions(lost[:SHOWN], heads.after, "said_after")
    else:
        widgets.notice(heads.none)
    more = t("forget.lost.more", n=count(len(lost) - SHOWN))
    _folded(more, lost[SHOWN:], f"lost-{key}", (heads.after, "said_after"))
    _folded(heads.gained, gained, f"gained-{key}", (heads.before, "said_before"))


def _folded(title: str, rows: list[Row], key: str, wrong: tuple[str, str]) -> None:
    if rows:
        folded = st.expander(title, key=key, on_change="rerun")
        if folded.open:
            with folded:
                _questions(rows, *wrong)


def _questions(rows: list[Row], wrong: str, column: str) -> None:
    columns = [Column(t("forget.question"), wide=True), Column(t("forget.right"), wide=True), Column(wrong, wide=True)]
    cells = [[row["question"], row["right"] or "–", _said(row, column)] for row in rows]
    if any(row["category"] for row in rows):
        columns.insert(0, Column(t("forget.subject")))
        cells = [[row["category"], *cell] for row, cell in zip(rows, cells, strict=True)]
    if any(row["leaked"] for row in rows):
        columns.append(Column(""))
        used = t("forget.trained_on")
        cells = [[*cell, used if row["leaked"] else ""] for row, cell in zip(rows, cells, strict=True)]
    table(columns, cells)


def _said(row: Row, column: str) -> str:
    return t("campaigns.asked_now") if asked_now.is_asked(row["question"]) else row[column] or "–"


def leak(chosen: Kept) -> None:
    """Whether questions were used for training, and what remains without them."""
    found = leaks(chosen.row)
    rows = count(found.rows)
    if found.status == "unchecked":
        widgets.notice(t("forget.leak.unchecked"), "quiet")
        return
    if not found.found:
        widgets.notice(t("forget.leak.clean", rows=rows), "quiet")
        return
    said = t("forget.leak.found", n=count(len(found.found)), of=count(chosen.row["of"]), rows=rows)
    clean = chosen.clean
    if clean is not None:
        said += t(
            "forget.leak.without", drop=words.points(clean.drop), low=words.signed(clean.drop_low),
            high=words.signed(clean.drop_high), retention=words.percent(clean.retention),
        )  # fmt: skip
    widgets.notice(said, "warn")


def leaked(chosen: Kept) -> None:
    """The questions that were used for training, folded away; nothing where none was found."""
    found = leaks(chosen.row).found
    if not found:
        return
    folded = st.expander(t("forget.leak.list"), key=f"leak-{chosen.row['id']}", on_change="rerun")
    if folded.open:
        with folded:
            _leaked(found)


def _leaked(found: tuple[Row, ...]) -> None:
    columns = (
        Column(t("forget.question"), wide=True), Column(t("forget.leak.coverage"), numbers=True),
        Column(t("forget.leak.source"), wide=True), Column(t("forget.leak.row"), numbers=True),
    )  # fmt: skip
    table(columns, [_leak(item) for item in found])


def _leak(item: Row) -> list[str | tuple[str, str]]:
    source, row, coverage = str(item.get("source", "")), item.get("row"), item.get("coverage")
    return [
        str(item.get("id", "")), words.percent(coverage if isinstance(coverage, int | float) else None),
        (Path(source).name, source), count(row) if isinstance(row, int) else "–",
    ]  # fmt: skip
