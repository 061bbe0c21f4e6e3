"""Lists of phrases that are looked for in very many texts: a few letters of each first, which is fast."""

import re
from collections.abc import Iterator, Mapping

__all__ = ["Phrases"]


class Phrases:
    """Regular expressions, each with letters that stand in all that it matches."""

    def __init__(self, patterns: Mapping[str, str]) -> None:
        """Take patterns by those letters, in lower case; a pattern's own case makes no difference.

        >>> Phrases({"fever": "high fever|fever"}).first("A Fever")[0]
        'Fever'
        """
        self._patterns = [(letters, re.compile(pattern, re.IGNORECASE)) for letters, pattern in patterns.items()]
        self._any = re.compile("|".join(map(re.escape, patterns)))

    def first(self, text: str) -> re.Match[str] | None:
        """The first of the patterns, in their order, that matches somewhere in a text."""
        return next(self.each(text), None)

    def each(self, text: str) -> Iterator[re.Match[str]]:
        """The first match of each of the patterns that matches."""
        lower = text.lower()
        if not self._any.search(lower):
            return
        for letters, pattern in self._patterns:
            if letters in lower and (match := pattern.search(text)):
                yield match
