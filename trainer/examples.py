"""From samples to examples: what of a row the model reads, and which of its tokens it learns."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch

from evals.prompt import ChatTemplate, Encoded
from evals.text import Sample
from evals.text.errors import DataError
from trainer.config import DataConfig
from trainer.pairs import Pair

__all__ = ["Answered", "Encode", "Example", "encode_samples", "encoder", "pair_encoder"]

LEAST_TOKENS = 8
"""Of shorter pieces of a text nothing can be learned."""


class Answered(NamedTuple):
    """Tokens with those among them that are learned."""

    ids: torch.Tensor
    """Token ids, int32 [tokens]."""

    answer: torch.Tensor
    """Which of them are learned, bool [tokens]."""


class Example(NamedTuple):
    """A sample as the model reads it, or a part of one that is longer than what it reads at once."""

    row: int
    """Its number among all rows of the run; that of all its parts."""

    source: str
    """Where it comes from."""

    ids: torch.Tensor
    """Token ids, int32 [tokens]; of a preference those of the answer that was chosen."""

    answer: torch.Tensor
    """Which of them are learned, bool [tokens]."""

    rejected: Answered | None = None
    """Of a preference, the same prompt with the other answer."""

    @property
    def length(self) -> int:
        """Tokens to read."""
        return len(self.ids) + (len(self.rejected.ids) if self.rejected else 0)


def encode_samples(
    samples: Sequence[Sample], template: ChatTemplate, max_length: int | None, *, last_turn_only: bool = False
) -> list[Encoded]:
    """Encode samples in order, cut to `max_length` tokens. Raises DataError naming the row the template refuses."""
    found: list[Encoded] = []
    for sample in samples:
        try:
            found.append(template.encode(sample.turns, max_length, last_turn_only=last_turn_only))
        except DataError as error:
            raise DataError(f"row {sample.row}: {error}") from error
    return found


class _Part(NamedTuple):
    """What is read of a sample at once."""

    chosen: Encoded
    """It; of a preference the answer that was chosen."""

    rejected: Encoded | None = None
    """Of a preference the other answer."""

    @property
    def cut(self) -> bool:
        """Whether an end was cut off."""
        return bool(self.chosen.cut or (self.rejected and self.rejected.cut))

    @property
    def has_answer(self) -> bool:
        """Whether there is something to learn."""
        return self.chosen.has_answer and (self.rejected is None or self.rejected.has_answer)

    @property
    def is_undecided(self) -> bool:
        """Whether both answers are the same, as far as they are read."""
        return self.rejected is not None and self.chosen.ids == self.rejected.ids

    def example(self, row: int, source: str) -> Example:
        """The same as tensors."""
        chosen, rejected = _answered(self.chosen), self.rejected and _answered(self.rejected)
        return Example(row, source, *chosen, rejected)


Encode = Callable[[Sequence[Any]], list[list[_Part]]]
"""Turns samples into what the model reads: of each its parts, in order."""


def _answered(found: Encoded) -> Answered:
    return Answered(torch.tensor(found.ids, dtype=torch.int32), torch.tensor(found.answer))


def encoder(config: DataConfig, template: ChatTemplate, *, every_token: bool) -> Encode:
    """Encode rows to learn from; where every token is learned, too long ones are read in parts. Raises DataError."""
    if every_token and config.max_length < LEAST_TOKENS:
        raise DataError(
            f"every row would be read in pieces of {config.max_length} tokens, the lesser of data.max_length and the "
            f"model's context, of which nothing can be learned; {LEAST_TOKENS} are the least"
        )

    def encode(samples: Sequence[Sample]) -> list[list[_Part]]:
        longest = None if every_token else config.max_length
        found = encode_samples(samples, template, longest, last_turn_only=config.last_turn_only)
        return [_parts(item.ids, config.max_length) if every_token else [_Part(item)] for item in found]

    return encode


def pair_encoder(config: DataConfig, template: ChatTemplate) -> Encode:
    """Encode preferences: of both conversations the last answer is learned."""

    def answers(samples: Sequence[Sample]) -> list[Encoded]:
        found = encode_samples(samples, template, config.max_length, last_turn_only=True)
        return [_of_last_turn(sample, item) for sample, item in zip(samples, found, strict=True)]

    def encode(pairs: Sequence[Pair]) -> list[list[_Part]]:
        both = zip(answers(pairs), answers([pair.other for pair in pairs]), strict=True)
        return [[_Part(chosen, rejected)] for chosen, rejected in both]

    return encode


def _of_last_turn(sample: Sample, found: Encoded) -> Encoded:
    """The same, without an answer where the last turn says nothing: an earlier one is no part of a preference."""
    return found if sample.turns[-1].content.strip() else found._replace(has_answer=False)


def _parts(ids: list[int], length: int) -> list[_Part]:
    """A sample read as text, every token of which is learned, in parts of so many tokens."""
    parts = [ids[begin : begin + length] for begin in range(0, len(ids), length)] or [ids]
    # The first token of a part is not predicted, so of a last part of one token nothing is learned.
    kept = parts[:-1] if len(parts) > 1 and len(parts[-1]) == 1 else parts
    return [_Part(Encoded(part, [True] * len(part), 0, len(part) > 1)) for part in kept]
