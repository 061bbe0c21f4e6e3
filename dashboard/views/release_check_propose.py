"""Release check: building the folder to be released: the command, the button that asks for it, what was asked."""

import json
import shlex
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from assay.errors import AssayError
from dashboard import cached, cached_release, identity, widgets
from dashboard.answers import answer
from dashboard.cached_people import called
from dashboard.language import current, t
from dashboard.views.checkpoints import store_option
from dashboard.words import ago
from evals.gate.looking import Look
from store.access import Actor
from store.clock import utc_now
from store.database import Store
from store.places import Place
from store.requests import ask

__all__ = ["command", "show"]

_PROBLEM = "release-propose-problem"

Row = dict[str, Any]


def show(seen: Look, who: Actor) -> None:
    """What is missing and how it is built; nothing where the folder is there and gave the campaign's answers again."""
    problem = st.session_state.pop(_PROBLEM, None)
    if problem:
        widgets.notice(t("release.propose.failed", reason=problem), "bad")
    rows = cached_release.asked(cached.store_path(), seen.place.run_id)
    key = _lacks(seen)
    if key is not None:
        widgets.heading(t("release.propose"))
        widgets.notice(t(key))
        st.code(command(seen.place), language="bash", wrap_lines=True)
        if "release:propose" in cached_release.may_do(cached.store_path(), who):
            _button(seen.place, rows)
    _requests(seen.place, [row for row in rows if row["done"] is None or key is not None])


def _lacks(seen: Look) -> str | None:
    """What is not there, as a text; None where nothing is missing, or nothing can be built."""
    by_name = {check.name: check for check in seen.checks}
    if by_name["files"].result != "pass":
        return None
    if by_name["proposal"].result != "pass":
        return "release.propose.none"
    answered = seen.evidence["review"] is None or by_name["answers"].result != "missing"
    return None if answered else "release.propose.answers"


def command(place: Place) -> str:
    """What builds the folder at a terminal."""
    return shlex.join(["assay", "gate", "check", place.candidate, *store_option(Path(cached.store_path()))])


def _button(place: Place, rows: list[Row]) -> None:
    merge = st.checkbox(t("release.propose.merge"), key=f"release-merge-{place.sha256[:12]}")
    args = {"place": f"{place.branch}@{place.step}", **({"merge": True} if merge else {})}
    waits = any(row["taken"] is None and json.loads(row["args"] or "{}") == args for row in rows)
    st.button(
        t("release.propose.ask"), key=f"release-propose-{place.sha256[:12]}", on_click=_ask, args=(place.run, args),
        disabled=waits,
    )  # fmt: skip


def _ask(run: str, args: Row) -> None:
    try:
        identity.guard("release:propose")
        ask(Store.at(cached.store_path()), run, "propose", args, actor=identity.actor().named, once=True)
    except AssayError as error:
        st.session_state[_PROBLEM] = str(error)
    cached_release.asked.clear()


def _requests(place: Place, rows: list[Row]) -> None:
    """What was asked of the run, the newest first; where something waits, what takes it."""
    if not rows:
        return
    st.html(f'<ul class="a-asked">{"".join(_line(place, row) for row in rows)}</ul>')
    if any(row["taken"] is None and row["done"] is None for row in rows):
        widgets.notice(t("release.asked.run"))
        option = store_option(Path(cached.store_path()))
        st.code(shlex.join(["assay", "eval", place.run, "--watch", *option]), language="bash", wrap_lines=True)


def _line(place: Place, row: Row) -> str:
    at = str(json.loads(row["args"] or "{}").get("place", "")).partition("@")[2]
    named = f"{place.run}@{at}"
    if row["done"] is not None:
        words = t("release.asked.done", candidate=named, result=answer(row["result"] or "", current()))
    else:
        words = t("release.asked" if row["taken"] is None else "release.asked.taken", candidate=named)
    since = row["done"] or row["taken"] or row["created"]
    tone = "a-quiet" if row["done"] else "a-warn"
    aside = f"{called(row['actor'])}, {ago(since, utc_now(), current())}"
    return f'<li><span class="{tone}">{escape(words)}</span> · {escape(aside)}</li>'
