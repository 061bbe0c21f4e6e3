"""Numbers about each row, for checks that look at all rows together."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evals.data.finding import EXAMPLES, Example, Finding, Severity, short
from evals.data.language import languages_of
from evals.data.refusal import declines, refuses
from evals.data.row import DataRow
from evals.data.sentences import sentences_of
from evals.data.stance import stance
from evals.text.near import normal_form

__all__ = ["Facts", "digest", "facts_of", "finding_of", "forms_of"]

Numbers: TypeAlias = NDArray[Any]


@dataclass(frozen=True)
class Facts:
    """Facts of successive rows; arrays have an element a row."""

    words: Numbers
    """Digest of all that is said, in its normal form; rows with the same are copies."""

    asked: Numbers
    """Digest of all that is said before the last answer, letters and digits only; 0 for nothing."""

    answered: Numbers
    """Digest of the last answer, letters and digits only; 0 for nothing."""

    answer_sizes: Numbers
    """Its characters."""

    stances: Numbers
    """1 where it says yes, -1 where it says no, 0 where it does neither."""

    systems: Numbers
    """Digest of the system turns; 0 for none."""

    question_languages: Numbers
    """Language of the question, a place in `evals.data.language.LANGUAGES`."""

    answer_languages: Numbers
    """Language of what is learned."""

    refused: Numbers
    """Whether the answer refuses."""

    declined: Numbers
    """Whether it says that the question cannot be answered, or is wrong."""

    sentence_rows: Numbers
    """For each longer sentence of an answer, the place of its row among all."""

    sentences: Numbers
    """For each of them, its digest."""

    def __len__(self) -> int:
        return len(self.words)

    @classmethod
    def joined(cls, parts: Sequence["Facts"]) -> "Facts":
        """Put facts of successive rows together."""
        together: dict[str, Any] = {}
        for field in fields(cls):
            values = [getattr(part, field.name) for part in parts]
            if field.name == "sentence_rows":
                starts = np.cumsum([0, *map(len, parts)])
                values = [rows + start for rows, start in zip(values, starts, strict=False)]
            together[field.name] = np.concatenate(values)
        return cls(**together)


def facts_of(rows: Sequence[DataRow], forms: Sequence[str] | None = None) -> Facts:
    """Gather the facts of some rows; `forms` are their normal forms (`forms_of`) where they are known already."""
    questions, answers = [row.question for row in rows], [row.answer for row in rows]
    sentences = [sentences_of(row.answer) for row in rows]
    return Facts(
        words=_digests(forms if forms is not None else forms_of(rows)),
        asked=_digests(_letters("\n".join(turn.content for turn in row.asked)) for row in rows),
        answered=_digests(map(_letters, answers)),
        answer_sizes=np.array([len(answer) for answer in answers], np.int64),
        stances=np.array([*map(stance, questions, answers)], np.int8),
        systems=_digests(row.system for row in rows),
        question_languages=languages_of(questions).astype(np.int8),
        answer_languages=languages_of(["\n".join(row.learned) for row in rows]).astype(np.int8),
        refused=np.array([refuses(answer) is not None for answer in answers], bool),
        declined=np.array([declines(answer) is not None for answer in answers], bool),
        sentence_rows=np.repeat(np.arange(len(rows)), [len(one) for one in sentences]),
        sentences=_digests(sentence for one in sentences for sentence in one),
    )


def forms_of(rows: Sequence[DataRow]) -> list[str]:
    """The words of some rows in the form in which they are compared."""
    return [normal_form(row.compared) for row in rows]


def digest(text: str) -> int:
    """64 bits of BLAKE2b of a text; 0 of an empty one.

    >>> digest(""), digest("a")
    (0, 4681665781835383343)
    """
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()) if text else 0


def finding_of(
    check: str, severity: Severity, rows: Sequence[DataRow], places: Numbers, text: Callable[[int], str]
) -> Finding:
    """A finding of the rows at these places among all; `text` gives an example's text by its place."""
    first: list[int] = places[:EXAMPLES].tolist()
    return Finding(
        check, severity, len(places), tuple(Example(rows[place].place, short(text(place))) for place in first)
    )


def _digests(texts: Any) -> Numbers:
    return np.array([digest(text) for text in texts], np.uint64)


def _letters(text: str) -> str:
    """Letters and digits of a text in lower case, as `evals.leak.comparable` but for wide ones, which take its time."""
    return _SIGNS.sub("", text).lower()


_SIGNS = re.compile(r"\W+")
