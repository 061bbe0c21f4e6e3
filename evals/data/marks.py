"""What must not differ where a row is dropped as a near copy of another: its numbers, a short answer, yes and no.

Two rows can share nearly all their words and teach different things: another dose, another label, the opposite.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evals.data.facts import digest
from evals.data.row import DataRow
from evals.data.stance import stance
from evals.data.tokens import estimated_tokens
from evals.text.near import normal_form

__all__ = ["SHORT", "Marks", "marks_of"]

Numbers: TypeAlias = NDArray[Any]

SHORT = 12
"""Characters up to which an answer is a label, a number or a letter, of which only one can be right."""

_NUMBER = re.compile(
    r"[-+<>≤≥]?\d+|[零〇一二三四五六七八九十百千万亿两半]+"
    r"|(?<![a-z])(?:two|three|four|five|six|seven|eight|nine|ten|twice|half|hundred|thousand)(?![a-z])"
)
_END = "。.!?,;…~ "


class Marks(NamedTuple):
    """Of each row what its copies have as well; arrays have an element a row."""

    said: Numbers
    """Digest of its numbers in their order, and of its answer where that is short."""

    stances: Numbers
    """1 where its answer says yes, -1 where it says no, 0 where it does neither."""

    @classmethod
    def joined(cls, parts: Sequence["Marks"]) -> "Marks":
        """Put marks of successive rows together."""
        return cls(*(np.concatenate(values) for values in zip(*parts, strict=True)))

    def apart(self, one: int, others: Numbers) -> Numbers:
        """Whether a row is told apart from each of some others; bool [others]."""
        opposite = self.stances[one] * self.stances[others] < 0
        return opposite | (self.said[others] != self.said[one])


def marks_of(rows: Sequence[DataRow], forms: Sequence[str]) -> Marks:
    """The marks of some rows; `forms` are the normal forms of their words (`evals.data.facts.forms_of`)."""
    said = [f"{' '.join(_NUMBER.findall(form))}|{_short_answer(row)}" for row, form in zip(rows, forms, strict=True)]
    return Marks(
        np.array([digest(text) for text in said], np.uint64),
        np.array([stance(row.question, row.answer) for row in rows], np.int8),
    )


def _short_answer(row: DataRow) -> str:
    """An answer of a few words, without the mark at its end; empty for a long one.

    Four letters of Latin script count as one character.

    >>> from evals.text import Sample, Turn
    >>> _short_answer(DataRow("", Sample(0, (Turn("user", "科室？"), Turn("assistant", "Ｂ。")))))
    'b'
    """
    # What is surely long need not be counted.
    if len(row.answer) > 4 * SHORT or estimated_tokens([row.answer])[0] > SHORT:
        return ""
    return normal_form(row.answer).rstrip(_END)
