"""The language of texts, told by their script, for many texts at once."""

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["LANGUAGES", "languages_of"]

LANGUAGES = (
    "too short to tell",
    "Chinese",
    "traditional Chinese",
    "Latin script",
    "Japanese",
    "Korean",
    "Cyrillic",
    "Arabic",
)
"""What a text can be in."""

_LEAST = 4
"""Characters or words below which nothing is said."""

_HAN, _TRADITIONAL, _LATIN, _KANA, _HANGUL, _CYRILLIC, _ARABIC = range(1, 8)

_RANGES = (
    (0x41, 0x5A, _LATIN), (0x61, 0x7A, _LATIN), (0xC0, 0x24F, _LATIN), (0x400, 0x4FF, _CYRILLIC),
    (0x600, 0x6FF, _ARABIC),
    (0x3041, 0x30FA, _KANA), (0x3400, 0x4DBF, _HAN), (0x4E00, 0x9FFF, _HAN), (0xAC00, 0xD7AF, _HANGUL),
)  # fmt: skip
"""Which characters are of which script."""

Numbers: TypeAlias = NDArray[Any]


def languages_of(texts: Sequence[str]) -> Numbers:
    """The language that most characters (Chinese, Korean) or words of each text are in, as places in LANGUAGES.

    Japanese is told by one kana in ten of its characters, traditional Chinese by one character in twenty that
    simplified Chinese does not have.

    >>> [LANGUAGES[one] for one in languages_of(["发热三天怎么办", "發熱三天怎麼辦", "It is a fever", "38.5"])]
    ['Chinese', 'traditional Chinese', 'Latin script', 'too short to tell']
    """
    if not texts:
        return np.empty(0, np.int64)
    codes = np.frombuffer("\n".join((*texts, "")).encode("utf-32-le", "surrogatepass"), np.uint32)
    script = _scripts()[np.minimum(codes, 0xFFFF)]
    text_of = np.repeat(np.arange(len(texts)), np.fromiter((len(text) + 1 for text in texts), np.int64, len(texts)))
    # Of scripts that write words, only the first letter of each counts.
    begins = np.concatenate(([True], script[1:] != script[:-1]))
    counted = begins | ~np.isin(script, (_LATIN, _CYRILLIC, _ARABIC))
    counts = np.bincount(text_of[counted] * 8 + script[counted], minlength=8 * len(texts)).reshape(-1, 8)
    return _told(counts)


def _told(counts: Numbers) -> Numbers:
    """The language by how many characters or words of each script there are, [texts, 8]."""
    traditional, kana = counts[:, _TRADITIONAL], counts[:, _KANA]
    han = counts[:, _HAN] + traditional
    of_words = counts[:, [_LATIN, _HANGUL, _CYRILLIC, _ARABIC]]
    languages = np.array([1, 3, 5, 6, 7])
    compared = np.column_stack((han, of_words))
    told = np.where(compared.max(axis=1) >= _LEAST, languages[compared.argmax(axis=1)], 0)
    told = np.where((told == 1) & (20 * traditional > han), 2, told)
    return np.where((kana >= _LEAST) & (9 * kana >= han), 4, told)


@cache
def _scripts() -> Numbers:
    """The script of each character of the basic plane, 0 for none."""
    table = np.zeros(0x10000, np.uint8)
    for first, last, script in _RANGES:
        table[first : last + 1] = script
    for code in range(0x4E00, 0x9FFF + 1):
        # What Taiwan's character set has and the mainland's has not.
        if not _has(code, "gb2312") and _has(code, "big5"):
            table[code] = _TRADITIONAL
    return table


def _has(code: int, charset: str) -> bool:
    return bool(chr(code).encode(charset, "ignore"))
