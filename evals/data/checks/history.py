"""Conversations whose history is longer than what it helps with."""

from collections.abc import Sequence

from evals.data.finding import Finding, found
from evals.data.row import DataRow

__all__ = ["history", "history_size"]

BUDGET = 2000
"""Characters of history that are put up with."""


def history(rows: Sequence[DataRow], budget: int = BUDGET) -> list[Finding]:
    """Rows in which what was said before the last question has more characters than the budget."""
    return [found("long-history", "warning", rows, lambda row: _over(row, budget))]


def history_size(row: DataRow) -> int:
    """Characters before the last question, without system turns."""
    return sum(len(turn.content) for turn in row.asked[:-1])


def _over(row: DataRow, budget: int) -> str | None:
    size = history_size(row)
    return f"{size:,} characters in {len(row.asked) - 1} turns before the last question" if size > budget else None
