"""Put a question before each of its choices, as text, as a chat, or with letters, and turn it into ids.

The rules are those of lm-evaluation-harness 0.4 (lm_eval/api/model.py `_encode_pair`, api/task.py `fewshot_context`),
the words those that C-Eval, MMLU and LLaMA-Factory use.
"""

from collections.abc import Sequence
from string import ascii_uppercase
from typing import Literal, NamedTuple, TypeAlias

from evals.choice_items import ChoiceItem
from evals.prompt import ChatTemplate, ChatTokenizer
from evals.text.errors import DataError
from evals.text.sample import Turn

__all__ = ["Pair", "Style", "Wording", "encode_pair", "item_pairs", "item_prompt", "letter_prompt"]

Style: TypeAlias = Literal["plain", "chat", "letter"]
"""How a question is put: as text that goes on with a choice, as a turn of a chat that is answered by a choice,
or as text with lettered choices that goes on with a letter."""

Wording: TypeAlias = Literal["plain", "letter"]
"""The two ways to put a question as text."""


class Pair(NamedTuple):
    """A question with one of its choices, as ids."""

    context: list[int]
    """What the model is given."""

    continuation: list[int]
    """What it is asked the likelihood of; at least one token."""


def item_prompt(item: ChoiceItem) -> tuple[str, str]:
    r"""Return the text before a choice in plain style, and what stands between the two.

    >>> item_prompt(ChoiceItem("q", "zh", "数", "二加二等于几？", ("四", "五"), 0))
    ('问题：二加二等于几？\n答案：', '')
    """
    if item.lang.startswith("zh"):
        return f"问题：{item.question}\n答案：", ""
    return f"Question: {item.question}\nAnswer:", " "


def letter_prompt(item: ChoiceItem) -> tuple[str, str]:
    r"""Return the text before a letter, with every choice in it, and what stands between the two.

    Raises DataError for more choices than letters.

    >>> letter_prompt(ChoiceItem("q", "zh", "数", "二加二等于几？", ("四", "五"), 0))
    ('二加二等于几？\nA. 四\nB. 五\n答案：', '')
    """
    if len(item.choices) > len(ascii_uppercase):
        raise DataError(f"question {item.id} has {len(item.choices)} choices, and there are 26 letters; score it plain")
    lines = [item.question, *(f"{letter}. {choice}" for letter, choice in zip(ascii_uppercase, item.choices))]  # noqa: B905 - as many letters as choices
    answer, delimiter = ("答案：", "") if item.lang.startswith("zh") else ("Answer:", " ")
    return "\n".join([*lines, answer]), delimiter


def item_pairs(
    tokenizer: ChatTokenizer,
    item: ChoiceItem,
    chat: ChatTemplate | None,
    *,
    wording: Wording = "plain",
    shots: Sequence[ChoiceItem] = (),
) -> list[Pair]:
    """Put a question before each of its choices: as a chat where a template is given, else as text.

    `shots` are questions with their answers that stand before it, as turns of the chat or with a blank line
    behind each. Raises DataError where the question itself is one of them.
    """
    if any(shot.id == item.id for shot in shots):
        raise DataError(f"question {item.id} is also one of the examples before it; take it out of either")
    if chat is None:
        context, delimiter, endings = _text(item, wording)
        context = "".join(_shown(shot, wording) for shot in shots) + context
        before = _ids(tokenizer, context.rstrip())
        return [_pair(tokenizer, context, delimiter + ending, before) for ending in endings]
    asked = chat.prompt([*(turn for shot in shots for turn in _turns(shot)), Turn("user", item.question)])
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
    return _pair(tokenizer, context, continuation, _ids(tokenizer, context.rstrip()))


def _pair(tokenizer: ChatTokenizer, context: str, continuation: str, before: list[int]) -> Pair:
    whole = _ids(tokenizer, context + continuation)
    # Where the seam is swallowed by one token, nothing would be left to score.
    rest = whole[len(before) :] or _plain_ids(tokenizer, context[len(context.rstrip()) :] + continuation)
    return Pair(before, rest)


def _text(item: ChoiceItem, wording: Wording) -> tuple[str, str, Sequence[str]]:
    """Text before, what stands between, and the texts that may follow."""
    if wording == "letter":
        return *letter_prompt(item), ascii_uppercase[: len(item.choices)]
    return *item_prompt(item), item.choices


def _shown(shot: ChoiceItem, wording: Wording) -> str:
    context, delimiter, endings = _text(shot, wording)
    return f"{context}{delimiter}{endings[shot.answer]}\n\n"


def _turns(shot: ChoiceItem) -> list[Turn]:
    return [Turn("user", shot.question), Turn("assistant", shot.choices[shot.answer])]


def _ids(tokenizer: ChatTokenizer, text: str) -> list[int]:
    """Ids with what the tokenizer puts before a text, without an end-of-sequence token."""
    ids = list(tokenizer(text, verbose=False)["input_ids"])
    eos = tokenizer.eos_token
    return ids[:-1] if eos and ids[-1:] == [tokenizer.convert_tokens_to_ids(eos)] else ids


def _plain_ids(tokenizer: ChatTokenizer, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
