"""Answer questions with choices by likelihood: the choice that continues the question best.

The rules are those of lm-evaluation-harness 0.4 (lm_eval/api/model.py `_encode_pair`, models/huggingface.py
`_loglikelihood_tokens`, api/task.py `process_results`), so that accuracies can be compared with its own.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal, NamedTuple, TypeAlias

import torch
from torch import nn
from torch.nn import functional

from evals.choice_items import ChoiceItem
from evals.generate import evaluating, longest_input
from evals.prompt import ChatTemplate, ChatTokenizer
from evals.text.errors import DataError
from evals.text.sample import Turn

__all__ = [
    "ChoiceScore", "Pair", "Style", "accuracy", "accuracy_norm", "encode_pair", "item_pairs", "item_prompt",
    "score_items",
]  # fmt: skip

Style: TypeAlias = Literal["plain", "chat"]
"""How a question is put: as text that goes on, or as a turn of a chat."""


@dataclass(frozen=True, slots=True)
class ChoiceScore:
    """What a model makes of one question."""

    id: str
    """The question's id."""

    lls: list[float]
    """Log-likelihood of each choice after the question, in nats, summed over its tokens."""

    pred: int
    """Place of the likeliest choice, the first of equals; -1 where a log-likelihood is NaN."""

    pred_norm: int
    """The same by log-likelihood a character of the choice."""

    correct: bool
    """Whether `pred` is the answer."""

    correct_norm: bool
    """Whether `pred_norm` is the answer."""

    cut: int = 0
    """Tokens cut off at the start because question and longest choice did not fit."""


class Pair(NamedTuple):
    """A question with one of its choices, as ids."""

    context: list[int]
    """What the model is given."""

    continuation: list[int]
    """What it is asked the likelihood of; at least one token."""


def score_items(
    model: nn.Module,
    tokenizer: ChatTokenizer,
    items: Sequence[ChoiceItem],
    *,
    style: Style = "plain",
    batch_size: int = 4,
    progress: Callable[[int], None] | None = None,
) -> list[ChoiceScore]:
    """Score every choice of every question, `batch_size` questions at once; in the order of `items`.

    Log-probabilities are float32 whatever the model computes in. A question that does not fit with its choice
    is cut from the left, and the cut is counted in its score. `progress` is told how many are scored so far.
    Raises DataError for a choice that is longer than the model reads, or nothing to the tokenizer.
    """
    limit = longest_input(model)
    chat = ChatTemplate(tokenizer) if style == "chat" else None
    rows = [[_row(pair, limit) for pair in _checked(item, item_pairs(tokenizer, item, chat), limit)] for item in items]
    # Longest first: less padding, and what does not fit in memory fails at once.
    order = sorted(range(len(items)), key=lambda place: -max(len(row.ids) for row in rows[place]))
    scores: dict[int, ChoiceScore] = {}
    with evaluating(model):
        for begin in range(0, len(order), batch_size):
            places = order[begin : begin + batch_size]
            lls = iter(_log_likelihoods(model, [row for place in places for row in rows[place]]))
            for place in places:
                cut = max(row.cut for row in rows[place])
                scores[place] = _score(items[place], list(islice(lls, len(rows[place]))), cut)
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


def item_prompt(item: ChoiceItem) -> tuple[str, str]:
    r"""Return the text before a choice in plain style, and what stands between the two.

    >>> item_prompt(ChoiceItem("q", "zh", "数", "二加二等于几？", ("四", "五"), 0))
    ('问题：二加二等于几？\n答案：', '')
    """
    if item.lang.startswith("zh"):
        return f"问题：{item.question}\n答案：", ""
    return f"Question: {item.question}\nAnswer:", " "


def item_pairs(tokenizer: ChatTokenizer, item: ChoiceItem, chat: ChatTemplate | None) -> list[Pair]:
    """Put a question before each of its choices: as a chat where a template is given, else as plain text."""
    if chat is None:
        context, delimiter = item_prompt(item)
        return [encode_pair(tokenizer, context, delimiter + choice) for choice in item.choices]
    asked = chat.prompt([Turn("user", item.question)])
    if chat.is_built_in:
        # Its generation prompt stops before the space, which belongs to the first word.
        return [Pair(asked, encode_pair(tokenizer, "Answer:", f" {choice}").continuation) for choice in item.choices]
    return [Pair(asked, _plain_ids(tokenizer, choice)) for choice in item.choices]


def encode_pair(tokenizer: ChatTokenizer, context: str, continuation: str) -> Pair:
    """Turn a text and its continuation into ids as lm-evaluation-harness does.

    Both are encoded together, and the first tokens, as many as the context alone has, are the context.
    White space at the context's end goes to the continuation. Text in a token that reaches over the seam, such as
    `：“`, is lost to the continuation, there as here.
    """
    stripped = context.rstrip()
    before = _ids(tokenizer, stripped)
    whole = _ids(tokenizer, context + continuation)
    # Where the seam is swallowed by one token, nothing would be left to score.
    return Pair(before, whole[len(before) :] or _plain_ids(tokenizer, context[len(stripped) :] + continuation))


class _Row(NamedTuple):
    """A pair that fits the model."""

    ids: list[int]
    """Context and continuation."""

    said: int
    """How many of them, at the end, are the continuation."""

    cut: int
    """Tokens cut off at the start."""


def _row(pair: Pair, limit: int | None) -> _Row:
    whole = pair.context + pair.continuation
    # The last token is only predicted, never read: one more than the limit fits.
    cut = 0 if limit is None else max(0, len(whole) - limit - 1)
    return _Row(whole[cut:], len(pair.continuation), cut)


def _checked(item: ChoiceItem, pairs: list[Pair], limit: int | None) -> list[Pair]:
    for number, pair in enumerate(pairs):
        length = len(pair.continuation)
        if not length:
            raise DataError(f"choice {number} of question {item.id} has no token in this vocabulary; leave it out")
        if limit is not None and length > limit:
            raise DataError(
                f"choice {number} of question {item.id} has {length} tokens, the model reads {limit}; leave it out"
            )
    return pairs


def _log_likelihoods(model: nn.Module, rows: Sequence[_Row]) -> list[float]:
    """Log-likelihood of each row's continuation; rows are padded on the right."""
    device = next(model.parameters()).device
    width = max(len(row.ids) for row in rows) - 1
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    mask, said = torch.zeros_like(ids), torch.zeros_like(ids, dtype=torch.bool)
    for number, row in enumerate(rows):
        length = len(row.ids) - 1
        ids[number, :length] = torch.tensor(row.ids[:-1])
        mask[number, :length] = 1
        said[number, length - row.said : length] = True
    logits = model(input_ids=ids.to(device), attention_mask=mask.to(device), use_cache=False).logits
    wanted = torch.tensor([number for row in rows for number in row.ids[-row.said :]], device=device)
    # Only the continuations' rows are widened to float32: with a large vocabulary that is most of the memory.
    losses = functional.cross_entropy(logits[said.to(device)].float(), wanted, reduction="none")
    values: Iterator[float] = iter(losses.tolist())  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType, reportUnknownVariableType] - a list of floats, says torch nowhere
    return [-sum(islice(values, row.said)) for row in rows]


def _score(item: ChoiceItem, lls: list[float], cut: int) -> ChoiceScore:
    pred = _likeliest(lls)
    pred_norm = _likeliest([ll / len(choice) for ll, choice in zip(lls, item.choices, strict=True)])
    return ChoiceScore(item.id, lls, pred, pred_norm, pred == item.answer, pred_norm == item.answer, cut)


def _likeliest(values: list[float]) -> int:
    if any(math.isnan(value) for value in values):
        return -1
    return max(range(len(values)), key=values.__getitem__)


def _ids(tokenizer: ChatTokenizer, text: str) -> list[int]:
    """Ids with what the tokenizer puts before a text, without an end-of-sequence token."""
    ids = list(tokenizer(text, verbose=False)["input_ids"])
    eos = tokenizer.eos_token
    return ids[:-1] if eos and ids[-1:] == [tokenizer.convert_tokens_to_ids(eos)] else ids


def _plain_ids(tokenizer: ChatTokenizer, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
