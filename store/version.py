"""Which schema a store has, and how it gets the one this program reads.

`schema.sql` makes a new store; the numbered files in `migrations/` carry an older one on. Neither
edits a file that was released.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from assay.version import VERSION
from store.clock import utc_now
from store.errors import StoreVersionError

__all__ = ["Migration", "check_version", "create_schema", "migrations", "schema_version", "stored_version"]

_HERE = Path(__file__).parent

Execute = Callable[..., Any]


class Migration(NamedTuple):
    """One step from a schema to the next."""

    number: int
    """The version a store has afterwards."""

    name: str
    """File name."""

    sql: str
    """Its statements."""


def migrations(folder: Path = _HERE / "migrations") -> list[Migration]:
    """All migrations in order; the first makes the first schema."""
    found = [Migration(int(path.name[:4]), path.name, path.read_text()) for path in sorted(folder.glob("*.sql"))]
    assert [item.number for item in found] == list(range(1, len(found) + 1)), "migrations are numbered without a gap"
    return found


def schema_version() -> int:
    """The version this program reads and writes."""
    return len(list((_HERE / "migrations").glob("*.sql")))


_EXPECTED = schema_version()


def create_schema(execute: Execute, *, demo: bool) -> None:
    """Make all tables of the current version in an empty database."""
    execute((_HERE / "schema.sql").read_text())
    values = {"version": _EXPECTED, "now": utc_now(), "program": f"assay {VERSION}"}
    execute("INSERT INTO meta VALUES ($version, $now, $program, $demo)", {**values, "demo": demo})


def check_version(cursor: duckdb.DuckDBPyConnection, alias: str, path: Path) -> None:
    """Raise StoreVersionError unless the store attached as `alias` has this program's version."""
    found = stored_version(lambda sql: [{"version": v} for (v,) in cursor.execute(sql).fetchall()], path, alias)
    if found < _EXPECTED:
        raise StoreVersionError(
            f"the store {path} has schema {found}, this program reads {_EXPECTED}; run: assay db migrate --store {path}"
        )
    if found > _EXPECTED:
        raise StoreVersionError(
            f"the store {path} has schema {found}, this program reads {_EXPECTED} only; install a newer Assay"
        )


def stored_version(rows: Callable[[str], list[dict[str, Any]]], path: Path, alias: str = "") -> int:
    """The version of a store, whatever it is. Raises StoreVersionError for a file of someone else's."""
    try:
        found = rows(f"SELECT version FROM {alias + '.' if alias else ''}meta")
    except duckdb.CatalogException:
        found = []
    if not found:
        raise StoreVersionError(f"{path} is a DuckDB file, but no store of Assay's; name another with --store")
    return found[0]["version"]
