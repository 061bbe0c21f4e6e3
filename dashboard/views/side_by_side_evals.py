"""What runs beside each other score, kept and cost, as lines of their table; a dash where it is not known."""

from collections.abc import Callable, Iterator
from typing import Any

from dashboard.language import current, t
from dashboard.metric_words import difference, figure_of, metric_name, scale, score_span, unit
from dashboard.words import count, size
from store.compare import Comparison

__all__ = ["parts"]

Row = dict[str, Any]
Lines = dict[str, list[str]]

NONE = "–"


def parts(found: Comparison, names: list[str]) -> Iterator[tuple[str, Lines]]:
    """Each part that there is anything of: its heading, and its lines with a cell a run."""
    scores = {_title(row): _cells(row, names, _score) for row in found.scores if _is_told(row)}
    kept = {_title(row) + _unit(row): _cells(row, names, _kept) for row in found.forgetting}
    if scores:
        yield t("compare.scores"), scores
    if kept:
        yield t("compare.kept"), kept
    cost = _cost(found, names)
    if any(cell != NONE for cells in cost.values() for cell in cells):
        yield t("compare.cost"), cost


def _is_told(row: Row) -> bool:
    """All metrics of what was learned; of what should be kept the one it is judged by."""
    return row["main"] or row["measures"] == "learned"


def _title(row: Row) -> str:
    return f"{row['suite']} · {metric_name(row['metric'], current())}"


def _unit(row: Row) -> str:
    """What a difference is counted in where it is not points of a share."""
    return "" if scale(row["metric"]) != 1 else f" ({unit(row['metric'], current())})"


def _cells(row: Row, names: list[str], say: Callable[[Row, Row], str]) -> list[str]:
    found = [row["runs"].get(name) for name in names]
    return [NONE if score is None else say(row, score) for score in found]


def _score(row: Row, score: Row) -> str:
    """A score, and once for each suite how much of it was learned by heart."""
    metric = row["metric"]
    figure = f"{figure_of(metric, score['value'])} ({score_span(metric, score, current())})"
    return "\n".join([figure + _at(score["step"]), *(_leaked(score) if row["main"] else [])])


def _kept(row: Row, score: Row) -> str:
    said = difference(row["metric"], {**score, "value": score["change"]}, current()) + _at(score["step"])
    changed = [] if score["lost"] is None else [t("compare.changed", lost=score["lost"], gained=score["gained"])]
    return "\n".join([said, *changed, *_leaked(score)])


def _leaked(score: Row) -> list[str]:
    return [t("compare.leaked", count=count(score["leaked"]), of=count(score["n"]))] if score["leaked"] else []


def _cost(found: Comparison, names: list[str]) -> Lines:
    said: dict[str, Callable[[Row], str]] = {
        "compare.tokens": lambda row: _whole(row["tokens"]),
        "compare.speed": lambda row: _whole(row["tokens_per_s"]),
        "compare.memory": lambda row: NONE if row["memory_bytes"] is None else size(round(row["memory_bytes"])),
        "compare.trained": _trained,
        "compare.checkpoint": lambda row: size(row["checkpoint_bytes"]) + _at(row["checkpoint_step"]),
    }
    return {t(key): [read(found.cost[name]) for name in names] for key, read in said.items()}


def _whole(value: float | None) -> str:
    return NONE if value is None else count(round(value))


def _trained(row: Row) -> str:
    trained, parameters = row["trained"], row["parameters"]
    if trained is None or not parameters:
        return _whole(trained)
    return t(
        "compare.trained.of", count=count(trained), of=count(parameters), share=f"{100 * trained / parameters:.3g}"
    )


def _at(step: int | None) -> str:
    return "" if step is None else f" @{count(step)}"
