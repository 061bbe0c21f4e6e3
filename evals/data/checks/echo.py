"""Answers that begin with their question over again, as scraped pages do; texts to be edited apart."""

import re
from collections.abc import Sequence

from evals.data.finding import Finding, found
from evals.data.row import DataRow
from evals.leak import comparable

__all__ = ["echo"]

COPIED = 30
"""Letters and digits from the beginning of an answer that stand in the question in one piece."""

GRAM = 6
REST = 0.2
"""Share of the runs of the answer's rest above which it works on the question's text, as a correction does."""


_EDITS = re.compile(
    r"改写|润色|续写|修改|扩写|补充|完善|翻译|改成|纠正|缩写|仿写|\b(?:rewrite|rephrase|improve|edit|correct|continue|extend|expand|complete|fix|add|change|proofread|translate)\b",
    re.IGNORECASE,
)
"""A text is to be worked on, and comes again in the answer."""


def echo(rows: Sequence[DataRow]) -> list[Finding]:
    """Rows whose answer begins with a piece of the question and then goes on with something else."""
    return [found("echoed-question", "warning", (row for row in rows if not row.is_text), _echoed)]


def _echoed(row: DataRow) -> str | None:
    if len(row.answer) < 2 * COPIED or row.answer.lstrip()[:5] not in row.question or _EDITS.search(row.question):
        return None
    answer, asked = comparable(row.answer), comparable(row.question)
    if len(answer) < 2 * COPIED or answer[:COPIED] not in asked:
        return None
    copied = COPIED
    while answer[: copied + 1] in asked and copied < len(answer):
        copied += 1
    rest = answer[copied:]
    runs = [rest[start : start + GRAM] for start in range(len(rest) - GRAM + 1)]
    goes_on = len(rest) >= COPIED and sum(run in asked for run in runs) <= REST * len(runs)
    return row.answer if goes_on else None
