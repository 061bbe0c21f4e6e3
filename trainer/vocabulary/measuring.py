"""What a vocabulary costs: loss a character, and how fast text comes out of it.

Losses of tokens of different vocabularies say nothing beside each other; those of the same characters do. Each text is
cut into parts by characters, the same for both, and every part begins with a token that both have: so each
character is predicted, and none is given away.
"""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import torch
from accelerate import Accelerator
from torch import nn

from trainer.config import LoraConfig, OptimConfig
from trainer.examples import Example
from trainer.model import add_adapter
from trainer.optim import lr_at, make_optimizer
from trainer.precision import Precision
from trainer.step import Engine, seed_step

__all__ = ["BATCH", "LONGEST_PART", "MEASURED", "Decoding", "Measure", "Part", "Side", "part_texts"]

BATCH = 8
"""Parts of texts that are read in a step."""

LONGEST_PART = 256
"""Characters of a part."""

MEASURED = 20_000
"""Characters that the loss is measured on at the most."""

LR = 1e-4
"""Highest learning rate of the short pre-training: that of `assay train` with an adapter."""

DECODED = 256
"""Characters that are decoded for the speed."""

ROUNDS, ENOUGH_SECONDS = 7, 6.0

Part: TypeAlias = str
"""Part of a text."""


def part_texts(texts: Sequence[str], longest: int | None, most: int | None = None) -> list[Part]:
    """Texts in parts of so many characters that any tokenizer of bytes keeps them within `longest` tokens.

    With `most`, no more than that many characters in all.

    >>> part_texts(["abcdef", "gh"], 9), part_texts(["abcdef", "gh"], 9, most=3)
    (['ab', 'cd', 'ef', 'gh'], ['ab', 'c'])
    """
    size = LONGEST_PART if longest is None else max(1, min(LONGEST_PART, (longest - 1) // 4))
    room = sum(map(len, texts)) if most is None else most
    found: list[Part] = []
    for text in texts:
        cut = text[:room]
        room -= len(cut)
        found += [cut[begin : begin + size] for begin in range(0, len(cut), size)]
    return found


class Measure(NamedTuple):
    """What is measured on, the same for both vocabularies."""

    learned: list[Part]
    """Parts to train on."""

    held_out: list[Part]
    """Parts to measure on."""

    seed: int
    """Decides order and dropout."""

    steps: int
    """Steps of the short pre-training."""

    @property
    def batches(self) -> list[list[int]]:
        """Which parts each step reads: all in an order of their own, then again."""
        draw = random.Random(f"{self.seed}/vocabulary/batches")  # noqa: S311 - an order, no secret
        order: list[int] = []
        while len(order) < self.steps * BATCH:
            order += draw.sample(range(len(self.learned)), len(self.learned))
        return [order[begin : begin + BATCH] for begin in range(0, self.steps * BATCH, BATCH)]

    @property
    def read(self) -> int:
        """Characters that all steps read."""
        return sum(len(self.learned[place]) for places in self.batches for place in places)

    @property
    def characters(self) -> int:
        """Characters that the loss is measured on."""
        return sum(map(len, self.held_out))

    @property
    def decoded(self) -> list[Part]:
        """The first of the parts, to be decoded."""
        found: list[Part] = []
        while len(found) < len(self.held_out) and sum(map(len, found)) < DECODED:
            found.append(self.held_out[len(found)])
        return found


class Decoding(NamedTuple):
    """How long the same characters took in two vocabularies."""

    characters: int
    """How many there were."""

    rounds: list[tuple[float, float]]
    """Seconds of each round: in the model's own vocabulary, and in the other."""

    @property
    def speeds(self) -> tuple[float, float]:
        """Characters a second in both, by the median round of each.

        >>> Decoding(100, [(1.0, 2.0), (1.0, 4.0), (2.0, 2.0)]).speeds
        (100.0, 50.0)
        """
        own, other = (statistics.median(seconds) for seconds in zip(*self.rounds, strict=True))
        return self.characters / own, self.characters / other

    @property
    def faster(self) -> tuple[float, float, float]:
        """How many times as fast the own one is: in the middle, the least and the most of the rounds.

        >>> Decoding(100, [(1.0, 2.0), (1.0, 4.0), (2.0, 2.0)]).faster
        (2.0, 1.0, 4.0)
        """
        ratios = sorted(other / own for own, other in self.rounds)
        return statistics.median(ratios), ratios[0], ratios[-1]


class Side:
    """A model with one of the two vocabularies."""

    def __init__(self, model: Any, tokenizer: Any, measure: Measure, new: Sequence[int] = ()) -> None:
        """`new` are the tokens that were added."""
        self._accelerator = Accelerator(mixed_precision="no")
        self._device = self._accelerator.device
        self._model: nn.Module = model.to(self._device)
        self._tokenizer, self._measure, self._new = tokenizer, measure, list(new)

    def loss(self) -> float:
        """Loss of the held-out parts, in nats a character."""
        return self._loss_of(self._engine(self._model))

    def trained(self, progress: Callable[[int], object] = lambda _: None) -> float:
        """The same after a short pre-training of an adapter, and of the rows of the new tokens."""
        steps = self._measure.steps
        seed_step(self._measure.seed, 0)
        model = add_adapter(self._model, LoraConfig(), self._new)
        optimizer = make_optimizer(model.named_parameters(), OptimConfig(), LR)
        engine = self._engine(model.to(self._device))
        model.train()
        examples = self._examples(self._measure.learned)
        for step, places in enumerate(self._measure.batches, start=1):
            seed_step(self._measure.seed, step)
            engine.measure(optimizer, [examples[place] for place in places], micro_batch=BATCH, clip=OptimConfig.clip)
            for group in optimizer.param_groups:
                group["lr"] = lr_at(step, steps, OptimConfig(), LR)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            progress(step)
        return self._loss_of(engine)

    @torch.inference_mode()
    def decoding(self, other: Any) -> Decoding:
        """How fast held-out text is decoded in this vocabulary and in that of an `other` tokenizer whose tokens it has.

        The likeliest token of each pass is found, and the text's own goes on: so both write the very same characters,
        whatever the models would rather say. One model does both in turn, round by round, so that a busy machine is
        busy for both; it has the rows of the longer vocabulary, which is what the other one's passes are slowed by.
        """
        self._model.eval()
        texts = self._measure.decoded
        own, others = (
            [item.ids.tolist() for item in self._examples(texts, tokenizer)] for tokenizer in (self._tokenizer, other)
        )
        found: list[tuple[float, float]] = []
        with self._precision().autocast():
            self._decode(own[0])
            self._decode(others[0])
            while len(found) < ROUNDS and sum(map(sum, found)) < ENOUGH_SECONDS:
                found.append((self._seconds(own), self._seconds(others)))
        return Decoding(sum(map(len, texts)), found)

    def _seconds(self, rows: Sequence[Sequence[int]]) -> float:
        began = time.perf_counter()
        for row in rows:
            self._decode(row)
        return time.perf_counter() - began

    def _decode(self, row: Sequence[int]) -> None:
        past: Any = None
        for number in row[:-1]:
            made = self._model(
                input_ids=torch.tensor([[number]], device=self._device), past_key_values=past, use_cache=True
            )
            past = made.past_key_values
            # It has to be known before the next pass can begin.
            made.logits[0, -1].argmax().item()

    def _loss_of(self, engine: Engine) -> float:
        examples = self._examples(self._measure.held_out)
        tokens = sum(len(item.ids) - 1 for item in examples)
        return engine.evaluate(examples, micro_batch=BATCH) * tokens / self._measure.characters

    def _examples(self, parts: Sequence[Part], tokenizer: Any = None) -> list[Example]:
        """Parts as the model reads them; all of their tokens are learned, the one before them is not."""
        tokenizer = tokenizer or self._tokenizer
        first = tokenizer.bos_token_id
        if first is None:
            first = tokenizer.eos_token_id
        encoded = tokenizer(list(parts), add_special_tokens=False)["input_ids"]
        return [_example(number, [first, *ids]) for number, ids in enumerate(encoded)]

    def _engine(self, model: nn.Module) -> Engine:
        return Engine(self._accelerator, model, self._precision())

    def _precision(self) -> Precision:
        is_narrow = self._device.type == "cuda" and torch.cuda.is_bf16_supported()
        return Precision("bf16" if is_narrow else "fp32", self._device)


def _example(number: int, ids: Sequence[int]) -> Example:
    answer = torch.ones(len(ids), dtype=torch.bool)
    answer[0] = False
    return Example(number, "corpus", torch.tensor(ids, dtype=torch.int32), answer)
