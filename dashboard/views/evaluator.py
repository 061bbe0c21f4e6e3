"""What is asked of an evaluator, and the command that starts one."""

import re
import shlex
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard import cached, cached_scores, cached_views, widgets
from dashboard.answers import answer
from dashboard.cached_people import called
from dashboard.fields import part
from dashboard.language import current, t
from dashboard.views import actions, pick
from dashboard.views.checkpoints import store_option
from dashboard.views.places import place_words
from dashboard.words import ago
from store.clock import utc_now

__all__ = [
    "KEPT", "LEARNED", "SUITE", "config_lines", "eval_command", "has_suites", "requests", "score_command", "score_now",
    "suite_help",
]  # fmt: skip

Row = dict[str, Any]

_PLAIN = re.compile(r"((answered|scored) by [^;]*)?")
"""What an evaluator says where it did all that was asked, which says nothing new."""

SUITE = "FILE"
"""Stands for the suite's file in a command and in a configuration; `suite_help` says what that is."""

LEARNED = 'measures = "learned"\nkind = "open"\nlang = "en"\nfile = "held_out.jsonl"   # id, question, reference'
KEPT = 'measures = "kept"\nkind = "choice"\nfile = "facts.jsonl"   # id, lang, category, question, choices, answer'
"""Suites at their shortest, of what was learned and of what should not be lost."""


def eval_command(run: Row, *more: str) -> str:
    """The command that evaluates a run's checkpoints and takes what is asked."""
    return shlex.join(["assay", "eval", run["name"], *more, "--watch", *store_option(Path(cached.store_path()))])


def score_command(run: Row) -> str:
    """The same where scores are wanted: a run whose configuration names no suites needs one on the command line."""
    return eval_command(run) if has_suites(run) else eval_command(run, "--suite", SUITE)


def has_suites(run: Row) -> bool:
    """Whether the run's configuration names suites."""
    config = part(cached_views.origin(cached.store_path(), run["id"]), "config")
    return bool(part(config, "eval").get("suites"))


def config_lines(*, samples: bool) -> str:
    """The section of a configuration that has evaluations made while a run trains."""
    return "[eval]\nsamples = 5" if samples else f'[eval]\nsuites = ["{SUITE}"]'


def suite_help(suite: str) -> None:
    """What `SUITE` stands for, with a suite of the kind that the view shows."""
    widgets.notice(t("evaluator.suite", file=SUITE))
    st.code(suite, language="toml")


def requests(run: Row, *, questions: bool) -> None:
    """What was asked, questions or scores, the newest first; where something waits, what takes it."""
    if cached.is_served(cached.store_path()):
        return
    rows = [row for row in cached_scores.asked(cached.store_path(), run["id"]) if bool(row["question"]) == questions]
    if not rows:
        return
    st.html(f'<ul class="a-asked">{"".join(map(_line, rows))}</ul>')
    if any(row["taken"] is None and row["done"] is None for row in rows):
        widgets.notice(t("evaluator.waits"))
        st.code(eval_command(run) if questions else score_command(run), language="bash", wrap_lines=True)


def _line(row: Row) -> str:
    what, result = actions.what_was_asked({**row, "kind": "evaluate"}), row["result"]
    if row["done"] is not None and _PLAIN.fullmatch(result or ""):
        words = t("evaluator.done.plain", what=what)
    elif row["done"] is not None:
        words = t("evaluator.done", what=what, result=answer(result or "", current()))
    else:
        words = t("evaluator.waiting" if row["taken"] is None else "evaluator.taken", what=what)
    since = row["done"] or row["taken"] or row["created"]
    # A server does not say who asked.
    aside = ", ".join(filter(None, (called(row["actor"]), ago(since, utc_now(), current()))))
    tone = "a-quiet" if row["done"] else "a-warn"
    return f'<li><span class="{tone}">{escape(words)}</span> · {escape(aside)}</li>'


def score_now(run: Row, scored: set[tuple[int, int]]) -> None:
    """A button for checkpoints of which `scored` has no branch and step."""
    rows = cached_views.shelf(cached.store_path(), run["id"])
    missing = [row for row in rows if (row["branch"], row["step"]) not in scored]
    if not missing or not run["polls"] or cached.is_served(cached.store_path()):
        return
    names = {f"{row['branch']}@{row['step']}": place_words(row) for row in missing}
    with st.container(horizontal=True, vertical_alignment="center", key="a-unscored"):
        st.html(f'<span class="a-facts">{escape(t("scores.unscored"))}</span>', width="content")
        place = pick.listed(t("scores.unscored"), names, "score", next(iter(names)))
        actions.ask_button(run, t("scores.now"), "evaluate", places=[place])
