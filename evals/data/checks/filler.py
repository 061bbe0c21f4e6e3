"""Filler around and in answers: greetings, thanks, good wishes, hesitations."""

from collections.abc import Sequence

from evals.data.filler import strip_filler, wants_courtesy
from evals.data.finding import Finding, found
from evals.data.row import DataRow

__all__ = ["filler"]


def filler(rows: Sequence[DataRow]) -> list[Finding]:
    """Rows whose last answer has filler, but not where greetings and wishes may be what was asked for."""
    return [found("filler", "warning", (row for row in rows if not row.is_text), _removed)]


def _removed(row: DataRow) -> str | None:
    removed = strip_filler(row.answer, row.question).removed
    return " … ".join(removed) if removed and not wants_courtesy(row.question) else None
