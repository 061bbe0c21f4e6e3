"""The one chat template: the same text for training, scoring and chat.

A tokenizer's own template is used where it has one, else `BUILT_IN`, which needs no token of its own
but the end of a sequence:

    Question: What is 2 + 2?
    Answer: 4<eos>

The answer mask is derived by construction, never by looking for words in the text: an answer begins
where the rendering of everything before it, with the generation prompt, ends. That is exactly what a
model is given when it has to answer, so what it learns is what it will be asked for. Where a template
has no generation prompt, the answer begins where two renderings with different answers part.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from os.path import commonprefix
from typing import Any, NamedTuple, Protocol, TypeAlias

from assay.foreign import Failure, attempt
from evals.text.errors import DataError
from evals.text.sample import Turn

__all__ = ["BUILT_IN", "ChatTemplate", "ChatTokenizer", "Encoded"]

BUILT_IN = (
    "{% for message in messages %}"
    "{% if message.role == 'assistant' %}{{ 'Answer: ' + message.content + eos_token + '\n' }}"
    "{% elif message.role == 'user' %}{{ 'Question: ' + message.content + '\n' }}"
    "{% else %}{{ message.content + '\n' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Answer:' }}{% endif %}"
)
"""Template for tokenizers without one of their own. The generation prompt stops before the space, which
most vocabularies join to the next word."""

_MARK = "\ue000"
"""A private character, which no row holds, to see where a template puts what."""

Message: TypeAlias = dict[str, str]


class ChatTokenizer(Protocol):
    """What this module asks of a tokenizer; those of transformers have it."""

    @property
    def eos_token(self) -> str | None:
        """Text of the end-of-sequence token."""
        ...

    @property
    def all_special_ids(self) -> list[int]:
        """Ids of all special tokens."""
        ...

    @property
    def is_fast(self) -> bool:
        """Whether it tells which characters a token stands for."""
        ...

    def get_chat_template(self) -> str:
        """The template in use. Raises ValueError without one."""
        ...

    def apply_chat_template(
        self, conversation: list[Message], *, chat_template: str, tokenize: bool, add_generation_prompt: bool
    ) -> Any:
        """Render a conversation as text."""
        ...

    def convert_tokens_to_ids(self, tokens: str) -> Any:
        """Id of one token."""
        ...

    def __call__(self, text: str, **options: bool) -> Mapping[str, Any]:
        """Turn text into ids."""
        ...


class Encoded(NamedTuple):
    """A conversation as a model reads it."""

    ids: list[int]
    """Token ids."""

    answer: list[bool]
    """Which of them the model has to produce: the answers with their end-of-turn tokens."""

    cut: int
    """Tokens cut off at the end because they did not fit."""

    has_answer: bool
    """Whether a word of an answer is left, not only an end of turn."""


class _Span(NamedTuple):
    """Characters of one answer in a rendered conversation."""

    start: int
    """Where the model begins to speak."""

    said: int
    """Where its words end."""

    end: int
    """Where the turn ends, with its end-of-turn token and what the template writes behind it."""

    marked: bool
    """Whether the text up to `end` surely belongs to the turn, also without an end-of-turn token."""


class ChatTemplate:
    """A tokenizer with the template that is used with it."""

    def __init__(self, tokenizer: ChatTokenizer) -> None:
        """Raises DataError for a tokenizer with neither a template nor an end-of-sequence token."""
        self._tokenizer = tokenizer
        self._specials = frozenset(tokenizer.all_special_ids)
        self.source = _template_of(tokenizer)
        """The template, as Jinja text."""
        self.is_built_in = self.source is BUILT_IN
        """Whether the tokenizer had none."""
        self._lead = _leading_ids(tokenizer)

    def encode(self, turns: Sequence[Turn], max_length: int | None = None, *, last_turn_only: bool = False) -> Encoded:
        """Turn a conversation, or plain text, into ids and answer mask, cut to `max_length` tokens.

        All answers are marked, or the last one only; blank ones are not. Raises DataError where the
        template refuses the conversation.
        """
        if any(_has_half_character(turn.content) for turn in turns):
            raise DataError(r"it holds half of a character (a lone \ud800 to \udfff), which no tokenizer reads")
        if turns and turns[0].role == "text":
            return self._encode_text("\n".join(turn.content for turn in turns), max_length)
        messages, text = self._rendered(turns)
        spans = [
            self._span(messages, number, text)
            for number, message in enumerate(messages)
            if message["role"] == "assistant" and message["content"].strip()
        ][-1 if last_turn_only else 0 :]
        ids, starts = self._tokens(text, spans)
        answer = [False] * len(ids)
        for span in spans:
            self._mark(answer, ids, starts, span, text)
        return self._cut(self.lead + ids, [False] * len(self.lead) + answer, max_length)

    @property
    def lead(self) -> list[int]:
        """Ids that stand before what it renders: the tokenizer's own, where it has no template that says so."""
        return self._lead if self.is_built_in else []

    def prompt(self, turns: Sequence[Turn]) -> list[int]:
        """Turn a conversation that waits for an answer into the ids to generate from.

        Raises DataError where the template refuses the conversation.
        """
        messages, _ = self._rendered(turns)
        ids, _ = self._tokens(self._render(messages, generation=True), [])
        return self.lead + ids

    def _encode_text(self, text: str, max_length: int | None) -> Encoded:
        ids, _ = self._tokens(text, [])
        eos = self._tokenizer.eos_token
        ids += [self._tokenizer.convert_tokens_to_ids(eos)] if eos else []
        return self._cut(self._lead + ids, [False] * len(self._lead) + [True] * len(ids), max_length)

    def _cut(self, ids: list[int], answer: list[bool], max_length: int | None) -> Encoded:
        length = len(ids) if max_length is None else min(max_length, len(ids))
        kept, learned = ids[:length], answer[:length]
        # The first token follows nothing, so nothing predicts it.
        words = any(
            wanted and number not in self._specials for number, wanted in zip(kept[1:], learned[1:], strict=True)
        )
        return Encoded(kept, learned, len(ids) - length, words)

    def _rendered(self, turns: Sequence[Turn]) -> tuple[list[Message], str]:
        messages = [{"role": turn.role, "content": turn.content} for turn in turns]
        try:
            return messages, self._render(messages)
        except DataError:
            if len(messages) < 2 or messages[0]["role"] != "system":
                raise
        # Some templates know no system turn; its words then stand before the first question.
        system, first, *rest = messages
        merged = [{**first, "content": f"{system['content']}\n\n{first['content']}"}, *rest]
        return merged, self._render(merged)

    def _span(self, messages: list[Message], number: int, text: str) -> _Span:
        said_from, said_to = _difference(text, self._render(_with_mark(messages, number)))
        before = messages[:number]
        opening = self._render(before, generation=True)
        asks = opening != self._render(before)
        start = len(opening) if asks and text.startswith(opening) else said_from
        said = max(start, said_to)
        if number + 1 == len(messages):
            return _Span(start, said, len(text), marked=True)
        with_turn = self._render(messages[: number + 1])
        if text.startswith(with_turn):
            return _Span(start, said, len(with_turn), marked=True)
        # The template writes this turn otherwise once something follows.
        next_said, _ = _difference(text, self._render(_with_mark(messages, number + 1)))
        return _Span(start, said, next_said, marked=False)

    def _render(self, messages: list[Message], *, generation: bool = False) -> str:
        if not messages:
            return ""
        render = partial(self._tokenizer.apply_chat_template, chat_template=self.source, tokenize=False)
        # A template is a program that came with the model: it may raise whatever it likes.
        text: str | Failure[str] = attempt(partial(render, add_generation_prompt=generation), messages)
        if isinstance(text, Failure):
            raise DataError(f"the tokenizer's chat template refuses this conversation: {_why(text)}")
        return text

    def _tokens(self, text: str, spans: Sequence[_Span]) -> tuple[list[int], list[int]]:
        """Ids of a text and where each begins in it; no token reaches over the start of an answer."""
        if self._tokenizer.is_fast:
            found = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
            offsets: list[tuple[int, int]] = found["offset_mapping"]
            if not any(begin < span.start < end for span in spans for begin, end in offsets):
                return list(found["input_ids"]), [begin for begin, _ in offsets]
        # What a model is given to answer is turned into ids alone: so is what it learns from.
        ids: list[int] = []
        starts: list[int] = []
        edges = sorted({0, len(text), *(edge for span in spans for edge in (span.start, span.said, span.end))})
        for begin, end in pairwise(edges):
            piece = list(self._tokenizer(text[begin:end], add_special_tokens=False)["input_ids"])
            ids += piece
            starts += [begin] * len(piece)
        return ids, starts

    def _mark(self, answer: list[bool], ids: list[int], starts: list[int], span: _Span, text: str) -> None:
        """Mark the tokens of an answer up to and with its end-of-turn token."""
        stop = span.start + len(text[span.start : span.end].rstrip()) if span.marked else span.said
        inside = [place for place, start in enumerate(starts) if span.start <= start < span.end]
        for place in inside:
            if starts[place] >= span.said and ids[place] in self._specials:
                answer[place] = True
                return
            answer[place] = starts[place] < stop


def _why(failure: Failure[str]) -> str:
    """The last words of a traceback, without the name of the error; its name where it has none."""
    return failure.told.strip().splitlines()[-1].partition(": ")[2] or failure.kind


def _has_half_character(text: str) -> bool:
    """Whether a text holds a surrogate of no pair, as JSON can write it and UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _template_of(tokenizer: ChatTokenizer) -> str:
    try:
        return tokenizer.get_chat_template()
    except ValueError as error:
        if not tokenizer.eos_token:
            raise DataError(
                "the tokenizer has neither a chat template nor an end-of-sequence token; give its folder one of them"
            ) from error
        return BUILT_IN


def _leading_ids(tokenizer: ChatTokenizer) -> list[int]:
    """The ids a tokenizer puts before any text by itself, as a begin-of-sequence token."""
    whole = list(tokenizer("a", add_special_tokens=True)["input_ids"])
    plain = list(tokenizer("a", add_special_tokens=False)["input_ids"])
    for begin in range(len(whole) - len(plain) + 1):
        if whole[begin : begin + len(plain)] == plain:
            return whole[:begin]
    return []


def _with_mark(messages: list[Message], number: int) -> list[Message]:
    return [{**message, "content": _MARK} if place == number else message for place, message in enumerate(messages)]


def _difference(text: str, other: str) -> tuple[int, int]:
    """Where in `text` two texts part, and where they meet again for good."""
    start = _shared(text, other)
    return start, len(text) - _shared(text[start:][::-1], other[start:][::-1])


def _shared(text: str, other: str) -> int:
    return len(commonprefix([text, other]))  # noqa: RUF071 - characters are meant, not parts of a path
