"""The table of runs: a row to open, star and tick each."""

from datetime import UTC
from typing import Any

import pyarrow as pa
import streamlit as st

from dashboard import widgets
from dashboard.language import current, t
from dashboard.pages import page_path
from dashboard.views import edit, ticked
from dashboard.words import status_word
from store.clock import utc_now
from store.runs import seconds_taken, status_of

__all__ = ["show"]

ROW = 34
"""Height of a row, in pixels."""

MOST = 13
"""Rows seen at once, so that what is below the table is not far away."""

KEY = "runs"

NOTHING = ""
"""What a cell without a value shows."""

_OPENED, _CHOSEN, _STARRED = "open_run", "opened_run", "star_run"

Run = dict[str, Any]


def show(rows: list[Run], none: str) -> None:
    """The table, or the words for an empty one; a press on a name opens the run."""
    if not rows:
        widgets.notice(none)
        return
    if _CHOSEN in st.session_state:
        st.switch_page(page_path("run"), query_params={"run": st.session_state.pop(_CHOSEN), "lang": current()})
    on_select = ticked.on_screen(KEY, [row["name"] for row in rows])
    st.dataframe(  # pyright: ignore[reportUnknownMemberType] - an overload takes pyarrow arrays of any type
        _table(rows), key=KEY, hide_index=True, row_height=ROW, height=ROW * (min(len(rows), MOST) + 1) + 3,
        column_config=_columns(rows), column_order=_order(rows), on_select=on_select, selection_mode="multi-row",
        placeholder=NOTHING,
    )  # fmt: skip


def _order(rows: list[Run]) -> list[str]:
    """Columns that say something about these rows."""
    always = {"star", "name", "status", "progress", "step", "loss", "val_loss", "started", "took"}
    order = (
        "star", "name", "status", "progress", "step", "loss", "val_loss", "best_step", "error", "project", "tags",
        "notes", "started", "took",
    )  # fmt: skip
    return [name for name in order if name in always or any(row[name] is not None and row[name] != [] for row in rows)]


def _columns(rows: list[Run]) -> dict[str, Any]:
    config, zone = st.column_config, st.context.timezone or "UTC"
    star = config.ButtonColumn(
        t("runs.star"), type="tertiary", pinned=True, width=58, on_click=_star, args=(rows,), key=_STARRED,
        help=t("runs.star_help"),
    )  # fmt: skip
    name = config.ButtonColumn(
        t("runs.name"),
        type="tertiary",
        alignment="left",
        pinned=True,
        width=165,
        on_click=_open,
        args=(rows,),
        key=_OPENED,
    )
    return {
        "star": star,
        "name": name,
        "status": config.TextColumn(t("runs.state"), width=140 if any(row["archived"] for row in rows) else 80),
        "progress": config.ProgressColumn(
            t("runs.progress"), format="%d %%", max_value=100, width=100, color="primary"
        ),
        "step": config.NumberColumn(t("runs.step"), format="localized", width=80),
        "loss": config.NumberColumn(t("runs.loss"), format="%.4g", width=90),
        "val_loss": config.NumberColumn(t("runs.val_loss"), format="%.4g"),
        "best_step": config.NumberColumn(t("runs.best"), format="@%d", help=t("runs.best_help")),
        "error": config.TextColumn(t("runs.error"), width=180),
        "project": config.TextColumn(t("runs.project")),
        "tags": config.ListColumn(t("runs.tags"), width=120),
        "notes": config.TextColumn(t("runs.notes"), width=180),
        "started": config.DatetimeColumn(t("runs.started"), format="YYYY-MM-DD HH:mm", timezone=zone),
        "took": config.NumberColumn(t("runs.took"), format="%.1f", width=100),
    }


def _open(rows: list[Run]) -> None:
    st.session_state[_CHOSEN] = rows[int(st.session_state[_OPENED].row)]["name"]


def _star(rows: list[Run]) -> None:
    row = rows[int(st.session_state[_STARRED].row)]
    edit.save([row["name"]], {"starred": not row["starred"]})


def _table(rows: list[Run]) -> pa.Table:
    now = utc_now()
    return pa.table(
        {
            "star": ["★" if row["starred"] else "☆" for row in rows],
            "name": [row["name"] for row in rows],
            "status": [_status(row) for row in rows],
            "progress": pa.array([_share(row) for row in rows], pa.float64()),
            "step": pa.array([row["last_step"] for row in rows], pa.int64()),
            **{name: pa.array([row[name] for row in rows], pa.float64()) for name in ("loss", "val_loss")},
            "best_step": pa.array([row["best_step"] for row in rows], pa.int64()),
            "error": pa.array([_last_line(row["error"]) if status_of(row, now) == "failed" else None for row in rows]),
            **{name: pa.array([row[name] for row in rows], pa.string()) for name in ("project", "notes")},
            "tags": pa.array([row["tags"] for row in rows], pa.list_(pa.string())),
            "started": pa.array([row["created"].replace(tzinfo=UTC) for row in rows], pa.timestamp("ms", "UTC")),
            "took": pa.array([seconds_taken(row, now) / 60 for row in rows], pa.float64()),
        }
    )


def _status(row: Run) -> str:
    word = status_word(row, utc_now(), current())
    return t("runs.state_archived", status=word) if row["archived"] else word


def _last_line(error: str | None) -> str | None:
    return (error or "").strip().rpartition("\n")[2] or None


def _share(row: Run) -> float | None:
    if not row["total_steps"] or row["last_step"] is None:
        return None
    return min(100.0, 100 * row["last_step"] / row["total_steps"])
