"""BLEU and chrF as sacreBLEU computes them, with the statistics of each text kept for the bootstrap.

Both see the texts as they are given: no lower-casing, no Unicode normalisation.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from evals.metrics.measured import Array, Measured

__all__ = ["bleu", "chrf", "tokenizer_for"]

ORDERS = 4
"""BLEU looks at n-grams of one to four tokens."""


def tokenizer_for(lang: str) -> str:
    """SacreBLEU's tokenizer for a language: 13a splits no Chinese, so that a line would be one token.

    >>> tokenizer_for("zh-CN"), tokenizer_for("en")
    ('zh', '13a')
    """
    return "zh" if lang.lower().startswith("zh") else "13a"


def bleu(predictions: Sequence[str], references: Sequence[str], tokenize: str) -> Measured:
    """Corpus BLEU; `tokenize` is a name of sacreBLEU's. An item is sentence BLEU with effective order.

    Equal to `sacrebleu.corpus_bleu`. Where no text of either side has four tokens, four-grams do not
    exist and sacreBLEU calls even equal texts 0: there the effective order is taken, and the
    signature says `eff:yes`.
    """
    metric: Any = BLEU(tokenize=tokenize, force=True)
    counts = _statistics(metric, predictions, references)
    long = (counts[:, :2] >= ORDERS).any(axis=1).astype(np.float64)
    metric.effective_order = not long.any()
    statistics = np.column_stack([counts, long])
    return Measured(
        score=_corpus_bleu(counts.sum(axis=0), effective=metric.effective_order),
        items=_bleu_of_sums(np.column_stack([counts, np.zeros(len(counts))])),
        statistics=statistics, of_sums=_bleu_of_sums, signature=str(metric.get_signature()),
    )  # fmt: skip


def chrf(predictions: Sequence[str], references: Sequence[str]) -> Measured:
    """Corpus chrF2 (characters alone). Equal to `sacrebleu.corpus_chrf`, an item to `sentence_chrf`."""
    metric: Any = CHRF()
    statistics = _statistics(metric, predictions, references)
    return Measured(
        score=float(_chrf_of_sums(statistics.sum(axis=0, keepdims=True))[0]), items=_chrf_of_sums(statistics),
        statistics=statistics, of_sums=_chrf_of_sums, signature=str(metric.get_signature()),
    )  # fmt: skip


def _statistics(metric: Any, predictions: Sequence[str], references: Sequence[str]) -> Array:
    # Its own bootstrap and significance tests read them there too; there is no public way.
    found = metric._extract_corpus_statistics(predictions, [references])  # noqa: SLF001 - see above
    return np.array(found, dtype=np.float64)


def _corpus_bleu(sums: Array, *, effective: bool) -> float:
    said, wanted, *counts = [int(number) for number in sums]
    metric: Any = BLEU
    found = metric.compute_bleu(
        counts[:ORDERS], counts[ORDERS:], said, wanted, smooth_method="exp", effective_order=effective
    )
    # Its logarithms give equal texts 100.00000000000004.
    return min(found.score, 100.0)


def _bleu_of_sums(sums: Array) -> Array:
    """BLEU of each row (tokens said and wanted, n-grams right, n-grams said, texts of four tokens or more).

    As `BLEU.compute_bleu` with exponential smoothing; the effective order is taken in rows without any
    text of four tokens.
    """
    said, wanted, right, tried = sums[:, 0], sums[:, 1], sums[:, 2 : 2 + ORDERS], sums[:, 2 + ORDERS : -1]
    there = tried > 0
    missed = there & (right == 0)
    # The k-th order without a match counts as 1 / 2^k of a match.
    smoothed = np.where(missed, 0.5 ** np.cumsum(missed, axis=1), right)
    logs = np.log(np.where(there, 100 * smoothed / np.maximum(tried, 1), 1.0))
    orders = there.sum(axis=1)
    brevity = np.where(said < wanted, np.exp(1 - wanted / np.maximum(said, 1)), 1.0)
    whole = (orders == ORDERS) | (sums[:, -1] == 0)
    scores = brevity * np.exp(logs.sum(axis=1) / np.maximum(orders, 1))
    return np.where(whole & right.any(axis=1), np.minimum(scores, 100.0), 0.0)


def _chrf_of_sums(sums: Array) -> Array:
    """ChrF of each row (for each order: n-grams said, wanted, shared), as sacreBLEU weighs it: recall twice."""
    said, wanted, shared = np.moveaxis(sums.reshape(len(sums), -1, 3), 2, 0)
    there = (said > 0) & (wanted > 0)
    orders = np.maximum(there.sum(axis=1), 1)
    precision = np.where(there, shared / np.maximum(said, 1), 0.0).sum(axis=1) / orders
    recall = np.where(there, shared / np.maximum(wanted, 1), 0.0).sum(axis=1) / orders
    weighed = 4 * precision + recall
    return 100 * (5 * precision * recall / np.where(weighed > 0, weighed, 1.0))
