"""Runs as people ask for them: the list, one run whole, and removing one."""

import json
import shutil
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from store.clock import utc_now
from store.database import Store, Transaction
from store.errors import StoreError
from store.eval_rows import forget_run
from store.evaluations import remove_files
from store.pins import named_holders
from store.refs import find_run

__all__ = ["LOST_AFTER", "list_runs", "remove_run", "seconds_taken", "show_run", "status_of"]

Row: TypeAlias = dict[str, Any]

LOST_AFTER = timedelta(seconds=60)
"""A run that says it is running, but wrote no line for so long, is lost; the recorder writes one at
least every ten seconds."""

RUN_TABLES = (
    "metric", "metric_span", "step_batch", "checkpoint", "event", "request", "dataset", "sample", "spool_offset",
    "branch",
)  # fmt: skip


def status_of(row: Row, now: datetime | None = None) -> str:
    """The status of a row of `run` as of now: `lost` where a live run's heartbeat has stopped.

    A watched run that is paused is one whose watcher was ended; nobody beats for it.
    """
    if row["status"] == "paused" and row.get("source"):
        return "paused"
    if row["status"] in ("running", "paused", "queued") and (now or utc_now()) - row["heartbeat"] > LOST_AFTER:
        return "lost"
    return row["status"]


def seconds_taken(row: Row, now: datetime | None = None) -> float:
    """How long a row of `run` took, or has taken so far; a lost one until its last line."""
    moment = now or utc_now()
    end = row["ended"] or (row["heartbeat"] if status_of(row, moment) == "lost" else moment)
    return (end - row["created"]).total_seconds()


def list_runs(store: Store) -> list[Row]:
    """All runs, newest first, a dictionary each. Raises StoreError."""
    return [_summary(row) for row in store.rows(_LIST)]


def show_run(store: Store, name: str) -> Row:
    """One run whole: facts, branches, checkpoints, newest events. Raises StoreError."""
    run = find_run(store, name)
    key = {"id": run["id"]}
    return {
        **_summary({**run, **_newest(store, key)}),
        "config": _decoded(run["config"]),
        "provenance": _decoded(run["provenance"]),
        "notes": run["notes"],
        "branches": [_with_data(row) for row in store.rows(_BRANCHES, key)],
        "checkpoints": [_checkpoint(store, row) for row in store.rows(_CHECKPOINTS, key)],
        "datasets": store.rows(
            "SELECT role, path, rows, sha256, first_row FROM dataset WHERE run_id = $id ORDER BY role, path", key
        ),
        "events": [_with_data(row) for row in store.rows(_EVENTS, key)],
        "requests": store.rows("SELECT kind, actor, created, taken, done, result FROM request WHERE run_id = $id", key),
    }


def remove_run(store: Store, name: str, *, force: bool = False) -> None:
    """Delete a run's rows and its folder. Raises StoreError where it is alive (unless forced) or
    something holds part of it.
    """
    run = find_run(store, name)
    if status_of(run) in ("running", "paused") and not force:
        raise StoreError(f"run {name} is {status_of(run)}; stop it first, or say --force")
    held = named_holders(store, run["id"])
    if held:
        raise StoreError(f"run {name} cannot be removed, parts of it are held: {', '.join(held)}")
    # The folder first: rows without a spool are harmless, a spool without rows would be loaded again.
    doomed = store.root / f".removing-{name}"
    if doomed.exists():
        shutil.rmtree(doomed)
    if (store.root / name).exists():
        # Tells a recorder that is still at it that this was meant.
        (store.root / f".removed-{name}").touch()
        (store.root / name).rename(doomed)
        shutil.rmtree(doomed)

    def delete(transaction: Transaction) -> list[str]:
        keys = forget_run(transaction, run["id"])
        for table in RUN_TABLES:
            transaction.execute(f"DELETE FROM {table} WHERE run_id = $id", {"id": run["id"]})
        transaction.execute(
            "UPDATE pin SET released = $now WHERE holder_kind = 'run' AND holder = $name", _now_and(name)
        )
        for table in ("campaign", "proposal"):
            transaction.execute(f"UPDATE {table} SET run_id = NULL WHERE run_id = $id", {"id": run["id"]})
        transaction.execute("DELETE FROM run WHERE id = $id", {"id": run["id"]})
        return keys

    remove_files(store.root, store.transaction(delete))


def _now_and(name: str) -> Row:
    return {"now": utc_now(), "name": name}


def _summary(row: Row) -> Row:
    return {
        "run": row["name"],
        "status": status_of(row),
        "step": row["last_step"],
        "total_steps": row["total_steps"],
        "branch": row["branch"],
        "loss": row["loss"],
        "val_loss": row["val_loss"],
        "project": row["project"],
        "stage": row["stage"],
        "tags": row["tags"],
        "created": row["created"],
        "ended": row["ended"],
        "error": row["error"],
        "source": row["source"],
        "parent": row["parent"],
    }


def _newest(store: Store, key: Row) -> Row:
    rows = store.rows(_LIST.replace("ORDER BY", "WHERE r.id = $id ORDER BY"), key)
    if not rows:
        raise StoreError("the run was removed meanwhile; `assay runs ls` lists those there are")
    return {name: rows[0][name] for name in ("branch", "loss", "val_loss")}


def _checkpoint(store: Store, row: Row) -> Row:
    return {**_with_data(row), "path": row["path"] if store.is_served else str(store.root / row["path"])}


def _with_data(row: Row) -> Row:
    return {**row, "data": _decoded(row["data"])}


def _decoded(text: str | None) -> Any:
    return None if text is None else json.loads(text)


_LIST = """
SELECT r.*, b.branch, v.loss, v.val_loss
FROM run r
JOIN (SELECT run_id, max(branch) AS branch FROM branch GROUP BY run_id) b ON b.run_id = r.id
LEFT JOIN (
    SELECT m.run_id,
           arg_max(value, (m.branch, step)) FILTER (n.name = 'loss') AS loss,
           arg_max(value, (m.branch, step)) FILTER (n.name = 'val_loss') AS val_loss
    FROM metric m JOIN metric_name n ON n.id = m.metric_id
    WHERE n.name IN ('loss', 'val_loss') GROUP BY m.run_id
) v ON v.run_id = r.id
ORDER BY r.created DESC, r.id DESC
"""

_BRANCHES = "SELECT branch, parent, fork_step, reason, created, data FROM branch WHERE run_id = $id ORDER BY branch"

_CHECKPOINTS = """
SELECT step, branch, state, path, sha256, bytes, created, data FROM checkpoint
WHERE run_id = $id AND state <> 'deleted' ORDER BY branch, step
"""

_EVENTS = """
SELECT time, kind, level, branch, step, message, data FROM event
WHERE run_id = $id ORDER BY time DESC LIMIT 50
"""
