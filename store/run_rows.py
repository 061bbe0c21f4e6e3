"""Write the rows of one run inside a transaction: ids are given here, so they cannot collide."""

from datetime import timedelta
from typing import Any, TypeAlias

import pyarrow as pa

from store.clock import utc_now
from store.database import Transaction
from store.spans import put_spans
from store.spool_rows import SpoolRows

__all__ = ["put_rows"]

Row: TypeAlias = dict[str, Any]

_TIME = pa.timestamp("us")

CLOCKS_DIFFER = timedelta(days=1)
"""How far a heartbeat may lie ahead: one of a wrong clock would make a dead run look alive until then."""

_COMPUTED = {
    "heartbeat": "greatest(heartbeat, least(make_timestamp($heartbeat), $soon))",
    "ended": "make_timestamp($ended)",
    "first_step": "least(first_step, $first_step)",
    # What a person has set is theirs: see store.run_edits.
    "tags": "CASE WHEN list_contains(edited, 'tags') THEN tags ELSE $tags END",
    "project": "CASE WHEN list_contains(edited, 'project') THEN project ELSE $project END",
}
"""Columns of `run` whose new value is not simply the one given."""

_MOVE = """
UPDATE run SET last_step = CASE WHEN $branch > known.branch THEN $step ELSE greatest(last_step, $step) END
FROM (SELECT max(branch) AS branch FROM branch WHERE run_id = $run_id) known
WHERE id = $run_id AND $branch >= known.branch
"""

_COLUMNS: dict[str, pa.Schema] = {
    "branch": pa.schema(
        [
            ("run_id", pa.int32()),
            ("branch", pa.int32()),
            ("parent", pa.int32()),
            ("fork_step", pa.int64()),
            ("reason", pa.string()),
            ("created", _TIME),
            ("data", pa.string()),
        ]
    ),
    "step_batch": pa.schema(
        [
            ("run_id", pa.int32()),
            ("branch", pa.int32()),
            ("step", pa.int64()),
            ("update", pa.int64()),
            ("verdict", pa.string()),
            ("rows", pa.list_(pa.int64())),
            ("losses", pa.list_(pa.float64())),
        ]
    ),
    "event": pa.schema(
        [
            ("run_id", pa.int32()),
            ("branch", pa.int32()),
            ("step", pa.int64()),
            ("time", _TIME),
            ("kind", pa.string()),
            ("level", pa.string()),
            ("message", pa.string()),
            ("data", pa.string()),
        ]
    ),
    "dataset": pa.schema(
        [
            ("run_id", pa.int32()),
            ("path", pa.string()),
            ("sha256", pa.string()),
            ("rows", pa.int64()),
            ("role", pa.string()),
            ("first_row", pa.int64()),
        ]
    ),
    "sample": pa.schema(
        [
            ("run_id", pa.int32()),
            ("dataset", pa.string()),
            ("row", pa.int64()),
            ("id", pa.string()),
            ("source", pa.string()),
            ("task", pa.string()),
            ("hash", pa.string()),
        ]
    ),
}


def put_rows(transaction: Transaction, run: str, rows: SpoolRows) -> int:
    """Write the rows of run `run`, making the run where it is new. Returns the run's id."""
    run_id = _run_id(transaction, run, rows)
    _put_facts(transaction, run_id, rows.facts)
    if rows.position is not None:
        # Before the branches are put, so that the newest one known is that of the rows so far.
        branch, step = rows.position
        transaction.execute(_MOVE, {"run_id": run_id, "branch": branch, "step": step})
    _leave_out_known_branches(transaction, run_id, rows)
    for table, items in rows.tables.items():
        _put_table(transaction, table, run_id, items)
    for item in rows.checkpoints:
        _put_checkpoint(transaction, run_id, item)
    if rows.values:
        _put_values(transaction, run_id, rows)
    return run_id


def _run_id(transaction: Transaction, name: str, rows: SpoolRows) -> int:
    found = transaction.read("SELECT id FROM run WHERE name = $name", {"name": name}).to_pylist()
    if found:
        return found[0]["id"]
    transaction.execute(
        "INSERT INTO run (id, name, status, created, heartbeat, tags, starred, archived) "
        "SELECT coalesce(max(id), 0) + 1, $name, 'queued', make_timestamp($time), "
        "least(make_timestamp($time), $soon), [], false, false FROM run",
        {"name": name, "time": rows.first_time or 0, "soon": utc_now() + CLOCKS_DIFFER},
    )
    run_id = transaction.read("SELECT max(id) AS id FROM run").to_pylist()[0]["id"]
    start: Row = {"branch": 1, "fork_step": -1, "reason": "start", "created": rows.first_time or 0, "data": "{}"}
    _put_table(transaction, "branch", run_id, [start])
    return run_id


def _put_facts(transaction: Transaction, run_id: int, facts: Row) -> None:
    if not facts:
        return
    changes = ", ".join(f"{name} = {_placeholder(name)}" for name in facts)
    values = {**facts, "run_id": run_id}
    if "heartbeat" in facts:
        values["soon"] = utc_now() + CLOCKS_DIFFER
    transaction.execute(f"UPDATE run SET {changes} WHERE id = $run_id", values)


def _placeholder(name: str) -> str:
    return _COMPUTED.get(name, f"${name}")


def _leave_out_known_branches(transaction: Transaction, run_id: int, rows: SpoolRows) -> None:
    """A number is given to one branch only; a line that declares it again is damaged.

    Ranks above 0 declare what rank 0 does.
    """
    declared = rows.tables.pop("branch", [])
    if not declared:
        return
    sql = "SELECT branch FROM branch WHERE run_id = $run_id"
    known = {row["branch"] for row in transaction.rows(sql, {"run_id": run_id})}
    fresh = {row["branch"]: row for row in reversed(declared) if row["branch"] not in known}
    if rows.rank == 0:
        rows.lines -= len(declared) - len(fresh)
        rows.damaged += len(declared) - len(fresh)
    if fresh:
        rows.tables["branch"] = [fresh[branch] for branch in sorted(fresh)]


def _put_table(transaction: Transaction, table: str, run_id: int, items: list[Row]) -> None:
    schema = _COLUMNS[table]
    ready = [{**item, "run_id": run_id} for item in items]
    transaction.insert(table, pa.Table.from_pylist(ready, schema=schema))


def _put_checkpoint(transaction: Transaction, run_id: int, item: Row) -> None:
    values = {**item, "run_id": run_id}
    known = {"run_id": run_id, "path": item["path"]}
    if transaction.read("SELECT 1 FROM checkpoint WHERE run_id = $run_id AND path = $path", known).num_rows:
        transaction.execute(
            "UPDATE checkpoint SET state = $state, changed = make_timestamp($changed), "
            "sha256 = coalesce($sha256, sha256), bytes = coalesce($bytes, bytes), "
            "data = json_merge_patch(data, $data) WHERE run_id = $run_id AND path = $path",
            {name: values[name] for name in ("state", "changed", "sha256", "bytes", "data", "run_id", "path")},
        )
    else:
        transaction.execute(
            "INSERT INTO checkpoint VALUES ($run_id, $branch, $step, $state, $path, $sha256, $bytes, "
            "make_timestamp($changed), make_timestamp($changed), $data)",
            values,
        )


def _put_values(transaction: Transaction, run_id: int, rows: SpoolRows) -> None:
    ids = _metric_ids(transaction, list(dict.fromkeys(rows.names)))
    metric_ids = [ids[name] for name in rows.names]
    table = pa.table(
        {
            "run_id": pa.repeat(pa.scalar(run_id, pa.int32()), len(rows.values)),
            "branch": pa.array(rows.branches, pa.int32()),
            "metric_id": pa.array(metric_ids, pa.int32()),
            "step": pa.array(rows.steps, pa.int64()),
            "value": pa.array(rows.values, pa.float64()),
            "time": pa.array(rows.times, _TIME),
        }
    )
    transaction.insert("metric", table)
    put_spans(transaction, run_id, rows.branches, metric_ids, rows.steps)


def _metric_ids(transaction: Transaction, names: list[str]) -> dict[str, int]:
    known = {row["name"]: row["id"] for row in transaction.read("SELECT name, id FROM metric_name").to_pylist()}
    fresh = [name for name in names if name not in known]
    start = max(known.values(), default=0) + 1
    known.update({name: start + number for number, name in enumerate(fresh)})
    if fresh:
        transaction.insert("metric_name", pa.table({"id": [known[name] for name in fresh], "name": fresh}))
    return known
