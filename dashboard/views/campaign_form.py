"""Campaigns: the form that asks for one, what was asked, and the command that opens one at once."""

import json
import shlex
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from assay.errors import AssayError
from dashboard import cached, cached_campaigns, identity, widgets
from dashboard.cached_people import called
from dashboard.language import current, t
from dashboard.texts import LANGUAGES
from dashboard.views.campaign_files import files
from dashboard.views.checkpoints import store_option
from dashboard.words import ago
from evals.review.draft import check_words
from evals.review.policy import read_policy
from evals.review.questions import read_questions
from store.clock import utc_now
from store.database import Store
from store.requests import ask

__all__ = ["BASE", "checked", "command", "requests", "show"]

BASE = "base"
"""What the candidate's run began with."""

RELEASED = "released"
"""What is live."""

EXAMPLE = {"candidate": "RUN@STEP", "baseline": BASE, "questions": "questions.jsonl"}

_FIELDS = ("candidate", "baseline", "questions", "policy", "title", "language")

_FORM = "campaign-form"

_PROBLEM = "campaign-form-problem"

Row = dict[str, Any]


def show(*, folded: bool) -> None:
    """The form; open where there is no campaign yet."""
    places = [f"{row['run']}/{row['branch']}@{row['step']}" for row in cached_campaigns.places(cached.store_path())]
    problem = st.session_state.pop(_PROBLEM, None)
    with st.expander(t("campaigns.new"), expanded=not folded or problem is not None):
        if problem:
            widgets.notice(t("campaigns.new.failed", reason=problem), "bad")
        if not places:
            widgets.notice(t("campaigns.new.none"))
        else:
            widgets.notice(t("campaigns.new.what"))
            _form(places)
        widgets.notice(t("campaigns.new.command"))
        st.code(command(_filled()), language="bash", wrap_lines=True)


def _form(places: list[str]) -> None:
    with st.form(_FORM, border=False):
        left, right = st.columns(2, gap="medium")
        with left:
            st.selectbox(t("campaigns.new.candidate"), places, key=_key("candidate"))
            st.text_input(t("campaigns.new.questions"), key=_key("questions"), placeholder=EXAMPLE["questions"])
            st.text_input(t("campaigns.new.title"), key=_key("title"), max_chars=120)
        with right:
            named = _baselines()
            st.selectbox(
                t("campaigns.new.baseline"), [*named, *places], key=_key("baseline"),
                format_func=lambda place: named.get(place, str(place)),
            )  # fmt: skip
            st.text_input(t("campaigns.new.policy"), key=_key("policy"))
            st.selectbox(
                t("campaigns.new.language"), list(LANGUAGES), key=_key("language"),
                index=list(LANGUAGES).index(current()), format_func=lambda code: LANGUAGES[code],
            )  # fmt: skip
        st.form_submit_button(t("campaigns.new.send"), on_click=_ask)


def _baselines() -> dict[str, str]:
    """Baselines that are no checkpoint of the list, with their words; what is live first, as it is to be beaten."""
    live = cached_campaigns.live(cached.store_path())
    words = {RELEASED: t("campaigns.new.released", **live)} if live else {}
    return {**words, BASE: t("campaigns.new.base")}


def _key(name: str) -> str:
    return f"campaign-{name}"


def _filled() -> dict[str, str]:
    """What is in the fields; nothing before they are drawn."""
    found = {name: str(st.session_state.get(_key(name)) or "").strip() for name in _FIELDS}
    return {name: value for name, value in found.items() if value}


def command(fields: Mapping[str, str]) -> str:
    """What opens the campaign at a terminal."""
    given = {**EXAMPLE, **fields}
    words = ["assay", "review", "open"]
    for name in ("candidate", "baseline", "questions"):
        words += [f"--{name}", given[name]]
    for name, option in (("policy", "--policy"), ("title", "--title"), ("language", "--lang")):
        if given.get(name):
            words += [option, given[name]]
    return shlex.join([*words, *store_option(Path(cached.store_path()))])


def _ask() -> None:
    fields = _filled()
    try:
        identity.guard("campaign:open")
        who, store = identity.actor(), Store.at(cached.store_path())
        fields |= files(fields, store.root, here=who.way in ("local", "persona"))
        run = checked(fields)
        ask(store, run, "open-campaign", fields, actor=who.named, once=True)
    except AssayError as error:
        st.session_state[_PROBLEM] = str(error)
    cached_campaigns.asked.clear()


def checked(fields: Mapping[str, str]) -> str:
    """The run whose evaluator is asked. Raises AssayError for what would fail there."""
    if fields["candidate"] == fields["baseline"]:
        raise AssayError(t("campaigns.new.same"))
    if not fields.get("questions"):
        raise AssayError(t("campaigns.new.file"))
    run = fields["candidate"].partition("/")[0]
    check_words(
        name="", title=fields.get("title", ""), instructions="", language=fields["language"], seed=0, days=1,
        own_names=[run],
    )  # fmt: skip
    read_questions(Path(fields["questions"]))
    if fields.get("policy"):
        read_policy(Path(fields["policy"]))
    return run


def requests() -> None:
    """What was asked for, the newest first; where something waits, what takes it."""
    rows = cached_campaigns.asked(cached.store_path())
    if not rows:
        return
    st.html(f'<ul class="a-asked">{"".join(map(_line, rows))}</ul>')
    waits = list(dict.fromkeys(row["run"] for row in rows if row["taken"] is None and row["done"] is None))
    for run in waits:
        widgets.notice(t("campaigns.asked.run"))
        option = store_option(Path(cached.store_path()))
        st.code(shlex.join(["assay", "eval", run, "--watch", *option]), language="bash", wrap_lines=True)


def _line(row: Row) -> str:
    args = json.loads(row["args"] or "{}")
    named = {"candidate": args.get("candidate", row["run"]), "baseline": args.get("baseline", BASE)}
    if row["done"] is not None:
        words = t("campaigns.asked.done", **named, result=row["result"] or "")
    else:
        words = t("campaigns.asked" if row["taken"] is None else "campaigns.asked.taken", **named)
    since = row["done"] or row["taken"] or row["created"]
    tone = "a-quiet" if row["done"] else "a-warn"
    aside = f"{called(row['actor'])}, {ago(since, utc_now(), current())}"
    return f'<li><span class="{tone}">{escape(words)}</span> · {escape(aside)}</li>'
