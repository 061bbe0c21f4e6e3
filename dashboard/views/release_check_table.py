"""Release check: the checks in reading order, each with its result and what it says; each group opens its evidence."""

from html import escape

import streamlit as st

from dashboard.language import t
from dashboard.views import release_check_evidence
from dashboard.views import release_check_words as words
from evals.gate.looking import Look
from evals.gate.types import Check

__all__ = ["show", "table_html"]


def show(seen: Look) -> None:
    """A table a group; what does not pass stands out by its word and its colour."""
    for number, (group, checks) in enumerate(words.grouped(seen.checks).items()):
        with st.container(key=f"a-group-{group}", gap=None):
            st.html(table_html(t(f"gate.group.{group}"), checks, head=number == 0))
            release_check_evidence.show(group, seen)


def table_html(title: str, checks: list[Check], *, head: bool = False) -> str:
    """A group's title and a row a check; `head` says above all what the columns are."""
    names = "".join(f"<th>{escape(t(key))}</th>" for key in ("release.check", "release.result", "release.evidence"))
    above = f"<tr>{names}</tr>" if head else ""
    columns = '<colgroup><col class="a-name"><col class="a-result"><col></colgroup>'
    body = f'<tr class="a-group"><th colspan="3">{escape(title)}</th></tr>{"".join(map(_row, checks))}'
    return f'<table class="a-checks">{columns}<thead>{above}</thead><tbody>{body}</tbody></table>'


def _row(check: Check) -> str:
    said = escape(t(f"gate.result.{check.result}"))
    tone = words.TONES[check.result]
    look = f"a-status a-{tone}" if check.result != "pass" else f"a-{tone}"
    return (
        f'<tr><td>{escape(words.name(check))}</td><td><span class="{look}">{said}</span></td>'
        f"<td>{escape(words.says(check))}</td></tr>"
    )
