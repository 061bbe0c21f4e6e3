"""Run · Data: what a check found, the costliest first; examples are folded away, and always plain text."""

import re
from html import escape
from typing import Any

import streamlit as st

from dashboard.language import t
from dashboard.texts import TEXTS
from dashboard.words import count

__all__ = ["show"]

WORDS = 200
"""Characters of an example shown."""

TONES = {"error": "bad", "warning": "warn", "info": "quiet"}

ITEMS = ("leakage",)
"""Findings that count items of suites, and no rows."""

_UNIT = r"(?P<unit>characters|tokens)"
_N = r"(?P<n>[\d,]+)"

EXAMPLES = {
    "nothing-left-to-learn": {"before": rf"{_N} {_UNIT} before the answer"},
    "too-long": {"size": rf"{_N} {_UNIT}"},
    "long-history": {"history": rf"{_N} characters in (?P<turns>\d+) turns before the last question"},
    "exact-duplicates": {"as": r"as (?P<place>\S+:\d+): (?P<text>.*)"},
    "near-duplicates": {"as": r"as (?P<place>\S+:\d+): (?P<text>.*)"},
    "repeated-answers": {"as": r"as (?P<place>\S+:\d+): (?P<text>.*)"},
    "stock-sentences": {"times": rf"{_N} x (?P<text>.*)"},
    "unbalanced-subtasks": {
        "subtask": rf"(?P<name>.*): {_N} rows, the middle subtask has (?P<usual>[\d,.e+]+)",
    },
    "no-subtask": {"no_subtask": r"names no task, category or department"},
    "not-utf8": {"encoding": r"the file is in (?P<name>\S+)"},
    "mixed-formats": {"format": r"(?P<name>.*), most are (?P<usual>.*)"},
    "mixed-system-turns": {
        "system": r"has a system turn, most have none", "no_system": r"has no system turn, most have one",
    },
    "longer-answer-chosen": {"longer": rf"(?P<share>\d+) % are longer; here {_N} and (?P<m>[\d,]+) characters"},
    "other-language": {"language": r"(?P<spoken>[A-Za-z ]+): (?P<text>.*)"},
    "mixed-languages": {"language": r"(?P<spoken>[A-Za-z ]+): (?P<text>.*)"},
}  # fmt: skip
"""By finding, the words that a check puts around a piece of data, by the end of their key."""

Row = dict[str, Any]


def show(found: Row) -> None:
    """The table."""
    if not found["findings"]:
        st.html(f'<p class="a-notice a-good">{escape(t("check.clean"))}</p>')
        return
    heads = ("check.severity", "check.finding", "check.count")
    head = "".join(f"<th{' class=a-number' * (key == 'check.count')}>{escape(t(key))}</th>" for key in heads)
    body = "".join(_row(one, found["rows"]) for one in found["findings"])
    st.html(f'<table class="a-table a-findings"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>')


def _row(one: Row, rows: int) -> str:
    severity, key = one["severity"], f"finding.{one['check']}"
    name = t(key) if key in TEXTS else one["check"]
    means = _marked(t(f"{key}.means")) if f"{key}.means" in TEXTS else ""
    status = f'<span class="a-status a-{TONES.get(severity, "quiet")}">{escape(t(f"check.severity.{severity}"))}</span>'
    said = f'<b>{escape(name)}</b> <span class="a-quiet">{means}</span>{_examples(one)}'
    return (
        f'<tr><td>{status}</td><td class="a-wide">{said}</td><td class="a-number">{escape(_count(one, rows))}</td></tr>'
    )


def _count(one: Row, rows: int) -> str:
    number: int = one["count"]
    if one["check"] in ITEMS:
        return t("check.items", count=number)
    return f"{count(number)} · {100 * number / rows:.1f} %" if rows else count(number)


def _marked(sentence: str) -> str:
    """A sentence in HTML, what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(sentence))


def _examples(one: Row) -> str:
    if not one["examples"]:
        return ""
    lines = "".join(
        f'<li><span class="a-quiet">{escape(each["row"])}</span> <bdi>{escape(_words(one["check"], each))}</bdi></li>'
        for each in one["examples"]
    )
    title = escape(t("check.examples", count=len(one["examples"])))
    return f"<details><summary>{title}</summary><ul>{lines}</ul></details>"


def _words(check: str, example: Row) -> str:
    """An example's text, the check's own words in the reader's language."""
    text: str = example["text"]
    for key, form in EXAMPLES.get(check, {}).items():
        if found := re.fullmatch(form, text, re.DOTALL):
            text = t(f"finding.example.{key}", **_told(found.groupdict()))
            break
    return text if len(text) <= WORDS else f"{text[:WORDS]}…"


def _told(fields: dict[str, str]) -> dict[str, str]:
    """What a check names by an English word of its own, in the reader's language."""
    for name, prefix in (("unit", "made_up.unit."), ("spoken", "made_up.language.")):
        if f"{prefix}{fields.get(name)}" in TEXTS:
            fields[name] = t(f"{prefix}{fields[name]}")
    return fields
