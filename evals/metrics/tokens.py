"""Tokens for ROUGE. The tokenizer of rouge-score deletes every letter outside a-z; these keep them all."""

from collections.abc import Callable
from functools import cache
from typing import Any

import regex

__all__ = ["TOKENIZERS", "Tokenizer", "characters", "jieba_pieces", "jieba_words", "mixed"]

_SINGLE = r"\p{Han}\p{Hiragana}\p{Katakana}ー"
"""Written without spaces: each of these is a token of its own."""

_TOKEN = regex.compile(rf"(?V1)[{_SINGLE}]|[[\p{{L}}\p{{M}}\p{{N}}]--[{_SINGLE}]]+")


class Tokenizer:
    """What rouge-score asks of a tokenizer."""

    def __init__(self, split: Callable[[str], list[str]]) -> None:
        """`split` makes tokens of a text."""
        self._split = split

    def tokenize(self, text: str) -> list[str]:
        """The tokens of a text, in order."""
        return self._split(text)


def mixed(text: str) -> list[str]:
    """Lower-case words, and single characters where a script is written without spaces.

    On plain English the tokens are those of rouge-score itself.

    >>> mixed("服用 Aspirin 5mg，café")
    ['服', '用', 'aspirin', '5mg', 'café']
    """
    return _TOKEN.findall(text.lower())


def characters(text: str) -> list[str]:
    """Every character but blanks, punctuation as well.

    >>> characters("5 mg。")
    ['5', 'm', 'g', '。']
    """
    return [character for character in text if not character.isspace()]


def jieba_words(text: str) -> list[str]:
    """Words as jieba finds them, without blanks."""
    return [word for word in jieba_pieces(text) if not word.isspace()]


def jieba_pieces(text: str) -> list[str]:
    """The whole text in the pieces that jieba makes of it, blanks too."""
    return list(_jieba().cut(text))


@cache
def _jieba() -> Any:
    # Its dictionary takes a second to load and is not needed for the default scores.
    import jieba  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs] - see above; it has no types

    found: Any = jieba
    found.setLogLevel("WARNING")
    return found


TOKENIZERS = {"mixed": Tokenizer(mixed), "char": Tokenizer(characters), "jieba": Tokenizer(jieba_words)}
"""By name; `mixed` is the default."""
