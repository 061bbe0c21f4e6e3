"""Write docs/cli.md and docs/schema.md from the program itself; `--check` only says whether they are current.

Run: python docs/generate.py [--check]
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import duckdb

from assay.cli import COMMANDS, root

HERE = Path(__file__).parent
SCHEMA = HERE.parent / "store" / "schema.sql"


def cli_page() -> str:
    """The help of every command."""
    context = click.Context(root, info_name="assay", terminal_width=100, max_content_width=100)
    sections = ["# The command\n\nWritten by `make docs` from the program.\n", _section(context, root, "assay")]
    for name in COMMANDS:
        command = root.get_command(context, name)
        assert command is not None, name
        sections.extend(_sections(context, command, f"assay {name}"))
    return "\n".join(sections)


def _sections(parent: click.Context, command: click.Command, name: str) -> Iterator[str]:
    yield _section(parent, command, name)
    if isinstance(command, click.Group):
        for sub, item in command.commands.items():
            yield from _sections(parent, item, f"{name} {sub}")


def _section(parent: click.Context, command: click.Command, name: str) -> str:
    context = click.Context(command, info_name=name, terminal_width=100, max_content_width=100)
    context.help_option_names = parent.help_option_names
    return f"## `{name}`\n\n```\n{command.get_help(context)}\n```\n"


def schema_page() -> str:
    """Every table, view and column with its comment."""
    with duckdb.connect(":memory:") as database:
        database.execute(SCHEMA.read_text())
        tables = database.execute("SELECT table_name, comment FROM duckdb_tables() ORDER BY table_name").fetchall()
        views = database.execute(
            "SELECT view_name, comment FROM duckdb_views() WHERE NOT internal ORDER BY 1"
        ).fetchall()
        columns = database.execute(
            "SELECT table_name, column_name, data_type, is_nullable, comment FROM duckdb_columns() "
            "ORDER BY column_index"
        ).fetchall()
    parts = ["# The store\n\nWritten by `make docs` from `store/schema.sql`. Times are UTC.\n"]
    for table, comment in tables:
        rows = [
            f"| {column} | {kind}{'' if nullable else ', never null'} | {said} |"
            for owner, column, kind, nullable, said in columns
            if owner == table
        ]
        parts.append(
            f"## {table}\n\n{comment}\n\n| column | type | meaning |\n|---|---|---|\n" + "\n".join(rows) + "\n"
        )
    parts.extend(f"## {view} (view)\n\n{comment}\n" for view, comment in views)
    return "\n".join(parts)


PAGES = {"cli.md": cli_page, "schema.md": schema_page}


def main() -> int:
    """Write the pages, or with `--check` compare them."""
    stale = []
    for name, page in PAGES.items():
        path, text = HERE / name, page()
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(name)
    if stale:
        sys.stderr.write(f"docs/{', docs/'.join(stale)} are not current; run: make docs\n")
    return len(stale)


if __name__ == "__main__":
    sys.exit(main())
