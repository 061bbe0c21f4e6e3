"""The same metrics as classes of Hugging Face's `evaluate`, for code that expects those.

They are instantiated as they are, `Bleu("zh").compute(predictions=…, references=…)`: `evaluate.load` looks a
name up on a server and does not work without one. Importing this module loads torch and datasets.
"""

from collections.abc import Callable, Sequence
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import datasets  # pyright: ignore[reportMissingTypeStubs] - it has no types
import evaluate  # pyright: ignore[reportMissingTypeStubs] - it has no types

from evals.metrics.answers import exact_match, f1
from evals.metrics.measured import Measured, scored
from evals.metrics.ngrams import bleu, chrf, tokenizer_for
from evals.metrics.rouge import rouge

__all__ = ["F1", "METRICS", "Bleu", "Chrf", "ExactMatch", "Rouge"]

_Measure: TypeAlias = Callable[[Sequence[str], Sequence[str], str], dict[str, Measured]]

_evaluate: Any = evaluate
_datasets: Any = datasets
_Base: Any = _evaluate.Metric


class TextMetric(_Base):
    """A metric of texts in one language; `compute` gives `{name: {"score", "low", "high"}}`, 0 to 100."""

    measure: _Measure

    def __init__(self, lang: str = "en", *, seed: int = 0, resamples: int = 1000) -> None:
        """`seed` and `resamples` are those of the bootstrap behind the intervals."""
        self._lang, self._draws = lang, (seed, resamples)
        # It makes a folder in the user's cache, of no use while everything stays in memory.
        with TemporaryDirectory() as folder:
            _Base.__init__(self, keep_in_memory=True, cache_dir=folder)

    def _info(self) -> Any:
        text = _datasets.Value("string")
        features = _datasets.Features({"predictions": text, "references": text})
        return _evaluate.MetricInfo(description=type(self).__doc__, citation="", features=features)

    def _compute(self, predictions: Sequence[str], references: Sequence[str]) -> dict[str, Any]:
        seed, resamples = self._draws
        found = type(self).measure(predictions, references, self._lang)
        return {name: scored(item, seed=seed, resamples=resamples).as_dict() for name, item in found.items()}


def _bleu(predictions: Sequence[str], references: Sequence[str], lang: str) -> dict[str, Measured]:
    return {"bleu": bleu(predictions, references, tokenizer_for(lang))}


def _chrf(predictions: Sequence[str], references: Sequence[str], _lang: str) -> dict[str, Measured]:
    return {"chrf": chrf(predictions, references)}


def _rouge(predictions: Sequence[str], references: Sequence[str], _lang: str) -> dict[str, Measured]:
    return rouge(predictions, references)


def _exact_match(predictions: Sequence[str], references: Sequence[str], lang: str) -> dict[str, Measured]:
    return {"exact_match": exact_match(predictions, references, lang)}


def _f1(predictions: Sequence[str], references: Sequence[str], lang: str) -> dict[str, Measured]:
    return {"f1": f1(predictions, references, lang)}


class Bleu(TextMetric):
    """Corpus BLEU, sacreBLEU's."""

    measure = staticmethod(_bleu)


class Chrf(TextMetric):
    """Corpus chrF, sacreBLEU's."""

    measure = staticmethod(_chrf)


class Rouge(TextMetric):
    """ROUGE-1, ROUGE-2 and ROUGE-L, rouge-score's, with tokens that keep Chinese."""

    measure = staticmethod(_rouge)


class ExactMatch(TextMetric):
    """Exact match of short answers."""

    measure = staticmethod(_exact_match)


class F1(TextMetric):
    """F1 of short answers."""

    measure = staticmethod(_f1)


METRICS: tuple[type[TextMetric], ...] = (Bleu, Chrf, Rouge, ExactMatch, F1)
"""Together they give what `evals.metrics.scores.score_texts` gives."""
