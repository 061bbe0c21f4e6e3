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
"""Share of the rows from which on a language is the one of the data, and others are odd; below it a mix is meant."""

_ASKED_FOR = re.compile(
    r"翻译|译成|译为|英文|英语|中文|日语|日文|韩语|法语|德语|俄语|西班牙语|代码|编程|程序|函数|正则|SQL|python|java|html|英译|汉译|单词|缩写"
    r"|translat|in (?:english|chinese|japanese|korean|french|german|russian|spanish)"
    r"|\bcode\b|function|program|script|regex|query",
    re.IGNORECASE,
)


def languages(rows: Sequence[DataRow], facts: Facts) -> list[Finding]:
    """Rows in another language than most, and rows whose answer is in another language than the question.

    Where a translation or code is asked for, another language is meant.
    """
    learned, asked = facts.answer_languages, facts.question_languages
    counts = np.bincount(learned[learned > 0], minlength=len(LANGUAGES))
    main = int(counts.argmax())
    odd = np.flatnonzero((learned > 0) & (learned != main))
    meant = bool(counts[main] < MAIN * counts.sum())
    differs = np.flatnonzero((learned > 0) & (asked > 0) & (learned != asked))
    return [
        finding_of(
            "mixed-languages" if meant else "other-language", "info" if meant else "warning", rows, odd,
            lambda place: f"{LANGUAGES[learned[place]]}: {rows[place].learned[0]}",
        ),
        finding_of(
            "answer-in-other-language", "warning", rows, _unasked(rows, differs),
            lambda place: f"{rows[place].question[:28]} → {rows[place].answer}",
        ),
    ]  # fmt: skip


def _unasked(rows: Sequence[DataRow], places: Numbers) -> Numbers:
    """Those of some rows in which nobody asks for another language."""
    numbers: list[int] = places.tolist()
    asked = [any(map(_ASKED_FOR.search, rows[place].words)) for place in numbers]
    return places[~np.array(asked, bool)]
