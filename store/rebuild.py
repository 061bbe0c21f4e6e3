"""Make the store anew from the spools, which are the truth; what people added is carried over."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import portalocker
import pyarrow as pa
from portalocker import LockFlags

from store import torn
from store.aside import copy_aside, remove_copy
from store.database import Store, Transaction
from store.errors import StoreBusyError, StoreDamagedError, StoreError
from store.loading import LoadReport, SpoolLoader

__all__ = ["Rebuilt", "rebuild"]

PEOPLE_FIELDS = ("tags", "starred", "archived", "notes", "edited")
"""Columns of `run` that people change in the store alone; `project` is one more where it is `edited`."""

REVIEW_TABLES = (
    "user", "role", "invite", "login", "policy", "campaign", "pair", "mapping", "sitting", "lease", "verdict", "draft",
    "flag", "guess", "used_item", "audit", "proposal", "decision", "approval", "release", "confirmation", "signing_key",
    "audit_head",
)  # fmt: skip
"""Tables that no spool holds: what people said, released and signed, and who did what."""


class Rebuilt(NamedTuple):
    """What a rebuild did."""

    runs: int
    """Runs in the new store."""

    loaded: LoadReport
    """What came from the spools."""

    kept: Path | None
    """The old file, put aside; None where there was none."""

    carried: bool
    """Whether what people added came over: tags, notes, requests, pins, campaigns, verdicts, releases, keys, the audit
    log; not where the old file is unreadable."""


def rebuild(store: Store, *, force: bool = False) -> Rebuilt:
    """Load all spools into a new file and put it in the old one's place.

    Raises StoreError where the old store holds runs that have no spool any more, unless `force`; where
    the file is no database; where another process rebuilds it.
    """
    _require_database(store.path)
    with _sole_rebuilder(store):
        old = _what_people_added(store)
        if old is not None and not force:
            _refuse_to_lose(store, old)
        fresh = Store.at(store.path.with_name(f"{store.path.name}.rebuilding"))
        try:
            return _rebuilt(store, fresh, demo=old is not None and old["demo"])
        finally:
            remove_copy(fresh.path)
            _remove_locks(fresh.path)


def _rebuilt(store: Store, fresh: Store, *, demo: bool) -> Rebuilt:
    remove_copy(fresh.path)
    fresh.create(demo=demo)
    loaded = SpoolLoader(fresh).load()
    with store.exclusive():
        kept = copy_aside(store, "before", "made anew") if store.exists else None
        # Read again from the copy: people may have added something while the spools were loaded.
        late = _what_people_added(Store.at(kept)) if kept is not None else None
        if late is not None:
            fresh.transaction(lambda transaction: _carry_over(transaction, late))
        _put_in_place(fresh, store)
    if kept is not None:
        _remove_locks(kept)
    runs = store.rows("SELECT count(*) AS n FROM run")[0]["n"]
    return Rebuilt(runs, loaded, kept, late is not None)


def _require_database(path: Path) -> None:
    if not path.is_file() or path.suffix == ".duckdb":
        return
    with path.open("rb") as file:
        if file.read(12)[8:] != b"DUCK":
            raise StoreError(f"{path} is no DuckDB file and is left alone; name another with --store")


@contextmanager
def _sole_rebuilder(store: Store) -> Generator[None]:
    store.root.mkdir(parents=True, exist_ok=True)
    lock = portalocker.Lock(f"{store.path}.rebuild", "a", timeout=0, flags=LockFlags.EXCLUSIVE | LockFlags.NON_BLOCKING)
    try:
        lock.acquire()
    except portalocker.LockException as error:
        raise StoreBusyError(f"another process is rebuilding {store.path}; wait for it") from error
    try:
        yield
    finally:
        lock.release()


def _what_people_added(store: Store) -> dict[str, Any] | None:
    if not store.exists:
        return None
    try:
        return {
            "demo": store.rows("SELECT demo FROM meta")[0]["demo"],
            "runs": store.rows(f"SELECT id, name, project, {', '.join(PEOPLE_FIELDS)} FROM run"),
            "request": store.read("SELECT * FROM request"),
            "pin": store.read("SELECT * FROM pin"),
            "review": {name: store.read(f'SELECT * FROM "{name}"') for name in REVIEW_TABLES},
        }
    except (StoreDamagedError, duckdb.Error):
        return None


def _refuse_to_lose(store: Store, old: dict[str, Any]) -> None:
    lost = [run["name"] for run in old["runs"] if not any((store.root / run["name"]).glob("spool/*.jsonl"))]
    if lost:
        raise StoreError(
            f"{', '.join(lost)} would be lost: no spool of theirs is left in {store.root}; --force drops them"
        )


def _carry_over(transaction: Transaction, old: dict[str, Any]) -> None:
    ids = {row["name"]: row["id"] for row in transaction.rows("SELECT id, name FROM run")}
    new_id = {run["id"]: ids[run["name"]] for run in old["runs"] if run["name"] in ids}
    for run in old["runs"]:
        if run["id"] in new_id:
            fields = [*PEOPLE_FIELDS, *(["project"] if "project" in (run["edited"] or []) else [])]
            changes = ", ".join(f"{name} = ${name}" for name in fields)
            values = {name: run[name] for name in fields}
            transaction.execute(f"UPDATE run SET {changes} WHERE id = $id", {**values, "id": new_id[run["id"]]})
    for table in ("request", "pin"):
        rows = [{**row, "run_id": new_id.get(row["run_id"])} for row in old[table].to_pylist()]
        kept = [row for row in rows if row["run_id"] is not None or table == "pin"]
        if kept:
            transaction.insert(table, pa.Table.from_pylist(kept, schema=old[table].schema))
    for table, rows in old["review"].items():
        _carry_review(transaction, table, rows, new_id)


def _carry_review(transaction: Transaction, table: str, rows: pa.Table, new_id: dict[int, int]) -> None:
    if not rows.num_rows:
        return
    if "run_id" in rows.column_names:
        found = [{**row, "run_id": new_id.get(row["run_id"])} for row in rows.to_pylist()]
        rows = pa.Table.from_pylist(found, schema=rows.schema)
    transaction.insert(table, rows)


def _put_in_place(fresh: Store, store: Store) -> None:
    """Put the new file in the old one's place at once; the old one's log, now in the copy, goes first."""
    Path(f"{store.path}.wal").unlink(missing_ok=True)
    torn.discard(store.path)
    fresh.path.replace(store.path)


def _remove_locks(path: Path) -> None:
    for name in ("lock", "turn", "blocks"):
        Path(f"{path}.{name}").unlink(missing_ok=True)
