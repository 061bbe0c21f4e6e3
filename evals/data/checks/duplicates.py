"""Rows that stand there twice, exactly or nearly; answers and sentences that come again and again."""

from collections.abc import Sequence

import numpy as np

from evals.data.alike import Numbers, first_of
from evals.data.facts import Facts, digest, finding_of
from evals.data.finding import EXAMPLES, Example, Finding, short
from evals.data.row import DataRow
from evals.data.sentences import sentences_of
from evals.text import words_of

__all__ = ["duplicates", "repeated_answers", "stock_sentences"]

STOCK_SHARE = 0.005
"""Share of the rows from which on a sentence is a stock sentence."""

STOCK_LEAST = 5
"""Rows from which on it is one, however few rows there are."""

SHORT_ANSWER = 20
"""Characters up to which an answer may well be right for many questions."""


def duplicates(rows: Sequence[DataRow], facts: Facts, copies: Numbers) -> list[Finding]:
    """Rows that are copies of an earlier one; `copies` has that one's place, -1 for none (`Alike.copies_of`)."""
    is_copy = copies >= 0
    exact = is_copy & (facts.words == facts.words[copies])
    return [
        _again("exact-duplicates", rows, np.flatnonzero(exact), copies),
        _again("near-duplicates", rows, np.flatnonzero(is_copy & ~exact), copies),
    ]


def repeated_answers(rows: Sequence[DataRow], facts: Facts) -> list[Finding]:
    """Rows whose answer stands under another question already; short answers, as those of labels, are meant to."""
    long = np.flatnonzero((facts.answered != 0) & (facts.answer_sizes > SHORT_ANSWER))
    earlier = np.arange(len(facts))
    earlier[long] = long[first_of(facts.answered[long])]
    again = np.flatnonzero((earlier != np.arange(len(facts))) & (facts.asked != facts.asked[earlier]))
    return [_again("repeated-answers", rows, again, earlier)]


def stock_sentences(rows: Sequence[DataRow], facts: Facts) -> list[Finding]:
    """Rows with a sentence that comes in very many answers: at least five, and one in two hundred."""
    _, number, counts = np.unique(facts.sentences, return_inverse=True, return_counts=True)
    stock = counts >= max(STOCK_LEAST, STOCK_SHARE * len(facts))
    places = np.unique(facts.sentence_rows[stock[number]])
    commonest = sorted(np.flatnonzero(stock).tolist(), key=lambda one: (-counts[one], one))[:EXAMPLES]
    # A row of each of the commonest sentences shows more than the first rows do.
    shown = [(int(np.flatnonzero(number == one)[0]), int(counts[one])) for one in commonest]
    examples = tuple(
        _example(rows[int(facts.sentence_rows[at])], int(facts.sentences[at]), count) for at, count in shown
    )
    return [Finding("stock-sentences", "warning", len(places), examples)]


def _again(check: str, rows: Sequence[DataRow], places: Numbers, earlier: Numbers) -> Finding:
    def text(place: int) -> str:
        return f"as {rows[int(earlier[place])].place}: {rows[place].answer or words_of(rows[place].sample)}"

    return finding_of(check, "warning", rows, places, text)


def _example(row: DataRow, sentence: int, count: int) -> Example:
    text = next(one for one in sentences_of(row.answer) if digest(one) == sentence)
    return Example(row.place, short(f"{count:,} x {text}"))
