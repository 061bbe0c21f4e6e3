"""The table of runs: search, filter, and a row to open each."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import streamlit as st

from dashboard import widgets
from dashboard.language import current, t
from dashboard.pages import page_path
from dashboard.words import count, duration, figure, status_word
from store.clock import utc_now
from store.runs import status_of

__all__ = ["filtered", "show", "summary"]

STATUSES = ("running", "paused", "queued", "finished", "failed", "lost")
ROW = 34
"""Height of a row, in pixels."""

_OPENED = "open_run"
_CHOSEN = "opened_run"

Run = dict[str, Any]


def summary(rows: list[Run]) -> None:
    """How many runs there are, in one sentence."""
    alive = [row for row in rows if status_of(row, utc_now()) in widgets.LIVE_STATUSES]
    widgets.heading(t("runs.count", count=len(rows), running=len(alive)), t("runs.open"))


def filtered(rows: list[Run]) -> list[Run]:
    """The rows that match what was typed and chosen; both stay in the address."""
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    typed = left.text_input(
        t("runs.search"), key="q", type="search", live=True, bind="query-params",
        placeholder=t("runs.search"), label_visibility="collapsed",
    )  # fmt: skip
    now = utc_now()
    present = {status_of(row, now) for row in rows}
    chosen = right.pills(
        t("runs.status"), [status for status in STATUSES if status in present], key="status", selection_mode="multi",
        format_func=lambda status: t(f"status.{status}"), label_visibility="collapsed",
    )  # fmt: skip
    found = [row for row in rows if _matches(row, (typed or "").lower())]
    return [row for row in found if not chosen or status_of(row, now) in chosen]


def _matches(row: Run, typed: str) -> bool:
    return not typed or typed in " ".join([row["name"], row["project"] or "", *row["tags"]]).lower()


def show(rows: list[Run]) -> None:
    """The table; a press on a name opens the run."""
    if not rows:
        widgets.notice(t("runs.none"))
        return
    if _CHOSEN in st.session_state:
        st.switch_page(page_path("run"), query_params={"run": st.session_state.pop(_CHOSEN), "lang": current()})
    names = [row["name"] for row in rows]
    st.dataframe(  # pyright: ignore[reportUnknownMemberType] - an overload takes pyarrow arrays of any type
        _table(rows), key="runs", hide_index=True, row_height=ROW, height=min(ROW * (len(rows) + 1) + 3, 720),
        column_config=_columns(names), column_order=_order(rows),
    )  # fmt: skip


def _order(rows: list[Run]) -> list[str]:
    """Columns that say something about these rows."""
    always = ["name", "status", "progress", "step", "loss", "val_loss", "started", "took"]
    return always + [name for name in ("project", "tags") if any(row[name] for row in rows)]


def _columns(names: list[str]) -> dict[str, Any]:
    config, zone = st.column_config, st.context.timezone or "UTC"
    opened = config.ButtonColumn(
        t("runs.name"), type="tertiary", alignment="left", pinned=True, on_click=_open, args=(names,), key=_OPENED
    )
    return {
        "name": opened,
        "status": config.TextColumn(t("runs.state"), width=90),
        "progress": config.ProgressColumn(
            t("runs.progress"), format="%d %%", max_value=100, width=110, color="primary"
        ),
        "step": config.TextColumn(t("runs.step"), alignment="right"),
        "loss": config.TextColumn(t("runs.loss"), alignment="right", width=90),
        "val_loss": config.TextColumn(t("runs.val_loss"), alignment="right"),
        "started": config.DatetimeColumn(t("runs.started"), format="YYYY-MM-DD HH:mm", timezone=zone),
        "took": config.TextColumn(t("runs.took"), alignment="right", width=100),
        "project": config.TextColumn(t("runs.project")),
        "tags": config.ListColumn(t("runs.tags")),
    }


def _open(names: list[str]) -> None:
    st.session_state[_CHOSEN] = names[st.session_state[_OPENED].row]


def _table(rows: list[Run]) -> pa.Table:
    now, language = utc_now(), current()
    return pa.table(
        {
            "name": [row["name"] for row in rows],
            "status": [status_word(row, now, language) for row in rows],
            "progress": pa.array([_share(row) for row in rows], pa.float64()),
            "step": [_steps(row) for row in rows],
            "loss": [figure(row["loss"]) for row in rows],
            "val_loss": [figure(row["val_loss"]) for row in rows],
            "started": pa.array([row["created"].replace(tzinfo=UTC) for row in rows], pa.timestamp("ms", "UTC")),
            "took": [duration(_seconds(row, now), language) for row in rows],
            "project": [row["project"] or "" for row in rows],
            "tags": [row["tags"] for row in rows],
        }
    )


def _share(row: Run) -> float | None:
    if not row["total_steps"] or row["last_step"] is None:
        return None
    return min(100.0, 100 * row["last_step"] / row["total_steps"])


def _steps(row: Run) -> str:
    if row["last_step"] is None:
        return ""
    return count(row["last_step"]) + (f" / {count(row['total_steps'])}" if row["total_steps"] else "")


def _seconds(row: Run, now: datetime) -> float:
    end = row["ended"] or (row["heartbeat"] if status_of(row, now) == "lost" else now)
    return (end - row["created"]).total_seconds()
