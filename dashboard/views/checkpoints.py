"""Run · Checkpoints: what can be returned to, and how."""

import shlex
import zlib
from collections.abc import Callable
from datetime import UTC
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import streamlit as st

from dashboard import cached, cached_views, widgets
from dashboard.fields import part
from dashboard.language import t
from dashboard.queries.checkpoints import shelf
from dashboard.tables import values
from dashboard.texts import TEXTS
from dashboard.views import actions, checkpoints_compare, checkpoints_trade, send_back
from dashboard.views.checkpoints_scores import Extra, asked, extras
from dashboard.words import count, figure, size
from store.database import Store

__all__ = ["host_command", "show", "store_option", "train_command"]

ROW = 34
"""Height of a row, in pixels."""

PLACE = "at"
"""In the address: branch and step of the checkpoint that is chosen, as in `1@60`; empty where none is to be."""

Run = dict[str, Any]

PINS = {
    "run": "shelf.pin.run", "campaign": "shelf.pin.campaign", "proposal": "shelf.pin.proposal",
    "approval": "shelf.pin.approval", "release": "shelf.pin.release", "server": "shelf.pin.server",
}  # fmt: skip


def show(run: Run) -> None:
    """The whole view of a run."""
    rows = cached_views.shelf(cached.store_path(), run["id"])
    if not rows:
        widgets.notice(_empty(run))
        return
    safe = [count(row["step"]) for row in rows if row["state"] == "stable" and row["active"]]
    safe_words = t("shelf.safe", steps=", ".join(safe)) if safe else t("shelf.safe.none")
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute", key="a-shelf"):
        widgets.heading(t("shelf.count", count=len(rows)), safe_words)
        path, number = cached.store_path(), run["id"]
        st.download_button(
            t("export.csv"), lambda: _csv(path, number), file_name=f"{run['name']}-checkpoints.csv", mime="text/csv",
            key="export-shelf", on_click="ignore", help=t("shelf.csv.help"),
        )  # fmt: skip
    known = asked(run)
    chosen = _table(run, rows, extras(known, rows))
    send_back.outcome(run, train_command("--resume", run["name"], Path(path)))
    left, right = st.columns(2, gap="medium") if known.learned and known.kept else (st.container(), None)
    with left:
        if chosen is None:
            widgets.notice(t("shelf.choose"))
        else:
            _about(run, chosen)
    if right is not None:
        with right:
            checkpoints_trade.show(run, known)
    checkpoints_compare.show(run)


def _empty(run: Run) -> str:
    if not run["polls"]:
        return t("shelf.foreign")
    config = part(cached_views.origin(cached.store_path(), run["id"]), "config")
    every = part(config, "checkpoint").get("every")
    if not actions.takes_requests(run) or not isinstance(every, int) or every <= 0:
        return t("shelf.none")
    first = ((run["last_step"] or 0) // every + 1) * every
    return t("shelf.first_at", step=count(min(first, run["total_steps"] or first)))


def _table(run: Run, rows: list[Run], more: list[Extra]) -> Run | None:
    """The rows; returns the one that is chosen, which the address names: of an ended run, the newest until
    another is.
    """
    places = [f"{row['branch']}@{row['step']}" for row in rows]
    # Streamlit keeps the number of the chosen row. Where rows come or go it means another checkpoint, so
    # the table is a new one then.
    key = f"shelf-{run['id']}-{zlib.crc32(repr(places).encode())}"
    asked = st.query_params.get(PLACE, "" if actions.takes_requests(run) else places[0])
    wanted = [places.index(asked)] if asked in places else []
    if key not in st.session_state or st.session_state[key]["selection"]["rows"] != wanted:
        st.session_state[key] = {"selection": {"rows": wanted, "columns": [], "cells": []}}
    st.dataframe(  # pyright: ignore[reportUnknownMemberType] - an overload takes pyarrow arrays of any type
        _cells(rows, more), key=key, hide_index=True, row_height=ROW, height=min(ROW * (len(rows) + 1) + 3, 480),
        column_config=_columns() | {extra.name: extra.config for extra in more}, column_order=_order(rows, more),
        on_select=_picked(key, places),
        selection_mode="single-row",
    )  # fmt: skip
    return rows[wanted[0]] if wanted else None


def _picked(key: str, places: list[str]) -> Callable[[], None]:
    def keep() -> None:
        chosen = st.session_state[key]["selection"]["rows"]
        st.query_params[PLACE] = places[chosen[0]] if chosen else ""

    return keep


def _order(rows: list[Run], more: list[Extra]) -> list[str]:
    """Columns that say something about these rows."""
    branch = ["branch"] if len({row["branch"] for row in rows}) > 1 else []
    notes = ["notes"] if any(map(_notes, rows)) else []
    return ["step", *branch, "val_loss", *(extra.name for extra in more), "state", *notes, "size", "created"]


def _columns() -> dict[str, Any]:
    config, zone = st.column_config, st.context.timezone or "UTC"
    return {
        "step": config.TextColumn(t("shelf.step"), alignment="right", width=64),
        "branch": config.NumberColumn(t("shelf.branch"), width=70),
        "val_loss": config.TextColumn(t("shelf.val_loss"), alignment="right", width=110),
        "state": config.TextColumn(t("shelf.state"), width=118),
        "notes": config.TextColumn(t("shelf.notes"), width=200),
        "size": config.TextColumn(t("shelf.size"), alignment="right", width=80),
        "created": config.DatetimeColumn(t("shelf.created"), format="YYYY-MM-DD HH:mm", timezone=zone, width=132),
    }


def _cells(rows: list[Run], more: list[Extra]) -> pa.Table:
    return pa.table(
        {
            "step": [count(row["step"]) for row in rows],
            "branch": [row["branch"] for row in rows],
            "val_loss": [figure(row["val_loss"]) for row in rows],
            **{extra.name: extra.cells for extra in more},
            "state": [_state(row) for row in rows],
            "notes": [_notes(row) for row in rows],
            "size": [size(row["bytes"]) for row in rows],
            "created": pa.array([row["created"].replace(tzinfo=UTC) for row in rows], pa.timestamp("ms", "UTC")),
        }
    )


def _state(row: Run) -> str:
    key = f"checkpoint.{row['state']}"
    return t(key) if key in TEXTS else row["state"]


def _notes(row: Run) -> str:
    parts = [t("shelf.best")] if row["best"] else []
    parts += [] if row["active"] else [t("shelf.abandoned")]
    return " · ".join([*parts, *_pins(row["pins"])])


def _pins(pins: list[str]) -> list[str]:
    """What holds a checkpoint, a phrase for each kind."""
    names: dict[str, list[str]] = {}
    for pin in pins:
        kind, _, name = pin.partition(":")
        names.setdefault(kind, []).append(name)
    return [t(PINS.get(kind, "shelf.pin.other"), name=", ".join(found)) for kind, found in names.items()]


def _about(run: Run, row: Run) -> None:
    """What can be done with a checkpoint."""
    if cached.is_served(cached.store_path()):
        _elsewhere(run, row)
        return
    store = Path(cached.store_path())
    live = actions.takes_requests(run)
    if live and row["active"]:
        send_back.ask(run, row)
    elif row["active"] and run["hosted"]:
        _copied(t("shelf.host"), host_command(store.parent / row["path"]), language="python")
    elif row["active"]:
        send_back.offer(run, row)
        _copied(t("shelf.resume"), train_command("--resume", f"{run['name']}@{row['step']}", store))
    _copied(t("shelf.off_path" if live and not row["active"] else "shelf.fork"), _fork(run, row, store))
    _export(run, row, store)
    _copied(t("shelf.folder"), str(store.parent / row["path"]), language=None)
    _held(row)


def _elsewhere(run: Run, row: Run) -> None:
    """The same for a run of a server's store: commands where its files are, which need name no store."""
    widgets.notice(t("elsewhere.checkpoint"))
    if row["active"] and run["hosted"]:
        _copied(t("shelf.host"), host_command(Path("runs") / row["path"]), language="python")
    elif row["active"]:
        _copied(t("shelf.resume"), train_command("--resume", f"{run['name']}@{row['step']}", None))
    _copied(t("shelf.fork"), _fork(run, row, None))
    _export(run, row, None)
    _held(row)


def _held(row: Run) -> None:
    if row["pins"]:
        widgets.notice(" · ".join(_pins(row["pins"])))


def _copied(words: str, text: str, language: str | None = "bash") -> None:
    """A sentence, and below it what is to be copied."""
    widgets.notice(words)
    st.code(text, language=language, wrap_lines=True)


def _csv(path: str, run_id: int) -> bytes:
    """All that is known of the rows, in a file."""
    table = shelf(Store.at(path), run_id)
    pins = pa.array([" ".join(pins) for pins in values(table, "pins")], pa.string())
    file = BytesIO()
    pa_csv.write_csv(table.set_column(table.column_names.index("pins"), "pins", pins), file)
    return file.getvalue()


def _fork(run: Run, row: Run, store: Path | None) -> str:
    # Only a configuration of one's own goes on from what a script has trained.
    config = ("CONFIG.toml",) if run["hosted"] else ()
    return train_command("--from", f"{run['name']}/{row['branch']}@{row['step']}", store, *config)


def _export(run: Run, row: Run, store: Path | None) -> None:
    # What a script of its own has written is a folder of its own already.
    if not run["hosted"]:
        place, folder = f"{run['name']}/{row['branch']}@{row['step']}", f"{run['name']}-{row['step']}"
        words = ["assay", "export", place, "--out", folder, *store_option(store)]
        _copied(t("shelf.export"), shlex.join(words))


def host_command(folder: Path) -> str:
    """What a script says that goes on from a checkpoint of its run."""
    return f"trainer.train(resume_from_checkpoint={str(folder)!r})"


def train_command(option: str, place: str, store: Path | None, *config: str) -> str:
    """A command that finds this store from the folder the server was started in; None: the one it is run beside."""
    return shlex.join(["assay", "train", *config, option, place, *store_option(store)])


def store_option(store: Path | None) -> list[str]:
    """What a command needs to find this store from the folder the server was started in."""
    return [] if store is None or store.parent == Path.cwd() / "runs" else ["--store", str(store)]
