"""Preferences from which nothing, or only the length of an answer, can be learned."""

from collections.abc import Sequence

from evals.data.checks.answers import is_blank
from evals.data.finding import EXAMPLES, Example, Finding, found, short
from evals.data.row import DataRow
from evals.text.near import normal_form

__all__ = ["chosen_lengths", "preferences"]

NEARLY_ALL = 0.9
"""Share of the preferences from which on the longer answer is chosen so often that length alone tells it."""

LEAST = 20
"""Preferences of which so many are not longer by chance."""


def preferences(rows: Sequence[DataRow]) -> list[Finding]:
    """Preferences whose answers are the same, and those of which the rejected one is empty; of other rows none."""
    pairs = [row for row in rows if row.rejected is not None]
    return [
        found("same-answers", "error", pairs, _same),
        found("empty-rejected-answer", "error", pairs, _without_rejected),
    ]


def chosen_lengths(rows: Sequence[DataRow]) -> list[Finding]:
    """Preferences of which the longer answer was chosen, where that is so of nearly all whose lengths differ."""
    differing = [row for row in rows if row.rejected is not None and len(row.rejected) != len(row.answer)]
    longer = [row for row in differing if len(row.answer) > len(row.rejected or "")]
    if len(differing) < LEAST or len(longer) < NEARLY_ALL * len(differing):
        return []
    share = f"{100 * len(longer) / len(differing):.0f} %"
    examples = tuple(
        Example(
            row.place, short(f"{share} are longer; here {len(row.answer):,} and {len(row.rejected or ''):,} characters")
        )
        for row in longer[:EXAMPLES]
    )
    return [Finding("longer-answer-chosen", "warning", len(longer), examples)]


def _same(row: DataRow) -> str | None:
    same = normal_form(row.answer) == normal_form(row.rejected or "") and not is_blank(row.answer)
    return row.answer if same else None


def _without_rejected(row: DataRow) -> str | None:
    return row.answer or "(nothing)" if is_blank(row.rejected or "") else None
