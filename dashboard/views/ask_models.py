"""Run · Samples: a question of one's own, put to checkpoints by an evaluator."""

from typing import Any

import streamlit as st

from dashboard import cached, cached_scores, cached_views, widgets
from dashboard.language import t
from dashboard.views import actions, evaluator
from dashboard.views.places import BASE, place_key, place_words

__all__ = ["show"]

MOST = 30
"""Checkpoints that can be chosen."""

LONGEST = 2000
"""Characters of a question."""

_EMPTY = "ask-empty"

Run = dict[str, Any]


def show(run: Run) -> None:
    """The field, whom to ask, and what was asked; nothing can be asked of another program's run, nor from elsewhere."""
    if not run["polls"] or cached.is_served(cached.store_path()):
        return
    widgets.heading(t("samples.ask"))
    _form(run)
    if st.session_state.pop(_EMPTY, False):
        widgets.notice(t("samples.ask.empty"), "warn")
    if not any(row["question"] for row in cached_scores.asked(cached.store_path(), run["id"])):
        widgets.notice(t("evaluator.none"))
        st.code(evaluator.eval_command(run), language="bash", wrap_lines=True)
    evaluator.requests(run, questions=True)


def _form(run: Run) -> None:
    rows = cached_views.shelf(cached.store_path(), run["id"])[:MOST]
    names = {place_key(row): place_words(row) for row in rows} | {BASE: t("scores.base")}
    newest = next((place_key(row) for row in rows if row["active"]), None)
    field, chosen = f"ask-text-{run['id']}", f"ask-places-{run['id']}-{newest}"
    with st.form(f"ask-form-{run['id']}", clear_on_submit=True, border=False):
        st.text_area(
            t("samples.ask.question"), key=field, max_chars=LONGEST, height=90, label_visibility="collapsed",
            placeholder=t("samples.ask.question"),
        )  # fmt: skip
        st.multiselect(
            t("samples.ask.places"), list(names), default=[*([newest] if newest else []), BASE], key=chosen,
            format_func=lambda place: names.get(str(place), str(place)),
        )  # fmt: skip
        st.form_submit_button(t("samples.ask.send"), on_click=_ask, args=(run["name"], field, chosen))


def _ask(name: str, field: str, chosen: str) -> None:
    question, places = str(st.session_state[field] or "").strip(), list(st.session_state[chosen])
    if question and places:
        actions.put(name, "evaluate", {"question": question, "places": places})
    else:
        st.session_state[_EMPTY] = True
