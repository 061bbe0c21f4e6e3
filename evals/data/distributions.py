"""How training data is made up: how long its questions and answers are, turns, languages, sources, subtasks."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.data.facts import Facts
from evals.data.language import LANGUAGES
from evals.data.row import DataRow

__all__ = ["MOST", "Lengths", "distributions", "lengths_of"]

MOST = 40
"""Names of a kind that are listed, the commonest; the rest is one number."""

BINS = 24
"""Bins of a length at the most, but for one that takes what is far longer than the rest."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Lengths:
    """How long the parts of some rows are, in tokens or characters."""

    questions: Numbers
    """The last question of each row that has one."""

    answers: Numbers
    """The last answer of each row that has one."""

    texts: Numbers
    """Each row of plain text."""

    @classmethod
    def joined(cls, parts: Sequence["Lengths"]) -> "Lengths":
        """Put lengths of successive rows together."""
        return cls(*(np.concatenate(each) for each in zip(*(vars(part).values() for part in parts), strict=True)))


def lengths_of(rows: Sequence[DataRow], sizes: Iterable[int]) -> Lengths:
    """Gather the lengths of some rows; `sizes` are those of all their turns, one row after the other."""
    counted = iter(sizes)
    questions, answers, texts = list[int](), list[int](), list[int]()
    for row in rows:
        each = [next(counted) for _ in row.sample.turns]
        if row.is_text:
            texts.append(sum(each))
            continue
        before = zip(row.sample.turns[: row.last_answer], each, strict=False)
        questions += [size for turn, size in before if turn.role == "user"][-1:]
        answers += [] if row.last_answer is None else [each[row.last_answer]]
    return Lengths(*(np.array(found, np.int64) for found in (questions, answers, texts)))


def distributions(
    rows: Sequence[DataRow], facts: Facts, lengths: Lengths, sources: Mapping[str, str], unit: str
) -> dict[str, Any]:
    """What `assay data check --json` says of all rows; `sources` names a file's source by its name.

    `unit` is what lengths are in. A length has its median, 95th percentile, longest, and rows by bins: `counts[i]` of
    them are at least `edges[i]` and shorter than `edges[i + 1]`. Kinds without a row are left out.
    """
    talks = [row for row in rows if not row.is_text]
    turns = Counter(sum(turn.role == "user" for turn in row.sample.turns) for row in talks)
    spoken = Counter[int](facts.answer_languages.tolist())
    found = {
        "unit": unit,
        "question_length": _length(lengths.questions),
        "answer_length": _length(lengths.answers),
        "text_length": _length(lengths.texts),
        "turns": [{"turns": number, "rows": turns[number]} for number in sorted(turns)],
        "languages": _commonest({LANGUAGES[place]: count for place, count in spoken.items()}),
        "sources": _commonest(Counter(row.sample.source or sources.get(row.file, row.file) for row in rows)),
        "subtasks": _commonest(Counter(row.sample.task for row in rows if row.sample.task is not None)),
    }
    return {name: value for name, value in found.items() if value}


def _length(sizes: Numbers) -> dict[str, Any] | None:
    if not len(sizes):
        return None
    longest = int(sizes.max())
    median, most, nearly_all = (round(float(value)) for value in np.percentile(sizes, (50, 95, 99)))
    edges = _edges(nearly_all, longest)
    counts: list[int] = np.histogram(sizes, edges)[0].tolist()
    return {"median": median, "p95": most, "longest": longest, "edges": edges, "counts": counts}


def _edges(nearly_all: int, longest: int) -> list[int]:
    """Ends of bins of one width up to what nearly all rows stay below; what is longer has a bin together.

    >>> _edges(4, 4), _edges(50, 999)
    ([0, 1, 2, 3, 4, 5], [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 1000])
    """
    width = next(each for each in _WIDTHS if nearly_all < BINS * each)
    edges = list(range(0, nearly_all + width + 1, width))
    return edges if longest < edges[-1] else [*edges, longest + 1]


_WIDTHS = [digit * 10**power for power in range(15) for digit in (1, 2, 5)]


def _commonest(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Names with their rows, the commonest first; those beyond `MOST` together, without a name."""
    order = sorted(counts, key=lambda name: (-counts[name], name))
    rest = sum(counts[name] for name in order[MOST:])
    listed: list[dict[str, Any]] = [{"name": name, "rows": counts[name]} for name in order[:MOST]]
    return [*listed, {"name": None, "rows": rest}] if rest else listed
