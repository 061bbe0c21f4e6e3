"""Run · Log & config: what the run said, what went wrong, and what it was made with."""

from html import escape
from typing import Any

import streamlit as st

from dashboard import cached, cached_views, widgets
from dashboard.language import current, t
from dashboard.views import origin
from dashboard.views.told import told
from dashboard.words import ago, count
from store.clock import utc_now
from store.database import Store
from store.run_log import LINES, LOG

__all__ = ["show"]

LEVELS = {"warning": "log.level.warning", "alarm": "log.level.alarm"}

HEIGHT = 360
"""Of the log, in pixels; its newest lines are in sight."""

LINE = 22
"""Height of a line of it."""

Run = dict[str, Any]


def show(run: Run) -> None:
    """The whole view of a run."""
    _traceback(run)
    _alarms(run)
    _log(run)
    origin.show(run)


def _traceback(run: Run) -> None:
    text = cached_views.traceback(cached.store_path(), run["id"], run["heartbeat"])
    if text:
        widgets.heading(t("log.traceback"))
        st.code(text.rstrip(), language=None)


def _alarms(run: Run) -> None:
    rows = cached_views.alarms(cached.store_path(), run["id"], run["heartbeat"])
    if not rows:
        widgets.notice(t("log.no_alarms"))
        return
    widgets.heading(t("log.alarms", count=count(len(rows))))
    items = "".join(f"<li>{_alarm(row)}</li>" for row in rows)
    st.html(f'<ul class="a-alarms">{items}</ul>')


def _alarm(row: Run) -> str:
    tone = "bad" if row["level"] == "alarm" else "warn"
    parts = [ago(row["time"], utc_now(), current())]
    if row["step"] is not None:
        parts.insert(0, t("step", step=count(row["step"])))
    return (
        f'<span class="a-status a-{tone}">{escape(t(LEVELS[row["level"]]))}</span> {escape(told(row))} '
        f'<span class="a-facts">{escape(" · ".join(parts))}</span>'
    )


def _log(run: Run) -> None:
    path = cached.store_path()
    widgets.heading(t("log.last"), t("log.lines", lines=LINES))
    if cached.is_served(path):
        widgets.notice(t("elsewhere.files"))
        return
    try:
        text = cached_views.log_tail(path, run["name"])
    except OSError as error:
        widgets.notice(t("log.unreadable", reason=error.strerror or str(error)), "warn")
        return
    if not text:
        widgets.notice(t("log.none", path=Store.at(path).root / run["name"] / LOG))
        return
    lines = text.count("\n") + 1
    with st.container(height=min(HEIGHT, 36 + LINE * lines), border=False, autoscroll=True, key="a-log"):
        st.code(text, language=None, wrap_lines=True)
