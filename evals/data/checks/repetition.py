"""Repeated signs and phrases, as broken scrapers and broken models write them."""

import re
from collections.abc import Sequence

from evals.data.finding import Finding, first_of, found
from evals.data.row import DataRow

__all__ = ["repeated", "repetition"]

_RUN = re.compile(
    r"([^\W\d_])\1{6,}|(?=[,;:!]*[，。！？；：、])[，。！？；：、,;:!]{2,}|[？?]{4,}|!{4,}"
    r"|(?<=[\u4e00-\u9fff])[,;:!]{2,}|[,;:!]{2,}(?=[\u4e00-\u9fff])"
)
"""A letter seven times in a row, two commas or full stops; digits and lines of signs are often meant.

Two signs of Latin script are so beside Chinese characters only: `std::vector` and `for (;;)` are code.
"""

SHORTEST = 4
"""Characters of the shortest phrase that is looked for."""

LONGEST = 24
"""Characters of the longest."""

_LETTERS = re.compile(r"[^\W\d_]")

_MEANT = re.compile(
    r"^(?:[！!]{1,3}|[？?！!]{1,3})$|哈{2,}|呵{2,}|嘻{2,}|[hH][aA]|嘿{2,}|呜{2,}|啊{2,}|[zZ]{3,}|x{3,}|X{3,}|a{3,}h|o{3,}"
)
"""Laughter, shouts and blanks to be filled in."""


def repetition(rows: Sequence[DataRow]) -> list[Finding]:
    """Rows whose learned words repeat a phrase, and those that repeat a sign."""
    return [
        found("repeated-phrase", "warning", rows, lambda row: first_of(row.learned, repeated)),
        found("repeated-sign", "warning", rows, lambda row: first_of(row.learned, _run)),
    ]


def repeated(text: str) -> str | None:
    """The phrase that stands three times in a row in a text; None where none does.

    >>> repeated("好的好的好的好的好的好的"), repeated("一天三次，一次一片")
    ('好的好的', None)
    """
    # What is repeated begins at most three characters before one of these places.
    for start in range(0, len(text) - 2 * SHORTEST, SHORTEST):
        piece, again = text[start : start + SHORTEST], start
        while (again := text.find(piece, again + SHORTEST, start + LONGEST + SHORTEST)) >= 0:
            period = again - start
            same = 2 * period - SHORTEST + 1
            phrase = text[start:again]
            if text[start : start + same] == text[again : again + same] and _says_something(phrase):
                return phrase
    return None


def _says_something(phrase: str) -> bool:
    """Whether a phrase has different letters: lines, numbers, laughter and cells of a table are often meant."""
    return "|" not in phrase and len(set(_LETTERS.findall(phrase))) > 1


def _run(text: str) -> str | None:
    match = next((match for match in _RUN.finditer(text) if not _MEANT.search(match[0])), None)
    return text[max(0, match.start() - 10) : match.end() + 2] if match else None
