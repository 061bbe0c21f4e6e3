"""What a check of training data says: a finding, with the rows that show it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from evals.data.row import DataRow

__all__ = ["EXAMPLES", "SEVERITIES", "Example", "Finding", "Severity", "first_of", "found", "merged", "short"]

Severity: TypeAlias = Literal["error", "warning", "info"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""From what spoils a model to what is only worth knowing."""

EXAMPLES = 5
"""Examples a finding keeps: the first ones in file order."""

SHORT = 60
"""Characters of an example's text."""


class Example(NamedTuple):
    """A row that shows a finding."""

    place: str
    """Its file and row, `triage.jsonl:17`, rows counted from 1."""

    text: str
    """The piece of it that shows the finding; personal data is masked."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says of all rows."""

    check: str
    """Name of the check."""

    severity: Severity
    """How bad it is."""

    count: int
    """How many it concerns: rows, or items of a suite where a check looks for those."""

    examples: tuple[Example, ...] = ()
    """The first of them."""

    of: int | None = None
    """Among how many; None for all rows."""

    def as_dict(self) -> dict[str, Any]:
        """The finding as the commands print it."""
        examples = [{"row": example.place, "text": example.text} for example in self.examples]
        return {"check": self.check, "severity": self.severity, "count": self.count, "examples": examples}


def found(check: str, severity: Severity, rows: Iterable[DataRow], shows: Callable[[DataRow], str | None]) -> Finding:
    """Look at rows one by one: `shows` gives the piece of text that shows the finding, None where there is none."""
    count, examples = 0, list[Example]()
    for row in rows:
        text = shows(row)
        if text is not None:
            count += 1
            if len(examples) < EXAMPLES:
                examples.append(Example(row.place, short(text)))
    return Finding(check, severity, count, tuple(examples))


def first_of(texts: Iterable[str], of: Callable[[str], str | None]) -> str | None:
    """What `of` finds in the first text in which it finds anything.

    >>> first_of(["a", "bc", "de"], lambda text: text[1:] or None)
    'c'
    """
    return next((piece for text in texts if (piece := of(text)) is not None), None)


def merged(parts: Sequence[Finding]) -> list[Finding]:
    """Put findings of successive parts of the data together; those of the same check and severity become one."""
    together: dict[tuple[str, Severity], Finding] = {}
    for part in parts:
        key = (part.check, part.severity)
        before = together.get(key, Finding(*key, 0))
        examples = (*before.examples, *part.examples)[:EXAMPLES]
        together[key] = Finding(*key, before.count + part.count, examples, part.of)
    return list(together.values())


def short(text: str) -> str:
    r"""A text in one line and at most sixty characters; half a character, which cannot be printed, becomes a question
    mark.

    >>> short(" a\n b"), len(short("x" * 99))
    ('a b', 60)
    """
    line = " ".join(text.encode("utf-8", "replace").decode().split())
    return line if len(line) <= SHORT else line[: SHORT - 1] + "…"
