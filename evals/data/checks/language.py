"""The mix of languages, and answers in another language than their question."""

import re
from collections.abc import Sequence

import numpy as np

from evals.data.alike import Numbers
from evals.data.facts import Facts, finding_of
from evals.data.finding import Finding
from evals.data.language import LANGUAGES
from evals.data.row import DataRow

__all__ = ["languages"]

MAIN = 0.8
"""Share of a file's rows from which on a language is the file's, and others are odd; below it a mix is meant."""

_ASKED_FOR = re.compile(
    r"翻译|译成|译为|英文|英语|中文|日语|日文|韩语|法语|德语|俄语|西班牙语|代码|编程|程序|函数|正则|SQL|python|java|html|英译|汉译|单词|缩写"
    r"|translat|in (?:english|chinese|japanese|korean|french|german|russian|spanish)"
    r"|\bcode\b|function|program|script|regex|query",
    re.IGNORECASE,
)


def languages(rows: Sequence[DataRow], facts: Facts) -> list[Finding]:
    """Rows in another language than most of their file; of a mix, those not in its commonest language, as info.

    A file of its own for another language is such a mix. Where a translation or code is asked for, an answer in another
    language than its question is meant.
    """
    learned, asked = facts.answer_languages, facts.question_languages
    odd, mixed = _odd(rows, learned)
    differs = np.flatnonzero((learned > 0) & (asked > 0) & (learned != asked))

    def told(place: int) -> str:
        return f"{LANGUAGES[learned[place]]}: {rows[place].learned[0]}"

    return [
        finding_of("other-language", "warning", rows, odd, told),
        finding_of("mixed-languages", "info", rows, mixed, told),
        finding_of(
            "answer-in-other-language", "warning", rows, _unasked(rows, differs),
            lambda place: f"{rows[place].question[:28]} → {rows[place].answer}",
        ),
    ]  # fmt: skip


def _odd(rows: Sequence[DataRow], learned: Numbers) -> tuple[Numbers, Numbers]:
    """Places of the rows that are odd in their file, and of the others that are not in the commonest language."""
    _, file_of = np.unique([row.file for row in rows], return_inverse=True)
    kinds = len(LANGUAGES)
    counts = np.bincount(file_of * kinds + learned, weights=learned > 0).astype(np.int64)
    counts = np.pad(counts, (0, -len(counts) % kinds)).reshape(-1, kinds)
    has_main = counts.max(axis=1) >= MAIN * counts.sum(axis=1)
    known, main = learned > 0, counts.argmax(axis=1)
    is_odd = known & has_main[file_of] & (learned != main[file_of])
    is_mixed = known & ~is_odd & (learned != counts.sum(axis=0).argmax())
    return np.flatnonzero(is_odd), np.flatnonzero(is_mixed)


def _unasked(rows: Sequence[DataRow], places: Numbers) -> Numbers:
    """Those of some rows in which nobody asks for another language."""
    numbers: list[int] = places.tolist()
    asked = [any(map(_ASKED_FOR.search, rows[place].words)) for place in numbers]
    return places[~np.array(asked, bool)]
