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

SHARES = ("acc", "acc_norm")
"""Metrics kept as shares."""


@click.command("compare")
@click.argument("run", nargs=-1)
@click.option("--metric", multiple=True, metavar="NAME", help="Metric to compare; again for more. Default: the losses.")
@store_option
@json_option
def compare_command(run: tuple[str, ...], metric: tuple[str, ...], store: str | None, as_json: bool) -> None:
    """Compare runs: outcomes, scores, what was kept, cost, and configurations.

    Scores are of the best checkpoint where it was asked, else of the newest one, at suites that two runs share or more;
    what was kept is against what the run began with. Intervals are of 95 %.
    """
    found = compare_runs(loaded_store(store, served=True), run, metric)
    if as_json:
        print_json(found._asdict())
        return
    names = [row["run"] for row in found.runs]
    _print("outcome", names, {title: [read(row) for row in found.runs] for title, read in _OUTCOME.items()})
    _print("metric", names, _metric_lines(found, metric))
    _print("score", names, {_suite(row): _cells(row, _score) for row in found.scores if _is_told(row)})
    _print("kept", names, {_suite(row): _cells(row, _kept) for row in found.forgetting})
    if any(value is not None for row in found.cost.values() for value in row.values()):
        _print("cost", names, {title: [read(found.cost[name]) for name in names] for title, read in _COST.items()})
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


def _is_told(row: Row) -> bool:
    """All metrics of what was learned; of what should be kept the one it is judged by."""
    return row["main"] or row["measures"] == "learned"


def _suite(row: Row) -> str:
    return f"{row['suite']} {row['metric']}"


def _cells(row: Row, read: Callable[[Row, Row], str]) -> list[str]:
    return ["–" if score is None else read(row, score) for score in row["runs"].values()]


def _score(row: Row, score: Row) -> str:
    """A score, and once for each suite how much of it was learned by heart."""
    metric, leaked = row["metric"], ""
    if score["leaked"] and row["main"]:
        leaked = f", {score['leaked']} of {score['n']} in its training data"
    percent = " %" if metric in SHARES and score["value"] is not None else ""
    return f"{_figure(metric, score['value'])}{percent}{_interval(metric, score)}{_at(score['step'])}{leaked}"


def _kept(row: Row, score: Row) -> str:
    metric = row["metric"]
    changed = "" if score["lost"] is None else f", {score['lost']} lost, {score['gained']} gained"
    points = " points" if metric in SHARES and score["change"] is not None else ""
    return f"{_figure(metric, score['change'], '+')}{points}{_interval(metric, score)}{_at(score['step'])}{changed}"


def _interval(metric: str, score: Row) -> str:
    if score["low"] is None or score["high"] is None:
        return ""
    return f" ({_figure(metric, score['low'])} to {_figure(metric, score['high'])})"


def _figure(metric: str, value: float | None, sign: str = "") -> str:
    """Shares in percent, as on the pages; everything else as it is."""
    if value is None:
        return "–"
    return f"{100 * value:{sign}.1f}" if metric in SHARES else f"{value:{sign}.4g}"


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


def _whole(value: float | None, unit: str = "") -> str:
    return "–" if value is None else f"{value:,.0f}{unit}"


def _trained(row: Row) -> str:
    if row["trained"] is None or not row["parameters"]:
        return _whole(row["trained"])
    return f"{row['trained']:,} of {row['parameters']:,} ({100 * row['trained'] / row['parameters']:.3g} %)"


def _bytes(value: float | None) -> str:
    return "–" if value is None else f"{value / 1e6:,.1f} MB"


_COST: dict[str, Callable[[Row], str]] = {
    "tokens read": lambda row: _whole(row["tokens"]),
    "tokens a second": lambda row: _whole(row["tokens_per_s"]),
    "peak memory": lambda row: _bytes(row["memory_bytes"]),
    "trained parameters": _trained,
    "checkpoint": lambda row: _bytes(row["checkpoint_bytes"]) + _at(row["checkpoint_step"]),
}
