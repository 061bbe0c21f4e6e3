"""ROUGE-1, ROUGE-2 and ROUGE-L through rouge-score, with tokens that keep Chinese."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from evals.metrics.measured import Measured, mean_of
from evals.metrics.tokens import TOKENIZERS

__all__ = ["common_subsequence", "rouge"]


def rouge(predictions: Sequence[str], references: Sequence[str], tokenizer: str = "mixed") -> dict[str, Measured]:
    """`rouge1`, `rouge2` and `rougeL`: the mean of the texts' F, 0 to 100; `tokenizer` is one of `TOKENIZERS`.

    ROUGE-L takes a text as one sentence, as rouge-score's `rougeL` does, and all are equal to rouge-score's: a
    text without tokens scores 0, and in ROUGE-2 one of a single token.
    """
    # It brings all of NLTK: every start of a training run would wait a second for it.
    from rouge_score.rouge_scorer import RougeScorer  # noqa: PLC0415 # pyright: ignore[reportMissingTypeStubs] - see above; it has no types

    tokens = TOKENIZERS[tokenizer]
    scorer: Any = RougeScorer(["rouge1", "rouge2"], tokenizer=tokens)
    found = [_scores(scorer, *pair) for pair in zip(predictions, references, strict=True)]
    columns = np.array(found, dtype=np.float64).T * 100
    return {name: mean_of(column) for name, column in zip(("rouge1", "rouge2", "rougeL"), columns, strict=True)}


def _scores(scorer: Any, prediction: str, reference: str) -> tuple[float, float, float]:
    grams = scorer.score(reference, prediction)
    tokenize = scorer._tokenizer.tokenize  # noqa: SLF001 - the one that we gave it
    longest = _longest(tokenize(prediction), tokenize(reference))
    return grams["rouge1"].fmeasure, grams["rouge2"].fmeasure, longest


def _longest(said: list[str], wanted: list[str]) -> float:
    """F of the longest common subsequence, 0 to 1."""
    if not said or not wanted:
        return 0.0
    from rouge_score import scoring  # noqa: PLC0415 # pyright: ignore[reportMissingTypeStubs] - as above; it has no types

    common = common_subsequence(said, wanted)
    library: Any = scoring
    return library.fmeasure(common / len(said), common / len(wanted))


def common_subsequence(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence.

    rouge-score fills a table in Python, 3 ms for 130 tokens; here a row of the table is the bits of one
    integer (Hyyrö 2004, Bit-parallel LCS-length computation revisited).

    >>> common_subsequence("abcde", "xbdez")
    3
    """
    places: dict[str, int] = {}
    for place, token in enumerate(one):
        places[token] = places.get(token, 0) | 1 << place
    full = (1 << len(one)) - 1
    row = full
    for token in other:
        met = row & places.get(token, 0)
        row = (row + met | row - met) & full
    return len(one) - row.bit_count()
