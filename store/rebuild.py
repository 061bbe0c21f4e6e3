"""Make the store anew from the spools, which are the truth; what people added is carried over."""

from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from store.clock import utc_now
from store.database import Store, Transaction
from store.errors import StoreDamagedError, StoreError
from store.loading import LoadReport, SpoolLoader

__all__ = ["Rebuilt", "rebuild"]

PEOPLE_FIELDS = ("tags", "starred", "archived", "notes")
"""Columns of `run` that people change in the store alone."""


class Rebuilt(NamedTuple):
    """What a rebuild did."""

    runs: int
    """Runs in the new store."""

    loaded: LoadReport
    """What came from the spools."""

    kept: Path | None
    """The old file, put aside; None where there was none."""

    carried: bool
    """Whether tags, stars, notes, requests and pins came over; not where the old file is unreadable."""


def rebuild(store: Store, *, force: bool = False) -> Rebuilt:
    """Load all spools into a new file and put it in the old one's place.

    Raises StoreError where the old store holds runs that have no spool any more, unless `force`.
    """
    old = _what_people_added(store)
    if old is not None and not force:
        _refuse_to_lose(store, old)
    fresh = Store.at(store.path.with_name(f"{store.path.name}.rebuilding"))
    _remove(fresh.path)
    fresh.create(demo=old is not None and old["demo"])
    loaded = SpoolLoader(fresh).load()
    if old is not None:
        fresh.transaction(lambda transaction: _carry_over(transaction, old))
    runs = fresh.rows("SELECT count(*) AS n FROM run")[0]["n"]
    return Rebuilt(runs, loaded, _swap(store, fresh), old is not None)


def _what_people_added(store: Store) -> dict[str, Any] | None:
    if not store.exists:
        return None
    try:
        return {
            "demo": store.rows("SELECT demo FROM meta")[0]["demo"],
            "runs": store.rows(f"SELECT id, name, {', '.join(PEOPLE_FIELDS)} FROM run"),
            "request": store.read("SELECT * FROM request"),
            "pin": store.read("SELECT * FROM pin"),
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
    changes = ", ".join(f"{name} = ${name}" for name in PEOPLE_FIELDS)
    for run in old["runs"]:
        if run["id"] in new_id:
            values = {name: run[name] for name in PEOPLE_FIELDS}
            transaction.execute(f"UPDATE run SET {changes} WHERE id = $id", {**values, "id": new_id[run["id"]]})
    for table in ("request", "pin"):
        rows = [{**row, "run_id": new_id.get(row["run_id"])} for row in old[table].to_pylist()]
        kept = [row for row in rows if row["run_id"] is not None or table == "pin"]
        if kept:
            transaction.insert(table, pa.Table.from_pylist(kept, schema=old[table].schema))


def _swap(store: Store, fresh: Store) -> Path | None:
    with store.exclusive(), fresh.exclusive():
        kept = None
        if store.exists:
            kept = store.path.with_name(f"{store.path.name}.before-{utc_now():%Y%m%dT%H%M%SZ}")
            _move(store.path, kept)
        _move(fresh.path, store.path)
    for name in ("lock", "turn"):
        Path(f"{fresh.path}.{name}").unlink(missing_ok=True)
    return kept


def _move(source: Path, target: Path) -> None:
    """Move a database file; its log goes first, so that neither is ever beside a stranger."""
    log = Path(f"{source}.wal")
    if log.exists():
        log.rename(f"{target}.wal")
    source.rename(target)


def _remove(path: Path) -> None:
    for name in (path, Path(f"{path}.wal")):
        name.unlink(missing_ok=True)
