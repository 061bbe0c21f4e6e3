"""Home's parts: runs under way, runs that ended, and how to begin."""

from html import escape
from typing import Any

import streamlit as st

from dashboard import cached, widgets
from dashboard.charts.small import spark
from dashboard.drawing import draw
from dashboard.language import current, t
from dashboard.queries.curves import Span
from dashboard.run_said import run_said
from dashboard.stamps import settled
from dashboard.views.told import told_at
from dashboard.views.waiting import silence
from dashboard.words import ago, count, figure
from store.clock import utc_now
from store.runs import status_of

__all__ = ["ended", "first_steps", "running"]

SHOWN = 6
"""Ended runs listed; the Runs page has the rest."""

Run = dict[str, Any]


def _with_status(rows: list[Run], *statuses: str) -> list[Run]:
    now = utc_now()
    return [row for row in rows if status_of(row, now) in statuses]


def running(rows: list[Run]) -> None:
    """Runs under way, a card each with its curve."""
    alive = _with_status(rows, "running", "paused", "queued")
    widgets.heading(t("home.running", count=len(alive)) if alive else t("home.quiet"))
    for row in alive:
        with st.container(border=True, key=f"a-running-{row['id']}"):
            words, curve = st.columns([3, 2], vertical_alignment="center")
            with words:
                _line(row, widgets.place(row), _figures(row))
                _progress(row)
                _alarm(row)
            with curve:
                _curve(row)


def ended(rows: list[Run], waiting: set[int]) -> None:
    """Runs that ended, the newest first, but for those that already wait for a look."""
    over = [row for row in _with_status(rows, "finished", "failed", "lost") if row["id"] not in waiting]
    if over:
        widgets.heading(t("home.ended"))
    for row in sorted(over, key=lambda row: row["ended"] or row["heartbeat"], reverse=True)[:SHOWN]:
        with st.container(key=f"a-ended-{row['id']}", gap=None):
            _line(row, widgets.place(row), _figures(row), _when(row))
            if row["status"] == "failed" and row["error"]:
                st.html(f'<p class="a-error">{escape(run_said(row["error"], current()))}</p>')


def _line(row: Run, *facts: str) -> None:
    """Name, status and facts in one line that wraps."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        widgets.run_link(row)
        said = " · ".join(escape(fact) for fact in facts if fact)
        st.html(f'{widgets.status_html(row)} <span class="a-facts">{said}</span>', width="content")


def _figures(row: Run) -> str:
    parts: list[str] = []
    if row["loss"] is not None:
        parts.append(t("home.loss", value=figure(row["loss"])))
    if row["val_loss"] is not None:
        parts.append(t("home.lowest", value=figure(row["val_loss"]), step=count(row["val_step"])))
    return " · ".join(parts)


def _when(row: Run) -> str:
    return silence(row) if row["ended"] is None else ago(row["ended"], utc_now(), current())


def _progress(row: Run) -> None:
    if row["total_steps"] and row["last_step"] is not None:
        st.html(f'<progress class="a-progress" max="{row["total_steps"]}" value="{row["last_step"]}"></progress>')


def _alarm(row: Run) -> None:
    found = cached.alarms(cached.store_path()).get(row["id"])
    if found:
        said = t("home.alarm", when=ago(found["time"], utc_now(), current()), message=told_at(found))
        st.html(f'<p class="a-notice a-warn">{escape(said)}</p>')


def _curve(row: Run) -> None:
    found = cached.small_curves(cached.store_path(), row["id"], ("loss",), Span(), 120, settled(row, Span()))
    if found.points.num_rows:
        draw(
            spark(found.points, widgets.look(), found.left_out),
            key=f"spark-{row['id']}",
            alt=t("curves.alt", name=row["name"]),
        )


_SCRIPT = """\
import assay

with assay.run("my-run", total_steps=1000) as run:
    for step in range(1, 1001):
        run.log(step, loss=train_one_step())"""


def first_steps() -> None:
    """What to do while there is nothing to show, with the commands to copy."""
    widgets.heading(t("home.empty"))
    for words, command, kind in (
        ("home.empty.demo", "assay demo", "bash"),
        ("home.empty.train", "assay train --model MODEL_DIR --data data.jsonl", "bash"),
        ("home.empty.script", _SCRIPT, "python"),
        ("home.empty.watch", "assay watch LOG_DIR", "bash"),
    ):
        widgets.notice(t(words))
        st.code(command, language=kind)
