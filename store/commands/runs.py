"""`assay runs`: list, show, compare and remove runs."""

from datetime import datetime
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from store.commands.common import console, json_option, loaded_store, notes, print_json, store_option
from store.commands.compare import compare_command
from store.runs import list_runs, remove_run, show_run

__all__ = ["runs"]


@click.group()
def runs() -> None:
    """List, show, compare and remove runs."""


@runs.command("ls")
@store_option
@json_option
def list_command(store: str | None, as_json: bool) -> None:
    """List the runs, newest first."""
    rows = list_runs(loaded_store(store, served=True))
    if as_json:
        print_json(rows)
    elif not rows:
        notes.print("no runs yet; `assay demo` makes one, `assay train` and `import assay` too")
    else:
        console.print(_run_table(rows))


@runs.command("show")
@click.argument("run")
@store_option
@json_option
def show_command(run: str, store: str | None, as_json: bool) -> None:
    """Show one run: its state, branches, checkpoints and newest events."""
    shown = show_run(loaded_store(store, served=True), run)
    if as_json:
        print_json(shown)
    else:
        _print_run(shown)


runs.add_command(compare_command)


@runs.command("rm")
@click.argument("run", nargs=-1, required=True)
@click.option("--force", is_flag=True, help="Remove a run even while it is running.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@store_option
@json_option
def remove_command(run: tuple[str, ...], force: bool, yes: bool, store: str | None, as_json: bool) -> None:
    """Remove runs with their folders. Refused where something holds part of one."""
    opened = loaded_store(store)
    if not yes:
        click.confirm(f"Remove {', '.join(run)} and all their files from {opened.root}?", abort=True, err=True)
    for name in run:
        remove_run(opened, name, force=force)
        notes.print(f"removed {name}")
    if as_json:
        print_json({"removed": list(run)})


def _run_table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("run", "status", "step", "loss", "val loss", "started", "project"):
        right = title in ("step", "loss", "val loss")
        # A name that is cut off cannot be copied.
        table.add_column(title, justify="right" if right else "left", no_wrap=title != "run", overflow="fold")
    for row in rows:
        table.add_row(
            Text(row["run"]), row["status"], _progress(row), _number(row["loss"]), _number(row["val_loss"]),
            _moment(row["created"]), Text(row["project"] or ""),
        )  # fmt: skip
    return table


def _print_run(shown: dict[str, Any]) -> None:
    console.print(Text(shown["run"], "bold"), f"{shown['status']}  step {_progress(shown)}  branch {shown['branch']}")
    if shown["error"]:
        console.print(f"error: {shown['error']}", markup=False)
    for title, fields, rows in (
        ("branches", ("branch", "parent", "fork_step", "reason", "created"), shown["branches"]),
        ("checkpoints", ("step", "branch", "state", "path", "bytes"), shown["checkpoints"]),
        ("events", ("time", "level", "step", "message"), shown["events"][:10]),
    ):
        if rows:
            console.print(f"\n[bold]{title}[/bold]")
            console.print(_plain_table(fields, rows))


def _plain_table(fields: tuple[str, ...], rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for field in fields:
        table.add_column(field.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row[field]) for field in fields))
    return table


def _cell(value: Any) -> Text:
    if isinstance(value, datetime):
        return Text(_moment(value))
    return Text(next(reversed(str(value).strip().splitlines()), "") if value is not None else "")


def _progress(row: dict[str, Any]) -> str:
    step = "0" if row["step"] is None else f"{row['step']:,}"
    return f"{step} of {row['total_steps']:,}" if row["total_steps"] else step


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _moment(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M} UTC"
