"""Templates that are written into the words of rows, where training adds its own: how to see them and take them off."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from evals.data.leftovers import is_about_markup
from evals.text import Turn

__all__ = ["Unwrapped", "label_in", "token_in", "unwrapped"]

_TOKENS = (
    r"<\|(?:im_start|im_end|endoftext|begin_of_text|end_of_text|eot_id|eom_id|start_header_id|end_header_id|system|user|assistant|end|pad|bos|eos)\|>"
    r"|\[/?INST\]|<</?SYS>>|</s>|^<s>|<(?:start|end)_of_turn>|<(?:eoa|eoh|eos|bos|unk)>|\[(?:gMASK|sMASK)\]"
    r"|<｜[^｜<>]{2,24}｜>|<(?:reserved_10[67]|_user|_bot|_end)>"
)
"""Tokens of chat templates; in a row they come a second time, or teach the model to write them itself.

[CLS], [SEP] and [PAD] are of models that do not chat, and stand in rows that are about those.
"""

_STRUCK = re.compile(r"(?<!^)<s>[^<>]*</s>|^<s>[^<>]*</s>(?=\s*[^\s<\[])")
"""HTML for words that are struck out: such a pair does not stand around a whole turn, as a template's does."""

_SURE = re.compile(r"\s*(?:<\||<｜|\[INST\]|<start_of_turn>)")
"""How no turn begins that is about markup."""

_ABOUT = re.compile(
    r"(?<![a-z])(?:special|chat|bos|eos|end) ?-?(?:token|template)|tokeni[sz]er"
    r"|分词器|(?:特殊|结束|起始|控制)(?:标记|符号|符|token)|对话模板",
    re.IGNORECASE,
)
"""Where tokens of templates may be what a row is about."""

_TOKEN = re.compile(_TOKENS)
_ROLES = (
    r"(?:(?<=<\|im_start\|>)(?:system|user|assistant)\b|(?<=<\|start_header_id\|>)\w+"
    r"|(?<=<start_of_turn>)(?:user|model)\b)?"
)
_BEGIN = re.compile(rf"^(?:\s*(?:{_TOKENS}){_ROLES}\s*)+")
_END = re.compile(rf"(?:\s*(?:{_TOKENS})\s*)+$")

_ASKED = re.compile(
    r"^\s*(?:###\s*(?:human|instruction|question|user)\s*[:：]?|(?:human|user|question|instruction|问题|提问|用户|问|指令)\s*[:：])\s*",
    re.IGNORECASE,
)
_ANSWERED = re.compile(
    r"^\s*(?:###\s*(?:assistant|response|answer|output)\s*[:：]?|(?:assistant|answer|response|output|gpt|chatgpt|答案|回答|助手|答|回复|输出)\s*[:：])\s*",
    re.IGNORECASE,
)
_WAITING = re.compile(
    r"\s*\n\s*(?:###\s*(?:assistant|response|answer|output)\s*[:：]?|(?:assistant|answer|response|output|答案|回答|助手|答|回复|输出)\s*[:：])\s*$",
    re.IGNORECASE,
)
_PREAMBLE = re.compile(r"^\s*below is an instruction that describes a task[^#]{0,160}(?=###)", re.IGNORECASE)
_INPUT = re.compile(r"\n\s*###\s*input\s*[:：]?[ \t]*\n?", re.IGNORECASE)


class Unwrapped(NamedTuple):
    """A row's turns without a template of their own."""

    turns: tuple[Turn, ...]
    """The turns."""

    changed: bool
    """Whether anything was taken off."""


def token_in(turns: Sequence[Turn]) -> str | None:
    r"""The first template token in a row's turns; None where there is none, or where they are about such tokens.

    >>> token_in([Turn("user", "<|im_start|>user\nHi<|im_end|>")]), token_in([Turn("user", "a <s>b</s> c")])
    ('<|im_start|>', None)
    """
    found = next(filter(None, map(_token, turns)), None)
    return None if found is None or _are_about_tokens(turns) else found


def _token(turn: Turn) -> str | None:
    if not any(sign in turn.content for sign in "<["):
        return None
    match = _TOKEN.search(_STRUCK.sub("", turn.content))
    return match[0] if match else None


def _are_about_tokens(turns: Sequence[Turn]) -> bool:
    """Whether some turns are about markup or tokens, and none is in a template itself."""
    about = any(is_about_markup(turn.content) or _ABOUT.search(turn.content) for turn in turns)
    return about and not any(_SURE.match(turn.content) for turn in turns)


def label_in(turn: Turn) -> str | None:
    r"""The label of a speaker that a turn begins with, or a question ends with; None where there is none.

    A label that comes again within the turn belongs to examples that are shown, and is left alone.

    >>> label_in(Turn("user", "### Instruction:\nAdd.\n\n### Response:")), label_in(Turn("assistant", "答：是的。"))
    ('### Instruction:', '答：')
    """
    if turn.role == "user":
        text = _PREAMBLE.sub("", turn.content)
        match = _ASKED.match(text) or _WAITING.search(text, max(0, len(text) - 40))
        again = match and len(_ASKED_WITHIN.findall(text)) > 1
        return None if match is None or again else match[0].strip()
    match = _ANSWERED.match(turn.content) if turn.role == "assistant" else None
    return match[0].strip() if match else None


def unwrapped(turns: tuple[Turn, ...]) -> Unwrapped:
    r"""Take template tokens and labels off the turns of a row, where they stand around the words.

    A token that is left stands between words: there a turn holds several, which is not repaired (`token_in`).

    >>> unwrapped((Turn("user", "### Instruction:\nAdd.\n\n### Response:"), Turn("assistant", "2</s>"))).turns
    (Turn(role='user', content='Add.'), Turn(role='assistant', content='2'))
    """
    has_tokens = token_in(turns) is not None
    new = tuple(Turn(turn.role, _bare(turn, tokens=has_tokens)) for turn in turns)
    return Unwrapped(new, new != turns)


_ASKED_WITHIN = re.compile(_ASKED.pattern.replace("^", r"(?:^|\n)", 1), re.IGNORECASE)


def _bare(turn: Turn, *, tokens: bool) -> str:
    text = turn.content
    if tokens and _token(turn):
        text = _END.sub("", _BEGIN.sub("", text))
    turn = Turn(turn.role, text)
    if label_in(turn) is None:
        return text
    if turn.role == "assistant":
        return _ANSWERED.sub("", text, count=1)
    text = _WAITING.sub("", _ASKED.sub("", _PREAMBLE.sub("", text), count=1))
    return _INPUT.sub("\n", text).strip()
