"""BLEU and ROUGE as LLaMA-Factory computes them, to stand beside figures that were made with it.

After `ComputeSimilarity` in its `src/llamafactory/train/sft/metric.py`: NLTK's sentence BLEU over all characters,
blanks as well, smoothed by method 3; ROUGE of rouge-chinese over jieba's words, which counts an n-gram once
however often it is there; each rounded to four digits, then the mean. Not comparable with sacreBLEU's.
"""

from collections.abc import Sequence
from importlib import import_module
from statistics import fmean
from typing import Any

from evals.metrics.tokens import jieba_pieces

__all__ = ["as_llamafactory"]

_NAMES = {"bleu-4": "bleu4", "rouge-1": "rouge1", "rouge-2": "rouge2", "rouge-l": "rougeL"}


def as_llamafactory(predictions: Sequence[str], references: Sequence[str]) -> dict[str, float] | None:
    """`bleu4`, `rouge1`, `rouge2` and `rougeL`, 0 to 100; None where its packages (extra `parity`) are missing."""
    try:
        nltk: Any = import_module("nltk.translate.bleu_score")
        scorer: Any = import_module("rouge_chinese").Rouge()
    except ModuleNotFoundError:
        return None
    smoothing = nltk.SmoothingFunction().method3
    items = [
        {
            **_rouge(scorer, prediction, reference),
            "bleu-4": float(nltk.sentence_bleu([list(reference)], list(prediction), smoothing_function=smoothing)),
        }
        for prediction, reference in zip(predictions, references, strict=True)
    ]
    return {ours: fmean(round(item[theirs] * 100, 4) for item in items) for theirs, ours in _NAMES.items()}


def _rouge(scorer: Any, prediction: str, reference: str) -> dict[str, float]:
    said, wanted = " ".join(jieba_pieces(prediction)), " ".join(jieba_pieces(reference))
    if not said.split() or not wanted.split():
        return {"rouge-1": 0.0, "rouge-2": 0.0, "rouge-l": 0.0}
    return {name: value["f"] for name, value in scorer.get_scores(said, wanted)[0].items()}
