"""Answer questions with choices by likelihood: the choice that continues the question best.

The rules are those of lm-evaluation-harness 0.4 (lm_eval/models/huggingface.py `_loglikelihood_tokens`,
api/task.py `process_results`), so that accuracies can be compared with its own.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import nn

from evals.choice_items import ChoiceItem
from evals.choice_prompt import Pair, Style, encode_pair, item_pairs, item_prompt, letter_prompt
from evals.generate import evaluating, longest_input
from evals.packed import log_likelihoods
from evals.prompt import ChatTemplate, ChatTokenizer
from evals.text.errors import DataError

__all__ = [
    "ChoiceScore", "Pair", "Style", "accuracy", "accuracy_norm", "encode_pair", "item_pairs", "item_prompt",
    "letter_prompt", "score_items",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChoiceScore:
    """What a model makes of one question."""

    id: str
    """The question's id."""

    lls: list[float]
    """Log-likelihood of each choice after the question, in nats, summed over its tokens; in letter style, of its
    letter."""

    pred: int
    """Place of the likeliest choice, the first of equals; -1 where a log-likelihood is NaN."""

    pred_norm: int
    """The same by log-likelihood a character of what was scored."""

    correct: bool
    """Whether `pred` is the answer."""

    correct_norm: bool
    """Whether `pred_norm` is the answer."""

    cut: int = 0
    """Tokens cut off at the start because question and longest choice did not fit."""


def score_items(
    model: nn.Module,
    tokenizer: ChatTokenizer,
    items: Sequence[ChoiceItem],
    *,
    style: Style = "plain",
    shots: Sequence[ChoiceItem] = (),
    batch_size: int = 4,
    share: bool = True,
    progress: Callable[[int], None] | None = None,
) -> list[ChoiceScore]:
    """Score every choice of every question, `batch_size` questions at once; in the order of `items`.

    `shots` are answered examples that stand before each question. Log-probabilities are float32 whatever the model
    computes in. With `share`, and a model that allows it, what several choices or questions begin with is computed
    once; without, each choice is a row of its own, as in lm-evaluation-harness, and the scores are the same.
    A question that does not fit with its choice is cut from the left, and the cut is counted in its score.
    `progress` is told how many are scored so far.
    Raises DataError for a choice that is longer than the model reads, or nothing to the tokenizer, for more choices
    than letters, and for a question that is one of `shots`.
    """
    limit = longest_input(model)
    chat = ChatTemplate(tokenizer) if style == "chat" else None
    wording = "letter" if style == "letter" else "plain"
    questions = [
        _checked(item, item_pairs(tokenizer, item, chat, wording=wording, shots=shots), limit) for item in items
    ]
    scores: dict[int, ChoiceScore] = {}
    with evaluating(model):
        for batch in log_likelihoods(model, questions, limit=limit, batch_size=batch_size, share=share):
            for place, lls, cut in batch:
                scores[place] = _score(items[place], lls, cut, wording == "letter")
            if progress:
                progress(len(scores))
    return [scores[place] for place in range(len(items))]


def accuracy(scores: Sequence[ChoiceScore]) -> float:
    """Share of questions whose likeliest choice is right (`acc`); NaN of no questions.

    >>> accuracy([ChoiceScore("q", [-1.0, -2.0], 0, 1, True, False)])
    1.0
    """
    return sum(score.correct for score in scores) / len(scores) if scores else math.nan


def accuracy_norm(scores: Sequence[ChoiceScore]) -> float:
    """Share of questions whose choice likeliest a character is right (`acc_norm`); NaN of no questions.

    >>> accuracy_norm([ChoiceScore("q", [-1.0, -2.0], 0, 1, True, False)])
    0.0
    """
    return sum(score.correct_norm for score in scores) / len(scores) if scores else math.nan


def _checked(item: ChoiceItem, pairs: list[Pair], limit: int | None) -> list[Pair]:
    for number, pair in enumerate(pairs):
        length = len(pair.continuation)
        if not pair.context:
            raise DataError(f"question {item.id} has no token in this vocabulary; leave it out")
        if not length:
            raise DataError(f"choice {number} of question {item.id} has no token in this vocabulary; leave it out")
        if limit is not None and length > limit:
            raise DataError(
                f"choice {number} of question {item.id} has {length} tokens, the model reads {limit}; leave it out"
            )
    return pairs


def _score(item: ChoiceItem, lls: list[float], cut: int, by_letter: bool = False) -> ChoiceScore:
    pred = _likeliest(lls)
    lengths = [1 if by_letter else len(choice) for choice in item.choices]
    pred_norm = _likeliest([ll / length for ll, length in zip(lls, lengths, strict=True)])
    return ChoiceScore(item.id, lls, pred, pred_norm, pred == item.answer, pred_norm == item.answer, cut)


def _likeliest(values: list[float]) -> int:
    if any(math.isnan(value) for value in values):
        return -1
    return max(range(len(values)), key=values.__getitem__)
