"""Audit: the rows of the log, in HTML that people can select; particulars are folded."""

import json
from collections.abc import Sequence
from html import escape
from typing import Any, cast

import streamlit as st

from dashboard.language import t
from dashboard.times import local, utc
from dashboard.views import audit_words as words
from dashboard.words import count

__all__ = ["show"]

Row = dict[str, Any]


def show(rows: Sequence[Row], known: words.Known, zone: str) -> None:
    """The rows in their order; `known` as `queries.audit.subjects` has it."""
    titles = [t("audit.column.row")]
    titles += [t("audit.column.utc")] if zone == "UTC" else [t("audit.column.when", zone=zone), t("audit.column.utc")]
    titles += [t("audit.column.who"), t("audit.column.did"), t("audit.column.object"), ""]
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    lines = "".join(_line(row, known, zone) for row in rows)
    st.html(f'<table class="a-table a-log"><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>')


def _line(row: Row, known: words.Known, zone: str) -> str:
    created = row["created"]
    here, there = local(created, zone, fine=True), utc(created, fine=True)
    # The day stands beside it already, unless it is another one there.
    times = [("a-utc", there if here[:10] != there[:10] else there[11:])] if zone != "UTC" else []
    cells = [
        ("a-row", count(row["seq"])),
        ("a-time", here),
        *times,
        ("a-who", _who(row)),
        ("a-did", escape(words.did(row["action"]))),
        ("a-object", _subject(row, known)),
        ("a-particulars", _particulars(row["payload"])),
    ]
    return "<tr>" + "".join(f'<td class="{name}">{cell}</td>' for name, cell in cells) + "</tr>"


def _who(row: Row) -> str:
    said = escape(words.who(row))
    if not row["role"]:
        return said
    return f'{said} <span class="a-quiet">{escape(t("audit.as", role=words.role(row["role"])))}</span>'


def _subject(row: Row, known: words.Known) -> str:
    said, leads = escape(words.subject(row["object"], known)), words.address(row["object"], known)
    return f'<a href="{escape(leads)}" target="_self">{said}</a>' if leads else said


def _particulars(payload: str) -> str:
    """Names with their values, folded; a payload that somebody changed may be anything."""
    try:
        found: Any = json.loads(payload)
    except ValueError:
        found = {"": payload}
    fields = cast("dict[str, Any]", found) if isinstance(found, dict) else {"": found}
    if not fields:
        return ""
    pairs = "".join(f"<dt>{escape(name)}</dt><dd>{escape(_value(value))}</dd>" for name, value in fields.items())
    title = escape(t("audit.particulars"))
    return f"<details><summary>{title}</summary><dl>{pairs}</dl></details>"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
