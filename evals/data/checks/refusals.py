"""Refusals, which teach a model to refuse, and negative examples, which teach it not to make answers up."""

from collections.abc import Sequence

import numpy as np

from evals.data.facts import Facts, finding_of
from evals.data.finding import Finding, Severity
from evals.data.refusal import declines, refuses
from evals.data.row import DataRow

__all__ = ["refusals"]

MANY = 0.05
"""Share of the rows from which on refusals are many."""


def refusals(rows: Sequence[DataRow], facts: Facts) -> list[Finding]:
    """Rows that refuse: info, a warning where they are many. Rows that rightly say that there is no answer: info.

    The latter are good to have, and are reported where there are none as well, but not of plain text, which answers
    nothing.
    """
    if all(row.is_text for row in rows):
        return []
    severity: Severity = "warning" if facts.refused.sum() >= MANY * len(facts) else "info"
    negative = np.flatnonzero(facts.declined & ~facts.refused)
    return [
        finding_of(
            "refusals", severity, rows, np.flatnonzero(facts.refused), lambda place: refuses(rows[place].answer) or ""
        ),
        finding_of("negative-examples", "info", rows, negative, lambda place: declines(rows[place].answer) or ""),
    ]
