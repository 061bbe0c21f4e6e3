"""`assay runs compare`: runs side by side."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from store.commands.common import console, json_option, loaded_store, print_json, store_option
from store.compare import Comparison, compare_runs

__all__ = ["compare_command"]

Row = dict[str, Any]


@click.command("compare")
@click.argument("run", nargs=-1)
@click.option("--metric", multiple=True, metavar="NAME", help="Metric to compare; again for more. Default: the losses.")
@store_option
@json_option
def compare_command(run: tuple[str, ...], metric: tuple[str, ...], store: str | None, as_json: bool) -> None:
    """Compare runs: how each came out, and in what their configurations differ."""
    found = compare_runs(loaded_store(store), run, metric)
    if as_json:
        print_json(found._asdict())
        return
    names = [row["run"] for row in found.runs]
    _print("outcome", names, {title: [read(row) for row in found.runs] for title, read in _OUTCOME.items()})
    _print("metric", names, _metric_lines(found, metric))
    if found.differs:
        _print("config", names, {key: list(map(_value, values.values())) for key, values in found.differs.items()})
    else:
        console.print("\ntheir configurations are the same")


def _print(title: str, names: list[str], lines: dict[str, list[str]]) -> None:
    if not lines:
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in (title, *names):
        table.add_column(Text(heading), overflow="fold")
    for key, cells in lines.items():
        table.add_row(Text(key), *map(Text, cells))
    console.print()
    console.print(table)


def _metric_lines(found: Comparison, named: tuple[str, ...]) -> dict[str, list[str]]:
    return {name: [_metric(item) for item in found.metrics[name].values()] for name in dict.fromkeys(named)}


def _metric(item: Row | None) -> str:
    if item is None:
        return ""
    return f"{_number(item['last'])}, lowest {_number(item['lowest'])}{_at(item['lowest_step'])}"


def _value(value: Any) -> str:
    return "" if value is None else str(value)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _at(step: int | None) -> str:
    return "" if step is None else f" @{step}"


def _steps(row: Row) -> str:
    done = "0" if row["step"] is None else f"{row['step']:,}"
    return f"{done} of {row['total_steps']:,}" if row["total_steps"] else done


_OUTCOME: dict[str, Callable[[Row], str]] = {
    "status": lambda row: row["status"] + (f": {row['error']}" if row["error"] else ""),
    "steps": _steps,
    "last loss": lambda row: _number(row["loss"]),
    "lowest val loss": lambda row: _number(row["val_loss"]) + _at(row["val_step"]),
    "best checkpoint": lambda row: _at(row["best_step"]).strip(),
    "time taken": lambda row: str(timedelta(seconds=round(row["seconds"]))),
}
