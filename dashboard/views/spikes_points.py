"""Run · Spikes: the checkpoints of the present path, whether each is safe to return to, and the way back."""

from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard import cached, cached_views, widgets
from dashboard.language import t
from dashboard.views import actions, send_back
from dashboard.views.checkpoints import host_command, train_command
from dashboard.words import count, figure

__all__ = ["show"]

SHOWN = 6
"""Checkpoints shown, the newest."""

STATES = {
    "stable": ("checkpoint.stable", "spikes.points.stable", "good"),
    "sealed": ("checkpoint.sealed", "spikes.points.sealed", "quiet"),
    "suspect": ("checkpoint.suspect", "spikes.points.suspect", "warn"),
}
"""The word of each state, what it means, and its colour."""

Row = dict[str, Any]


def show(run: Row) -> None:
    """The list; a sentence where there is none. Nothing for a run whose checkpoints are not ours."""
    if not run["polls"]:
        return
    shelf = cached_views.shelf(cached.store_path(), run["id"])
    rows = sorted((row for row in shelf if row["active"] and row["state"] in STATES), key=_newest, reverse=True)
    widgets.heading(t("spikes.points"))
    send_back.outcome(run, train_command("--resume", run["name"], Path(cached.store_path())))
    if not rows:
        widgets.notice(t("spikes.points.none"))
        return
    live = actions.takes_requests(run)
    for row in rows[:SHOWN]:
        _point(run, row, live=live)
    if len(rows) > SHOWN:
        widgets.notice(t("spikes.points.more"))
    if not live and not cached.is_served(cached.store_path()):
        _gone(run, next((row for row in rows if row["state"] == "stable"), rows[0]))


def _gone(run: Row, best: Row) -> None:
    """How to go on with a run that nobody trains."""
    store = Path(cached.store_path())
    if run["hosted"]:
        widgets.notice(t("shelf.host"))
        st.code(host_command(store.parent / best["path"]), language="python", wrap_lines=True)
        return
    widgets.notice(t("spikes.points.resume"))
    st.code(train_command("--resume", f"{run['name']}@{best['step']}", store), language="bash", wrap_lines=True)


def _newest(row: Row) -> tuple[int, int]:
    return row["step"], row["branch"]


def _point(run: Row, row: Row, *, live: bool) -> None:
    word, meaning, tone = STATES[row["state"]]
    facts = [t(meaning)]
    if row["val_loss"] is not None:
        facts.append(f"{t('shelf.val_loss')} {figure(row['val_loss'])}")
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key=f"a-point-{row['branch']}-{row['step']}"
    ):
        st.html(
            f'<span class="a-point"><b>{escape(t("spikes.at", step=count(row["step"])))}</b> '
            f'<span class="a-status a-{tone}">{escape(t(word))}</span> '
            f'<span class="a-facts">{escape(" · ".join(facts))}</span></span>',
            width="content",
        )
        if live:
            send_back.ask(run, row)
        elif not run["hosted"]:
            send_back.offer(run, row)
