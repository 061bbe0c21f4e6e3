"""Run: the buttons of a run under way, and what has been asked of it."""

import json
from collections.abc import Mapping
from datetime import timedelta
from html import escape
from typing import Any

import streamlit as st

from assay.errors import AssayError
from dashboard import cached, cached_scores, identity, widgets
from dashboard.answers import answer
from dashboard.cached_people import called
from dashboard.language import current, t
from dashboard.texts import TEXTS
from dashboard.views.places import named
from dashboard.words import ago, count
from store.clock import utc_now
from store.database import Store
from store.requests import ask
from store.runs import status_of

__all__ = ["ask_button", "asked", "buttons", "put", "shown_in", "takes_requests", "what_was_asked"]

LABELS = {
    "stop-and-save": "action.stop-and-save", "save-now": "action.save-now", "pause": "action.pause",
    "continue": "action.continue",
}  # fmt: skip
"""The buttons without further words, in their order."""

ASKED = {
    "stop-and-save": "asked.stop-and-save", "save-now": "asked.save-now", "pause": "asked.pause",
    "continue": "asked.continue", "note": "asked.note", "rollback": "asked.rollback", "evaluate": "asked.evaluate",
    "open-campaign": "asked.open-campaign", "propose": "asked.propose",
}  # fmt: skip
"""What was asked, in words."""

RECENT = timedelta(minutes=10)
"""How long an answer is shown; the run's events keep it."""

ELSEWHERE = ("evaluate", "check-data")
"""What is shown in the views that show what came of it."""

_PROBLEM = "ask_problem"

Run = dict[str, Any]


def takes_requests(run: Run) -> bool:
    """Whether a trainer is there to take one; none takes them by way of a server."""
    if not run["polls"] or cached.is_served(cached.store_path()):
        return False
    return status_of(run, utc_now()) in ("running", "paused")


def buttons(run: Run) -> None:
    """Stop and save, save now, pause or continue, note; none for a run that nobody would take them for."""
    if not takes_requests(run):
        return
    left_out = "pause" if run["status"] == "paused" else "continue"
    with st.container(horizontal=True, gap="small", width="content", key="a-actions"):
        for kind, label in LABELS.items():
            if kind != left_out:
                ask_button(run, t(label), kind)
        _note(run)


def ask_button(run: Run, label: str, kind: str, **args: Any) -> None:
    """A button that asks the trainer for something; while the same waits it cannot be pressed."""
    place = "-".join(map(str, args.values()))
    st.button(
        label, key=f"ask-{kind}-{run['id']}-{place}", on_click=put, args=(run["name"], kind, args),
        disabled=_is_waiting(run, kind, args),
    )  # fmt: skip


def _note(run: Run) -> None:
    """A note's field in a popover; a new key closes it once the note is put."""
    number = st.session_state.get(_turn(run), 0)
    field = f"note-text-{run['id']}-{number}"
    with (
        st.popover(t("action.note"), key=f"note-{run['id']}-{number}"),
        st.form(f"note-form-{run['id']}-{number}", border=False),
    ):
        st.text_area(t("action.note.label"), key=field, max_chars=2000, height=100)
        st.form_submit_button(t("action.note.add"), on_click=_put_note, args=(run, field))


def _put_note(run: Run, field: str) -> None:
    words = str(st.session_state[field] or "").strip()
    if words:
        put(run["name"], "note", {"text": words})
        st.session_state[_turn(run)] = st.session_state.get(_turn(run), 0) + 1


def _turn(run: Run) -> str:
    return f"notes-{run['id']}"


def put(name: str, kind: str, args: Mapping[str, Any]) -> None:
    """Ask a run of this name for something; where that fails, the page says why when it is drawn next."""
    try:
        identity.guard("run:act")
        ask(Store.at(cached.store_path()), name, kind, args, actor=identity.actor().named, once=True)
    except AssayError as error:
        st.session_state[_PROBLEM] = str(error)
    cached.run_now.clear()
    cached_scores.asked.clear()


def _is_waiting(run: Run, kind: str, args: Mapping[str, Any]) -> bool:
    waiting = [row for row in _requests(run) if row["taken"] is None and row["kind"] == kind]
    return any(json.loads(row["args"] or "{}") == dict(args) for row in waiting)


def _requests(run: Run) -> list[Run]:
    return cached.requests(cached.store_path(), run)


def asked(run: Run) -> None:
    """What waits, what is being done, and the latest answers, the newest first; of a run that ended what nobody
    has taken. What is `ELSEWHERE` stands in the views that show what came of it.
    """
    if _PROBLEM in st.session_state:
        widgets.notice(t("action.failed", reason=st.session_state.pop(_PROBLEM)), "bad")
    live = takes_requests(run)
    rows = [row for row in _requests(run) if row["kind"] not in ELSEWHERE and _is_shown(row, live=live)]
    if rows:
        lines = "".join(_line(row, live=live) for row in reversed(rows))
        st.html(f'<ul class="a-asked">{lines}</ul>')


def _is_shown(row: Run, *, live: bool) -> bool:
    if row["done"] is None:
        return live or row["taken"] is None
    return live and utc_now() - row["done"] < RECENT


def _line(row: Run, *, live: bool) -> str:
    what, now = what_was_asked(row), utc_now()
    hint = ""
    if row["taken"] is None:
        words, hint = t("request.waiting" if live else "request.nobody", what=what), t("request.waiting.help")
        since = row["created"]
    elif row["done"] is None:
        words, since = t("request.taken", what=what), row["taken"]
    else:
        words, since = t("request.done", what=what, result=answer(row["result"] or "", current())), row["done"]
    # A server does not say who asked.
    aside = ", ".join(filter(None, (called(row["actor"]), ago(since, now, current()))))
    tone = "a-quiet" if row["done"] else "a-warn"
    return f'<li title="{escape(hint)}"><span class="{tone}">{escape(words)}</span> · {escape(aside)}</li>'


def what_was_asked(row: Run) -> str:
    """A request in a few words."""
    args = json.loads(row["args"] or "{}")
    key = ASKED.get(row["kind"], "")
    if key not in TEXTS:
        return row["kind"]
    if row["kind"] == "evaluate" and args.get("places"):
        places = t("asked.and").join(named(str(place)) for place in args["places"])
        question = _short(str(args.get("question", "")))
        return t("asked.question" if question else "asked.score", places=places, text=question)
    step = args.get("step")
    return t(key, text=_short(str(args.get("text", ""))), step=count(step) if isinstance(step, int) else step)


def shown_in(row: Run) -> dict[str, str]:
    """What the address of the page Run asks for, to see what came of a request: most are answered above every view."""
    if row["kind"] != "evaluate":
        return {}
    return {"view": "samples" if json.loads(row["args"] or "{}").get("question") else "scores"}


def _short(words: str, most: int = 60) -> str:
    return words if len(words) <= most else f"{words[:most]}…"
