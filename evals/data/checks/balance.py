"""Whether subtasks have anything like the same number of rows."""

from collections import Counter
from collections.abc import Sequence
from statistics import median

from evals.data.finding import EXAMPLES, Example, Finding, short
from evals.data.row import DataRow

__all__ = ["balance"]

TIMES = 10
"""A subtask with more than ten times, or less than a tenth of, the rows of the middle one is out of balance."""


def balance(rows: Sequence[DataRow]) -> list[Finding]:
    """Rows of subtasks that are much larger or smaller than the middle one; rows that name none where others do.

    The subtask is the row's own task, category or department. Where no row names one, nothing has to be balanced.
    """
    sizes = Counter(row.sample.task for row in rows)
    unnamed = sizes.pop(None, 0) if len(sizes) > 1 else 0
    sizes.pop(None, None)
    usual = median(sizes.values()) if sizes else 0
    odd = {task: size for task, size in sizes.items() if not usual / TIMES <= size <= usual * TIMES}
    first = {row.sample.task: row.place for row in reversed(rows)}
    shown = sorted(odd, key=lambda task: -abs(sizes[task] - usual))[:EXAMPLES]
    examples = tuple(
        Example(first[task], short(f"{task}: {sizes[task]:,} rows, the middle subtask has {usual:,g}"))
        for task in shown
    )
    return [
        Finding("unbalanced-subtasks", "warning", sum(odd.values()), examples),
        Finding(
            "no-subtask",
            "info",
            unnamed,
            (Example(first[None], "names no task, category or department"),) if unnamed else (),
        ),
    ]
