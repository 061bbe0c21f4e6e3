"""Write the rows of runs inside a transaction: ids are given here, so they cannot collide."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, TypeAlias

import pyarrow as pa

from store.clock import utc_now
from store.database import Transaction
from store.spans import Touched, close_spans, open_spans_of, put_spans
from store.spool_rows import SpoolRows

__all__ = ["RunRows"]

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

_MOVED = """
(
    SELECT CASE WHEN $branch < known.branch THEN last_step WHEN $branch = known.branch THEN greatest(last_step, $step)
                ELSE $step END
    FROM (SELECT max(branch) AS branch FROM branch WHERE run_id = $run_id) known
)
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


class RunRows:
    """Writes rows of runs within one transaction: what all need is looked up once, and what is only appended goes in
    together at the end, so that many runs cost little more than one.
    """

    def __init__(self, transaction: Transaction, runs: Iterable[str]) -> None:
        """Look up those of these runs that there are."""
        self._transaction = transaction
        names = {"names": list(dict.fromkeys(runs))}
        found = transaction.rows("SELECT name, id FROM run WHERE list_contains($names, name)", names)
        self._runs: dict[str, int] = {row["name"]: row["id"] for row in found}
        self._metrics = _Metrics(transaction)
        self._tables: dict[str, list[pa.Table]] = {}
        self._touched: dict[int, Touched] = {}
        self._ended: list[int] = []

    def put(self, run: str, rows: SpoolRows) -> int:
        """Write the rows of a run, making it where it is new, but for what `finish` writes. Returns the run's id."""
        transaction, run_id = self._transaction, self._runs.get(run)
        if run_id is None:
            run_id = self._runs[run] = _made(transaction, run, rows)
        # Before the branches are put, so that the newest one known is that of the rows so far.
        _put_facts(transaction, run_id, rows)
        _put_branches(transaction, run_id, rows)
        for table, items in rows.tables.items():
            if table != "branch":
                self._add(table, _table(table, run_id, items))
        for item in rows.checkpoints:
            _put_checkpoint(transaction, run_id, item)
        if rows.values:
            self._add_values(run_id, rows)
        if rows.facts.get("ended"):
            self._ended.append(run_id)
        return run_id

    def finish(self) -> None:
        """Append what was put, and bring the roll-up of values up to date."""
        self._metrics.put()
        for table, found in self._tables.items():
            self._transaction.insert(table, pa.concat_tables(found))
        opened = open_spans_of(self._transaction, list(self._touched))
        for run_id, touched in self._touched.items():
            put_spans(self._transaction, run_id, touched, opened.get(run_id, {}))
        if self._ended:
            close_spans(self._transaction, self._ended)

    def _add(self, table: str, rows: pa.Table) -> None:
        self._tables.setdefault(table, []).append(rows)

    def _add_values(self, run_id: int, rows: SpoolRows) -> None:
        ids = self._metrics.ids(dict.fromkeys(rows.names))
        metric_ids = [ids[name] for name in rows.names]
        values = {
            "run_id": pa.repeat(pa.scalar(run_id, pa.int32()), len(rows.values)),
            "branch": pa.array(rows.branches, pa.int32()),
            "metric_id": pa.array(metric_ids, pa.int32()),
            "step": pa.array(rows.steps, pa.int64()),
            "value": pa.array(rows.values, pa.float64()),
            "time": pa.array(rows.times, _TIME),
        }
        self._add("metric", pa.table(values))
        self._touched.setdefault(run_id, Touched()).add(rows.branches, metric_ids, rows.steps)


class _Metrics:
    """Numbers of metrics' names; new names get the next ones."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._known: dict[str, int] = {}
        self._fresh: dict[str, int] = {}

    def ids(self, names: Iterable[str]) -> dict[str, int]:
        """All that are known, these among them."""
        if not self._known:
            rows = self._transaction.rows("SELECT name, id FROM metric_name")
            self._known.update((row["name"], row["id"]) for row in rows)
            self._next = max(self._known.values(), default=0) + 1
        for name in names:
            if name not in self._known:
                self._known[name] = self._fresh[name] = self._next
                self._next += 1
        return self._known

    def put(self) -> None:
        """Write the new ones."""
        if self._fresh:
            columns = {"id": list(self._fresh.values()), "name": list(self._fresh)}
            self._transaction.insert("metric_name", pa.table(columns))


def _made(transaction: Transaction, name: str, rows: SpoolRows) -> int:
    transaction.execute(
        "INSERT INTO run (id, name, status, created, heartbeat, tags, starred, archived) "
        "SELECT coalesce(max(id), 0) + 1, $name, 'queued', make_timestamp($time), "
        "least(make_timestamp($time), $soon), [], false, false FROM run",
        {"name": name, "time": rows.first_time or 0, "soon": utc_now() + CLOCKS_DIFFER},
    )
    run_id = transaction.rows("SELECT max(id) AS id FROM run")[0]["id"]
    start: Row = {"branch": 1, "fork_step": -1, "reason": "start", "created": rows.first_time or 0, "data": "{}"}
    transaction.insert("branch", _table("branch", run_id, [start]))
    return run_id


def _put_facts(transaction: Transaction, run_id: int, rows: SpoolRows) -> None:
    changes = {name: _COMPUTED.get(name, f"${name}") for name in rows.facts}
    values = {**rows.facts, "run_id": run_id}
    if "heartbeat" in rows.facts:
        values["soon"] = utc_now() + CLOCKS_DIFFER
    if rows.position is not None:
        changes["last_step"] = _MOVED
        values["branch"], values["step"] = rows.position
    if changes:
        sets = ", ".join(f"{name} = {value}" for name, value in changes.items())
        transaction.execute(f"UPDATE run SET {sets} WHERE id = $run_id", values)


def _put_branches(transaction: Transaction, run_id: int, rows: SpoolRows) -> None:
    """A number is given to one branch only; a line that declares it again is damaged.

    Ranks above 0 declare what rank 0 does. What is left stays in `rows`, which may be put once more.
    """
    declared = rows.tables.get("branch", [])
    if not declared:
        return
    sql = "SELECT branch FROM branch WHERE run_id = $run_id"
    known = {row["branch"] for row in transaction.rows(sql, {"run_id": run_id})}
    fresh = {row["branch"]: row for row in reversed(declared) if row["branch"] not in known}
    if rows.rank == 0:
        rows.lines -= len(declared) - len(fresh)
        rows.damaged += len(declared) - len(fresh)
    rows.tables["branch"] = [fresh[branch] for branch in sorted(fresh)]
    if fresh:
        transaction.insert("branch", _table("branch", run_id, rows.tables["branch"]))


def _table(table: str, run_id: int, items: list[Row]) -> pa.Table:
    return pa.Table.from_pylist([{**item, "run_id": run_id} for item in items], schema=_COLUMNS[table])


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
