"""`assay db`: check, migrate, rebuild, query, export, back up and restore the store, and verify its audit log."""

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import click
import pyarrow as pa
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from store.check import check_store
from store.commands.common import (
    console,
    json_option,
    json_ready,
    loaded_store,
    notes,
    open_store,
    print_json,
    store_option,
)
from store.commands.db_audit import audit
from store.commands.db_backup import backup_command, restore_command
from store.export import FORMATS, export
from store.migrate import migrate
from store.rebuild import rebuild
from store.version import schema_version

__all__ = ["db"]


@click.group()
def db() -> None:
    """Check, migrate, rebuild, query, export, back up and restore the store; verify its audit log."""


db.add_command(audit)
db.add_command(backup_command)
db.add_command(restore_command)


@db.command("check")
@store_option
@json_option
def check_command(store: str | None, as_json: bool) -> None:
    """Check that the store is whole; exit 1 where it is not."""
    opened = loaded_store(store)
    checks = check_store(opened)
    if as_json:
        print_json(
            {
                "store": str(opened.path),
                "ok": all(check.ok for check in checks),
                "checks": [c._asdict() for c in checks],
            }
        )
    else:
        for check in checks:
            console.print(
                Text.assemble(("ok    ", "green") if check.ok else ("wrong ", "red"), f"{check.name}: {check.says}")
            )
    if not all(check.ok for check in checks):
        sys.exit(1)


@db.command("migrate")
@store_option
@json_option
def migrate_command(store: str | None, as_json: bool) -> None:
    """Bring an older store to this program's schema."""
    opened = open_store(store)
    applied = migrate(opened)
    if as_json:
        print_json({"store": str(opened.path), "version": schema_version(), "applied": applied})
    else:
        said = f"applied {', '.join(applied)}" if applied else "nothing to do"
        console.print(f"{opened.path}: schema {schema_version()}, {said}", markup=False)


@db.command("rebuild")
@click.option("--force", is_flag=True, help="Drop runs whose spools are gone.")
@store_option
@json_option
def rebuild_command(force: bool, store: str | None, as_json: bool) -> None:
    """Make the store anew from the runs' spools; the old file is put aside."""
    opened = open_store(store)
    with notes.status(f"loading the spools of {opened.root}"):
        made = rebuild(opened, force=force)
    if as_json:
        print_json({"store": str(opened.path), **made.loaded._asdict(), "runs": made.runs, "kept": made.kept})
        return
    console.print(f"{opened.path}: {made.runs} runs from {made.loaded.lines:,} lines", markup=False)
    if made.kept is not None:
        also = (
            ""
            if made.carried
            else " It could not be read: tags, stars, notes, requests and pins in it did not come over."
        )
        notes.print(f"The old file is {made.kept}.{also}", markup=False)


@db.command("query")
@click.argument("sql")
@store_option
@json_option
def query_command(sql: str, store: str | None, as_json: bool) -> None:
    """Run one SQL statement over the store; it can read nothing else and change nothing."""
    opened = loaded_store(store, served=True)
    result = opened.query(sql)
    if as_json:
        print_json(_as_document(result))
    else:
        console.print(_as_table(result))


@db.command("export")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--format", "kind", type=click.Choice(list(FORMATS)), default="parquet", show_default=True, help="Kind of file."
)
@store_option
@json_option
def export_command(folder: Path, kind: str, store: str | None, as_json: bool) -> None:
    """Write every table into FOLDER, a file each."""
    files = export(loaded_store(store), folder, kind)
    if as_json:
        print_json({"folder": str(folder), "files": [file.name for file in files]})
    else:
        console.print(f"{len(files)} tables in {folder}", markup=False)


def _as_document(result: pa.Table) -> dict[str, Any]:
    rows = [list(row.values()) for row in _rows(result)]
    odd = [
        [number, name, word]
        for number, row in enumerate(rows)
        for column, value in zip(result.column_names, row, strict=True)
        for name, word in _odd_values(column, value)
    ]
    document = {"columns": result.column_names, "rows": json_ready(rows)}
    return {**document, "nonfinite": odd} if odd else document


def _odd_values(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Where a value, or an item of a list in it (`losses[3]`), is no finite number, and its word."""
    if isinstance(value, float) and not math.isfinite(value):
        yield name, str(value)
    elif isinstance(value, list):
        for place, item in enumerate(cast("list[Any]", value)):
            yield from _odd_values(f"{name}[{place}]", item)


def _rows(result: pa.Table) -> list[dict[str, Any]]:
    # Columns may share a name, which a dictionary by name would drop.
    named = result.rename_columns([str(number) for number in range(result.num_columns)])
    try:
        return named.to_pylist()
    except (OverflowError, ValueError):
        # A date or time that Python cannot hold, as infinity: such answers are told as text.
        return named.cast(pa.schema([(name, pa.string()) for name in named.column_names])).to_pylist()


def _as_table(result: pa.Table) -> Table:
    table = Table(*map(escape, result.column_names), box=None, pad_edge=False)
    for row in _rows(result):
        table.add_row(*(Text("" if value is None else str(value)) for value in row.values()))
    return table
