"""All default scores of texts beside their references: what `assay score` and suites report."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evals.metrics.answers import exact_match, f1
from evals.metrics.llamafactory import as_llamafactory
from evals.metrics.measured import Difference, Measured, Score, paired_difference, scored
from evals.metrics.ngrams import bleu, chrf, tokenizer_for
from evals.metrics.rouge import rouge
from evals.text.errors import DataError

__all__ = ["RESAMPLES", "TextScores", "compare_texts", "measure_texts", "score_texts"]

RESAMPLES = 1000
"""Bootstrap resamples behind an interval."""


@dataclass(frozen=True, slots=True)
class TextScores:
    """The scores of a list of texts."""

    n: int
    """Texts, every one of them counted."""

    scores: dict[str, Score]
    """`bleu`, `chrf`, `rouge1`, `rouge2`, `rougeL`, `exact_match` and `f1`."""

    llamafactory: dict[str, float] | None = None
    """`bleu4`, `rouge1`, `rouge2`, `rougeL` as LLaMA-Factory computes them, if asked for and installed."""

    def as_dict(self) -> dict[str, Any]:
        """As JSON: `n`, each score by its name, `llamafactory`."""
        scores = {name: score.as_dict() for name, score in self.scores.items()}
        return {"n": self.n, **scores, "llamafactory": self.llamafactory}


def score_texts(
    predictions: Sequence[str], references: Sequence[str], lang: str,
    *, seed: int = 0, resamples: int = RESAMPLES, parity: bool = False,
) -> TextScores:  # fmt: skip
    """Score texts in a language (`zh…`, `en`, …), with 95 % intervals; `parity` adds LLaMA-Factory's.

    Raises DataError for no texts, or another number of references than of predictions.
    """
    measured = measure_texts(predictions, references, lang)
    return TextScores(
        n=len(predictions),
        scores={name: scored(item, seed=seed, resamples=resamples) for name, item in measured.items()},
        llamafactory=as_llamafactory(predictions, references) if parity else None,
    )


def measure_texts(predictions: Sequence[str], references: Sequence[str], lang: str) -> dict[str, Measured]:
    """Every default metric with the value of each text. Raises DataError as `score_texts` does."""
    if len(predictions) != len(references):
        raise DataError(
            f"there are {len(predictions):,} predictions and {len(references):,} references; "
            "each prediction needs its own"
        )
    if not predictions:
        raise DataError("there are no predictions to score")
    return {
        "bleu": bleu(predictions, references, tokenizer_for(lang)),
        "chrf": chrf(predictions, references),
        **rouge(predictions, references),
        "exact_match": exact_match(predictions, references, lang),
        "f1": f1(predictions, references, lang),
    }


def compare_texts(
    predictions: Sequence[str], others: Sequence[str], references: Sequence[str], lang: str,
    *, seed: int = 0, resamples: int = RESAMPLES,
) -> dict[str, Difference]:  # fmt: skip
    """By how much `predictions` score above `others` on the same references, by every default metric.

    Raises DataError as `score_texts` does.
    """
    ours, theirs = (measure_texts(texts, references, lang) for texts in (predictions, others))
    return {name: paired_difference(ours[name], theirs[name], seed=seed, resamples=resamples) for name in ours}
