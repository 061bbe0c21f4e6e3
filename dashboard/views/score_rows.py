"""The scores of one suite, found by what they are of."""

from collections.abc import Iterable
from typing import Any

__all__ = ["Scores"]

Row = dict[str, Any]


class Scores:
    """Rows of `queries.scores.scores`."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = list(rows)
        self._found = {
            (row["eval_id"], row["metric"], row["category"], row["clean"], row["versus"]): row for row in self._rows
        }

    def of(
        self, eval_id: int, metric: str, *, versus: str | None = None, clean: bool = False, category: str = ""
    ) -> Row | None:
        """The score or the difference of an evaluation; None where there is none."""
        return self._found.get((eval_id, metric, category, clean, versus))

    def metrics(self, eval_id: int) -> list[str]:
        """Metrics of an evaluation, in the order they were kept."""
        return list(dict.fromkeys(row["metric"] for row in self._rows if row["eval_id"] == eval_id))

    def categories(self, eval_id: int, metric: str) -> list[str]:
        """Subjects that a metric is given for."""
        mine = [row for row in self._rows if row["eval_id"] == eval_id and row["metric"] == metric]
        return list(dict.fromkeys(row["category"] for row in mine if row["category"]))
