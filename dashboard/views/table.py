"""The table of runs: a row to open, star and tick each."""

import math
from datetime import UTC
from typing import Any

import pyarrow as pa
import streamlit as st

from dashboard import cached, widgets
from dashboard.language import current, t
from dashboard.pages import page_path
from dashboard.run_said import run_said
from dashboard.views import edit, filters, ticked
from dashboard.views.run_columns import chosen_columns, column_widths
from dashboard.words import status_word
from store.clock import utc_now
from store.runs import seconds_taken, status_of

__all__ = ["show"]

ROW = 34
"""Height of a row, in pixels."""

MOST = 13
"""Rows seen at once, so that what is below the table is not far away."""

KEY = "runs"

LEAST, MOST_SIZE = 0.001, 1000.0
"""Figures within these are told from each other by three to five decimals."""

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
    phone = _is_phone()
    shown = chosen_columns(rows, filters.columns(), phone=phone)
    if cached.is_served(cached.store_path()):
        shown.remove("star")  # which is a button
    st.dataframe(  # pyright: ignore[reportUnknownMemberType] - an overload takes pyarrow arrays of any type
        _table(rows), key=KEY, hide_index=True, row_height=ROW, height=ROW * (min(len(rows), MOST) + 1) + 3,
        column_config=_columns(rows, column_widths(rows, shown, phone=phone), phone=phone), column_order=shown,
        on_select=on_select, selection_mode="multi-row", placeholder=NOTHING,
    )  # fmt: skip


def _is_phone() -> bool:
    # What phones' browsers call themselves; the server is told no width of a screen.
    return "Mobi" in (st.context.headers.get("User-Agent") or "")


def _columns(rows: list[Run], widths: dict[str, int], *, phone: bool) -> dict[str, Any]:
    """The columns that are shown."""
    config, zone = st.column_config, st.context.timezone or "UTC"
    star, name = _buttons(rows, widths, phone=phone)
    made = {
        "star": star,
        "name": name,
        "status": config.TextColumn(t("column.status"), width=widths.get("status")),
        "progress": config.ProgressColumn(
            t("column.progress"), format="%d %%", max_value=100, width=widths.get("progress"), color="primary"
        ),
        "step": config.NumberColumn(t("column.step"), format="localized", width=widths.get("step")),
        "loss": config.NumberColumn(t("column.loss"), format=_digits(rows, "loss"), width=widths.get("loss")),
        "val_loss": config.NumberColumn(
            t("column.val_loss"), format=_digits(rows, "val_loss"), width=widths.get("val_loss")
        ),
        "best_step": config.NumberColumn(
            t("column.best_step"), format="@%d", help=t("column.best_step.help"), width=widths.get("best_step")
        ),
        "error": config.TextColumn(t("column.error"), width=widths.get("error")),
        "project": config.TextColumn(t("column.project"), width=widths.get("project")),
        "tags": config.ListColumn(t("column.tags"), width=widths.get("tags")),
        "notes": config.TextColumn(t("column.notes"), width=widths.get("notes")),
        "started": config.DatetimeColumn(
            t("column.started"), format="YYYY-MM-DD HH:mm", timezone=zone, width=widths.get("started")
        ),
        "took": config.NumberColumn(t("column.took"), format="%.1f", width=widths.get("took")),
    }
    return {name: made[name] for name in widths}


def _digits(rows: list[Run], name: str) -> str:
    """The format of a column of figures: as many decimals in all of it as `words.figure` gives the smallest one; of
    figures too far apart for that, four digits each.
    """
    sizes = [abs(row[name]) for row in rows if row[name] is not None and math.isfinite(row[name]) and row[name]]
    if not sizes or not LEAST <= min(sizes) <= max(sizes) < MOST_SIZE:
        return "%.4g"
    return "%.3f" if min(sizes) >= 1 else "%.4f" if min(sizes) >= 0.01 else "%.5f"


def _buttons(rows: list[Run], widths: dict[str, int], *, phone: bool) -> tuple[Any, Any]:
    """The two columns that are pressed."""
    star = st.column_config.ButtonColumn(
        t("column.star"), type="tertiary", pinned=not phone, width=widths.get("star"), on_click=_star, args=(rows,),
        key=_STARRED, help=t("column.star.help"),
    )  # fmt: skip
    name = st.column_config.ButtonColumn(
        t("column.name"), type="tertiary", alignment="left", pinned=True, width=widths["name"], on_click=_open,
        args=(rows,), key=_OPENED,
    )  # fmt: skip
    return star, name


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
            "error": pa.array([_error(row) if status_of(row, now) == "failed" else None for row in rows], pa.string()),
            **{name: pa.array([row[name] for row in rows], pa.string()) for name in ("project", "notes")},
            "tags": pa.array([row["tags"] for row in rows], pa.list_(pa.string())),
            "started": pa.array([row["created"].replace(tzinfo=UTC) for row in rows], pa.timestamp("ms", "UTC")),
            # A log that tells no times was recorded in no time.
            "took": pa.array([seconds_taken(row, now) / 60 or None for row in rows], pa.float64()),
        }
    )


def _status(row: Run) -> str:
    word = status_word(row, utc_now(), current())
    return t("runs.state_archived", status=word) if row["archived"] else word


def _error(row: Run) -> str | None:
    """The last line of what ended it."""
    return run_said((row["error"] or "").strip().rpartition("\n")[2], current()) or None


def _share(row: Run) -> float | None:
    if not row["total_steps"] or row["last_step"] is None:
        return None
    return min(100.0, 100 * row["last_step"] / row["total_steps"])
