"""What the tests of training data share: rows in memory, and what a check finds in them."""

from collections.abc import Sequence
from pathlib import Path

from evals.data.finding import Finding
from evals.data.row import DataRow
from evals.text import Sample, Turn

SHARED = Path(__file__).parents[3] / ".." / "shared" / "data"


def turns(*said: str, system: str = "") -> tuple[Turn, ...]:
    """A conversation of questions and answers in turn."""
    told = (Turn("system", system),) if system else ()
    return (*told, *(Turn(("user", "assistant")[place % 2], words) for place, words in enumerate(said)))


def asked(*pairs: tuple[str, str], task: str | None = None) -> list[DataRow]:
    """Rows of a question and an answer each, in the file a.jsonl."""
    return [DataRow("a.jsonl", Sample(place, turns(*pair), task=task)) for place, pair in enumerate(pairs)]


def answered(*answers: str) -> list[DataRow]:
    """Rows of different questions with these answers."""
    return asked(*((f"问题{place}", answer) for place, answer in enumerate(answers)))


def told(*texts: str) -> list[DataRow]:
    """Rows of plain text."""
    return [DataRow("a.jsonl", Sample(place, (Turn("text", text),))) for place, text in enumerate(texts)]


def of(findings: Sequence[Finding], check: str) -> Finding:
    """The finding of one check."""
    return next(finding for finding in findings if finding.check == check)


def rows_of(finding: Finding) -> list[int]:
    """The rows of its examples, from 1."""
    return [int(example.place.rpartition(":")[2]) for example in finding.examples]


def texts_of(finding: Finding) -> list[str]:
    """The texts of its examples."""
    return [example.text for example in finding.examples]
