"""Exact match and F1 of short answers, as SQuAD's, and for Chinese by characters.

Case, punctuation and the form of a character (NFKC: full width, ligatures) do not count, nor do
English articles. Unlike in SQuAD, a point between two digits does count (0.5 mg is not 05 mg), symbols do
(<5 is not >5), and an answer of which nothing would be left stays (the choice A is not an empty answer).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np

from evals.metrics.measured import Measured, mean_of
from evals.metrics.ngrams import tokenizer_for

__all__ = ["answer_f1", "answer_tokens", "exact_match", "f1"]

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_DECIMAL_POINT = re.compile(r"(?<=\d)\.(?=\d)")
_POINT = "\N{FRACTION SLASH}"
"""Stands for a decimal point while punctuation is taken out; as a symbol it stays."""


def exact_match(predictions: Sequence[str], references: Sequence[str], lang: str) -> Measured:
    """Share of answers that are equal but for case, punctuation, blanks and form, 0 to 100."""
    return mean_of(
        np.array([
            100.0 * (answer_tokens(prediction, lang) == answer_tokens(reference, lang))
            for prediction, reference in zip(predictions, references, strict=True)
        ])
    )  # fmt: skip


def f1(predictions: Sequence[str], references: Sequence[str], lang: str) -> Measured:
    """Mean overlap of the answers' words, for Chinese of their characters, 0 to 100."""
    return mean_of(
        np.array([
            100.0 * answer_f1(answer_tokens(prediction, lang), answer_tokens(reference, lang))
            for prediction, reference in zip(predictions, references, strict=True)
        ])
    )  # fmt: skip


def answer_tokens(text: str, lang: str) -> list[str]:
    """What counts of an answer: its words, for Chinese its characters without blanks.

    >>> answer_tokens("The dose: ０.5 mg.", "en"), answer_tokens("服用 5mg。", "zh")
    (['dose', '0.5', 'mg'], ['服', '用', '5', 'm', 'g'])
    """
    folded = _DECIMAL_POINT.sub(_POINT, unicodedata.normalize("NFKC", text).lower())
    bare = "".join(character for character in folded if unicodedata.category(character)[0] != "P")
    bare = (bare if bare.strip() else folded).replace(_POINT, ".")
    if tokenizer_for(lang) == "zh":
        return list("".join(bare.split()))
    words = _ARTICLES.sub(" ", bare).split() if lang.lower().startswith("en") else []
    return words or bare.split()


def answer_f1(said: Sequence[str], wanted: Sequence[str]) -> float:
    """F1 of two bags of tokens, 0 to 1; where one is empty, whether both are."""
    if not said or not wanted:
        return float(said == wanted)
    shared = (Counter(said) & Counter(wanted)).total()
    return 2 * shared / (len(said) + len(wanted))
