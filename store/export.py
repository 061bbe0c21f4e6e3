"""Write every table as a file that other programs read."""

import shutil
from pathlib import Path

from store.database import Snapshot, Store
from store.errors import StoreError

__all__ = ["FORMATS", "export"]

FORMATS = {"parquet": "(FORMAT parquet, COMPRESSION zstd)", "csv": "(FORMAT csv, HEADER)"}
"""File endings and what DuckDB's COPY calls them."""


def export(store: Store, folder: Path, kind: str) -> list[Path]:
    """Write `folder/<table>.<kind>` for every table: all of them, or the folder is not made.

    Raises StoreError where the folder exists or cannot be written.
    """
    if folder.exists():
        raise StoreError(f"{folder} exists already; name a folder that does not")
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir(parents=True)
        tables = store.snapshot(lambda snapshot: _copy_all(snapshot, unfinished, kind))
        unfinished.rename(folder)
    except OSError as error:
        raise StoreError(f"cannot write {folder}: {error.strerror}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return [folder / f"{table}.{kind}" for table in tables]


def _copy_all(snapshot: Snapshot, folder: Path, kind: str) -> list[str]:
    found = snapshot.rows(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database() ORDER BY table_name"
    )
    tables = [row["table_name"] for row in found]
    for table in tables:
        target = str(folder / f"{table}.{kind}").replace("'", "''")
        snapshot.read(f"COPY \"{table}\" TO '{target}' {FORMATS[kind]}")
    return tables
