"""The five cards of a run: newest values, each with what it is to be compared with."""

from typing import Any

from dashboard.language import t
from dashboard.widgets import Card
from dashboard.words import count, figure

__all__ = ["figure_cards", "higher_since"]

BACK, OVER = 50, 20
"""Steps back, and steps of a mean: as `queries.run.figures` computes them."""


def figure_cards(rows: list[dict[str, Any]]) -> list[Card]:
    """A card for each metric that has a value."""
    return [Card(t(f"card.{row['metric']}"), figure(row["value"]), _note(row)) for row in rows]


def _note(row: dict[str, Any]) -> str:
    if row["metric"] == "val_loss":
        return _lowest(row)
    if row["metric"] == "loss" and row["recent"] is not None and row["earlier"] is not None:
        return _change(row["recent"] - row["earlier"])
    # One value alone has not been unchanged; a young run has not had that many steps.
    if row["low"] is None or row["since"] == row["step"]:
        return t("note.at", step=count(row["step"]))
    steps = row["step"] - row["since"] + 1
    if row["low"] == row["high"]:
        return t("note.same", steps=steps)
    return t("note.range", steps=steps, low=figure(row["low"]), high=figure(row["high"]))


def higher_since(row: dict[str, Any]) -> bool:
    """Whether a metric's newest value lies above its lowest one, by what is seen of both."""
    lowest, value = row["lowest"], row["value"]
    return lowest is not None and value > lowest and figure(value) != figure(lowest)


def _lowest(row: dict[str, Any]) -> str:
    if row["lowest_step"] is None:
        return t("note.at", step=count(row["step"]))
    if not higher_since(row):
        return t("note.lowest", step=count(row["lowest_step"]))
    return t("note.lowest_since", step=count(row["lowest_step"]), value=figure(row["lowest"]))


def _change(change: float) -> str:
    return t("note.lower" if change < 0 else "note.higher", over=OVER, steps=BACK, value=figure(abs(change)))
