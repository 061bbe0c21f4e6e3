"""Sending a run back to a checkpoint: asking its trainer to, or doing it at once where it has stopped."""

from contextlib import suppress
from typing import Any

import streamlit as st

from assay.errors import AssayError
from dashboard import cached, cached_views, identity, widgets
from dashboard.language import t
from dashboard.views import actions
from dashboard.words import count
from store.database import Store
from store.errors import StoreError
from store.loading import load_spools
from store.rollback import RolledBack, roll_back_stopped

__all__ = ["ask", "offer", "outcome"]

Row = dict[str, Any]


def ask(run: Row, row: Row) -> None:
    """For a run being trained: a button that says first what it will do."""
    with st.popover(t("shelf.back"), key=f"back-{run['id']}-{row['branch']}-{row['step']}"):
        widgets.notice(t("shelf.back.what", next=count(row["step"] + 1)))
        if row["state"] == "suspect":
            widgets.notice(t("spikes.points.suspect"), "warn")
        actions.ask_button(run, t("spikes.points.confirm", step=count(row["step"])), "rollback", step=row["step"])


def offer(run: Row, row: Row) -> None:
    """For a run that has stopped: the same, done at once; none for the checkpoint the run is at, nor from elsewhere."""
    if row["step"] == run["last_step"] or cached.is_served(cached.store_path()):
        return
    place = f"{run['id']}-{row['branch']}-{row['step']}"
    with st.popover(t("shelf.back"), key=f"send-back-{place}"):
        widgets.notice(t("shelf.send.what", next=count(row["step"] + 1)))
        if row["state"] == "suspect":
            widgets.notice(t("spikes.points.suspect"), "warn")
        st.button(
            t("spikes.points.confirm", step=count(row["step"])), key=f"send-{place}", on_click=_send,
            args=(run["id"], run["name"], row["step"]),
        )  # fmt: skip


def outcome(run: Row, command: str) -> None:
    """What came of it, until the page is left; `command` goes on from there."""
    done: RolledBack | str | None = st.session_state.get(_kept(run["id"]))
    if isinstance(done, str):
        widgets.notice(t("shelf.send.failed", reason=done), "bad")
        del st.session_state[_kept(run["id"])]
    # Once the run has gone on, or back again, this is history.
    elif done is not None and not actions.takes_requests(run) and run["last_step"] == done.step:
        for sentence in done.refused:
            widgets.notice(t("shelf.send.refused", reason=sentence), "warn")
        left, step = count(done.left), count(done.step)
        widgets.notice(t("shelf.send.done", left=left, step=step, branch=done.branch), "good")
        st.code(command, language="bash", wrap_lines=True)


def _send(run_id: int, name: str, step: int) -> None:
    store = Store.at(cached.store_path())
    try:
        identity.guard("run:act")
        st.session_state[_kept(run_id)] = roll_back_stopped(store, name, step, identity.actor().named)
    except AssayError as error:
        st.session_state[_kept(run_id)] = str(error)
        return
    with suppress(StoreError):  # it is done; the thread that loads spools shows it a moment later
        load_spools(store)
    cached.runs.clear()
    cached.run_now.clear()
    cached_views.shelf.clear()


def _kept(run_id: int) -> str:
    return f"sent-back-{run_id}"
