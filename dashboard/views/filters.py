"""Which runs the table shows: what was typed and chosen stays in the address."""

from typing import Any

import streamlit as st

from dashboard import cached, widgets
from dashboard.language import t
from dashboard.views import choices
from dashboard.views.run_columns import CHOICE
from store.clock import utc_now
from store.runs import status_of

__all__ = ["columns", "filtered", "why_none"]

STATUSES = ("running", "paused", "queued", "finished", "failed", "lost")

Run = dict[str, Any]


def filtered(rows: list[Run]) -> list[Run]:
    """The rows that match, those kept on top first; above the filters stands how many they are."""
    head = st.container()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="a-filters"):
        typed = st.text_input(
            t("runs.search"), key="q", type="search", live=True, bind="query-params",
            placeholder=t("runs.search"), label_visibility="collapsed", width=260,
        )  # fmt: skip
        project = _project(rows)
        archived = _archived(rows)
        statuses = _statuses(rows)
        _choose_columns()
    now, words = utc_now(), (typed or "").lower()
    there = [row for row in rows if archived or not row["archived"]]
    found = [
        row
        for row in there
        if (project is None or row["project"] == project)
        and (not statuses or status_of(row, now) in statuses)
        and _matches(row, words)
    ]
    with head:
        _count(found, len(there))
    return sorted(found, key=lambda row: not row["starred"])


def _count(found: list[Run], of: int) -> None:
    """How many runs are shown, in one sentence."""
    now = utc_now()
    alive = sum(status_of(row, now) in widgets.LIVE_STATUSES for row in found)
    if len(found) == of:
        said = t("runs.count", count=of, running=alive)
    else:
        said = t("runs.count.of", shown=len(found), of=of, running=alive)
    what = "runs.open.elsewhere" if cached.is_served(cached.store_path()) else "runs.open"
    widgets.heading(said, t(what))


def why_none(rows: list[Run]) -> str:
    """What to say where no row matches."""
    return t("runs.all_archived" if all(row["archived"] for row in rows) else "runs.none")


def _project(rows: list[Run]) -> str | None:
    # The one that is asked for stays so when its last run is called otherwise, or is removed.
    asked = st.query_params.get("project")
    projects = sorted({row["project"] for row in rows if row["project"]} | ({asked} if asked else set()))
    if not projects:
        return None
    return st.selectbox(
        t("column.project"), projects, index=None, key="project", placeholder=t("runs.any_project"),
        label_visibility="collapsed", width=180, bind="query-params",
    )  # fmt: skip


def _archived(rows: list[Run]) -> bool:
    hidden = sum(row["archived"] for row in rows)
    return bool(hidden) and st.toggle(
        t("runs.show_archived", count=hidden), key="archived", width="content", bind="query-params"
    )


def _statuses(rows: list[Run]) -> list[str]:
    now = utc_now()
    present = {status_of(row, now) for row in rows}
    # What is asked for stays so when the last run of that status has gone on to another.
    asked = st.query_params.get("status", "").split(",")
    options = [name for name in STATUSES if name in present or name in asked]
    return choices.several("runs.status", "status.", options, "status")


_COLUMNS = "columns"


def _choose_columns() -> None:
    with st.popover(t("runs.columns"), key="a-columns"):
        widgets.notice(t("runs.columns.help"))
        choices.several("runs.columns", "column.", CHOICE, _COLUMNS)


def columns() -> list[str]:
    """The columns that are to be shown in any case."""
    return list(st.session_state.get(_COLUMNS) or [])


def _matches(row: Run, typed: str) -> bool:
    return not typed or typed in " ".join([row["name"], row["project"] or "", *row["tags"]]).lower()
