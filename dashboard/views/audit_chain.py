"""Audit: whether the log is what was appended and signed."""

import shlex
from html import escape
from pathlib import Path

import streamlit as st

from dashboard import cached, cached_audit, widgets
from dashboard.cached_audit import Checked
from dashboard.language import current, t
from dashboard.times import both, zone
from dashboard.views.audit_words import why
from dashboard.views.checkpoints import store_option
from dashboard.words import ago, count
from store.clock import utc_now

__all__ = ["show"]

COMMAND = ("assay", "db", "audit", "verify", "--keys", "KEYS_FOLDER", "--bundle", "RELEASE_FOLDER")
"""What a verifier runs."""


def show() -> None:
    """The state in one line, what is wrong where something is, and how others check it. Raises StoreError."""
    path = cached.store_path()
    with st.spinner(t("audit.checking")):
        found = cached_audit.checked(path)
    with st.container(horizontal=True, vertical_alignment="center", key="a-chain"):
        st.html(_line(found, cached_audit.stamp(path).rows), width="content")
        st.button(t("audit.check"), key="audit-check", on_click=cached_audit.checked.clear, type="tertiary")
        with st.popover(t("audit.check.own"), type="tertiary"):
            widgets.notice(t("audit.check.own.what"))
            st.code(_command(), language="bash", wrap_lines=True)
    _wrong(found)


def _command() -> str:
    return shlex.join([*COMMAND, *store_option(Path(cached.store_path()))])


def _line(found: Checked, rows: int) -> str:
    report, key = found.report, "audit.holds" if found.report.holds else "audit.broken"
    tone = "good" if report.holds else "bad"
    said = [
        t(
            "audit.holds.what", count=count(report.rows) if report.rows != 1 else 1, signed=_signed(found),
            when=ago(found.at, utc_now(), current()),
        )
    ]  # fmt: skip
    if rows > report.rows:
        said.append(t("audit.since", count=rows - report.rows))
    return (
        f'<span class="a-status a-{tone}">{escape(t(key))}</span> '
        f'<span class="a-facts">{escape(" · ".join(said))}</span>'
    )


def _signed(found: Checked) -> str:
    if found.signed is None:
        return t("audit.unsigned")
    said = t("audit.signed", row=count(found.report.last_signed), at=both(found.signed, zone()))
    after = found.report.unsigned
    if not after:
        return said
    return f"{said} · " + t("audit.after", count=count(after) if after != 1 else 1)


def _wrong(found: Checked) -> None:
    report = found.report
    if report.first_broken is not None:
        widgets.notice(t("audit.broken.row", row=count(report.first_broken), why=why(report.why)), "bad")
    for problem in report.problems:
        widgets.notice(why(problem), "bad")
    if not report.holds:
        widgets.notice(t("audit.broken.next"))
        st.code(_command(), language="bash", wrap_lines=True)
    for warning in report.warnings:
        widgets.notice(why(warning), "warn")
