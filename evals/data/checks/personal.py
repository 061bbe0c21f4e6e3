"""Telephone numbers, identity cards, bank cards and e-mail addresses in any turn."""

from collections.abc import Sequence

from evals.data.finding import EXAMPLES, Example, Finding
from evals.data.personal import KINDS, Kind, hidden, personal_data
from evals.data.row import DataRow

__all__ = ["personal"]


def personal(rows: Sequence[DataRow]) -> list[Finding]:
    """Rows with personal data, by kind; the examples hide most of it."""
    counts, examples = dict.fromkeys(KINDS, 0), {kind: list[Example]() for kind in KINDS}
    for row in rows:
        for kind, text in _first_of_each_kind(row).items():
            counts[kind] += 1
            if len(examples[kind]) < EXAMPLES:
                examples[kind].append(Example(row.place, hidden(text)))
    return [Finding(kind, "error", counts[kind], tuple(examples[kind])) for kind in KINDS]


def _first_of_each_kind(row: DataRow) -> dict[Kind, str]:
    seen: dict[Kind, str] = {}
    for text in (*row.words, row.rejected or ""):
        for item in personal_data(text):
            seen.setdefault(item.kind, text[item.start : item.end])
    return seen
