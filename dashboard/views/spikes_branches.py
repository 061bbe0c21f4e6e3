"""Run · Spikes: the branches in words: where each leaves its parent, why, and what is done differently on it."""

import json
from typing import Any

from dashboard import cached, cached_spikes, widgets
from dashboard.cached_people import called
from dashboard.fields import part
from dashboard.language import t
from dashboard.views import spikes_words as words
from dashboard.views.plain import Column, table
from dashboard.words import count

__all__ = ["name", "show", "why"]

REASONS = {"start": "spikes.why.start", "resume": "spikes.why.resume", "rollback": "spikes.why.rollback"}

Row = dict[str, Any]


def show(run: Row) -> None:
    """The table, the newest first; a sentence where there is one branch only."""
    rows = cached_spikes.branches(cached.store_path(), run["id"])
    widgets.heading(t("spikes.tree"))
    if len(rows) < 2:
        widgets.notice(t("spikes.tree.one"))
        return
    columns = (
        Column(t("shelf.branch")), Column(t("spikes.tree.state")), Column(t("spikes.tree.from")),
        Column(t("spikes.tree.steps")), Column(t("spikes.tree.why"), wide=True),
        Column(t("spikes.tree.changed"), wide=True),
    )  # fmt: skip
    table(columns, [_cells(row, rows) for row in reversed(rows)])


def _cells(row: Row, rows: list[Row]) -> list[str | tuple[str, str]]:
    parent, step = row["parent"], count(max(0, row["fork_step"]))
    leaves = "–" if parent is None else t("spikes.tree.from.at", branch=parent, step=step)
    last = row["last_step"]
    steps = "–" if last is None else f"{count(max(row['first_step'], 0))} – {count(last)}"
    return [name(row), _state(row, rows), leaves, steps, why(row), words.changed(_remedies(row)) or "–"]


def _state(row: Row, rows: list[Row]) -> str:
    if row["active_to"] is None:
        return t("spikes.tree.abandoned")
    whole = row["branch"] == rows[-1]["branch"] or row["last_step"] is None or row["active_to"] >= row["last_step"]
    return t("spikes.tree.active") if whole else t("spikes.tree.part", step=count(row["active_to"]))


def name(row: Row) -> str:
    """A branch as it is called."""
    return t("spikes.tree.name", branch=row["branch"])


def why(row: Row) -> str:
    """Why it was opened."""
    data = _data(row)
    actor, rung, onset = data.get("actor"), data.get("rung"), data.get("onset")
    if actor == "guard" and isinstance(rung, str) and isinstance(onset, int):
        return t("spikes.why.guard", rung=words.rung(rung), onset=count(onset))
    if row["reason"] == "rollback" and isinstance(actor, str):
        return t("spikes.why.by", actor=called(actor))
    return t(REASONS[row["reason"]]) if row["reason"] in REASONS else row["reason"]


def _remedies(row: Row) -> Row:
    return part(_data(row), "remedies")


def _data(row: Row) -> Row:
    return part({"data": json.loads(row["data"] or "{}")}, "data")
