"""Rows that are longer than what training reads of a row."""

from collections.abc import Callable, Sequence

from evals.data.finding import Finding, found
from evals.data.row import DataRow

__all__ = ["Sizes", "length"]

Sizes = Callable[[Sequence[str]], list[int]]
"""Gives the size of each of some texts, in tokens or characters."""


def length(rows: Sequence[DataRow], longest: int, sizes: Sizes, unit: str) -> list[Finding]:
    """Rows whose end is cut off at `longest`, and those of which no word of the last answer is left.

    What a chat template adds, some tokens a turn, is not counted. Plain text is read in parts and never cut.
    """
    turns = [turn.content for row in rows for turn in row.sample.turns]
    counted = iter(sizes(turns))
    before, whole = dict[int, int](), dict[int, int]()
    for row in rows:
        each = [next(counted) for _ in row.sample.turns]
        whole[id(row)], before[id(row)] = sum(each), sum(each[: row.last_answer])
    talks = [row for row in rows if not row.is_text and row.last_answer is not None]
    unread = {id(row) for row in talks if before[id(row)] >= longest}
    return [
        found(
            "nothing-left-to-learn",
            "error",
            talks,
            lambda row: f"{before[id(row)]:,} {unit} before the answer" if id(row) in unread else None,
        ),
        found(
            "too-long",
            "warning",
            talks,
            lambda row: f"{whole[id(row)]:,} {unit}" if whole[id(row)] > longest and id(row) not in unread else None,
        ),
    ]
