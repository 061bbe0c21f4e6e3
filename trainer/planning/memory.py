"""How much memory a training needs, part by part, and what of it fits a card."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assay.errors import AssayError
from trainer.planning.activations import BYTES, Setting, activations, adamw_copies
from trainer.planning.architecture import Architecture, Shape

__all__ = ["HEADROOM", "METHODS", "Card", "Memory", "card_of", "largest_fit", "memory_of", "sharded_over"]

METHODS = ("full", "lora", "qlora")
"""All weights, an adapter, an adapter on weights of 4 bits."""

GIB = 1 << 30

HEADROOM = 0.1
"""Share of a card that is left free: for its driver and libraries, and for holes between tensors."""

_CARD = re.compile(r"(?:(\d+)\s*[x×*]\s*)?(?:.*\w[\s_-]+)?(\d+(?:\.\d+)?)\s*G(?:i?B)?", re.IGNORECASE)


@dataclass(frozen=True)
class Memory:
    """What a training holds at its peak, in bytes."""

    setting: Setting
    """What is trained, and how."""

    weights: int
    """All weights, those of the adapter among them."""

    gradients: int
    """A float32 number for each trained one."""

    optimizer: int
    """AdamW's two averages in float32 of each, and its count of steps for each tensor."""

    activations: int
    """All that comes and goes within a step, at its peak."""

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.optimizer + self.activations

    def as_dict(self) -> dict[str, Any]:
        """The row of a table."""
        return {
            "method": self.setting.method, "weights": self.weights, "gradients": self.gradients,
            "optimizer": self.optimizer, "activations": self.activations, "total_bytes": self.total,
            "length": self.setting.length, "micro_batch": self.setting.micro_batch,
            "gradient_checkpointing": self.setting.checkpointing,
        }  # fmt: skip


@dataclass(frozen=True)
class Card:
    """A graphics card."""

    name: str
    """As it was named."""

    size: int
    """Its memory in bytes; the GB that cards are sold by are 2^30 bytes."""

    count: int = 1
    """How many there are of it."""

    @property
    def usable(self) -> int:
        """What a training may take of it."""
        return int(self.size * (1 - HEADROOM))


def memory_of(model: Architecture, setting: Setting) -> Memory:
    """What a training of this model in this setting holds at its peak.

    >>> from pathlib import Path
    >>> from trainer.planning.architecture import architecture_of
    >>> sizes = {"n_embd": 8, "n_layer": 1, "n_head": 2, "vocab_size": 50, "n_positions": 16}
    >>> found = memory_of(architecture_of({"model_type": "gpt2", **sizes}, Path()), Setting("full", length=16))
    >>> found.weights, found.gradients, found.optimizer
    (5664, 5664, 11392)
    """
    trained = _trained(model, setting)
    numbers = _numbers(trained)
    return Memory(
        setting=setting, weights=_weights(model, setting), gradients=4 * numbers,
        optimizer=8 * numbers + 4 * len(trained), activations=activations(model, setting),
    )  # fmt: skip


def card_of(text: str) -> Card:
    """Read a card, as `24GB`, `A100-40GB` or `4 x A100 40GB`. Raises AssayError where its memory is not last."""
    name = text.strip()
    found = _CARD.fullmatch(name)
    size, count = (float(found[2]), int(found[1] or 1)) if found else (0.0, 0)
    if not size or not count:
        raise AssayError(f"--gpu {name}: Assay does not know this card; write how much memory it has, as in 24GB")
    return Card(name, int(size * GIB), count)


def largest_fit(model: Architecture, setting: Setting, card: Card, sizes: Iterable[int]) -> Memory | None:
    """The largest of some micro-batches that fits a card, without checkpointing if one does; None where none does."""
    for checkpointing in (False, True):
        for size in sorted(sizes, reverse=True):
            asked = replace(setting, micro_batch=size, checkpointing=checkpointing, padded=size > 1)
            found = memory_of(model, asked)
            if found.total <= card.usable:
                return found
    return None


def sharded_over(model: Architecture, setting: Setting, card: Card) -> int | None:
    """How many cards are needed where each holds a part of weights, gradients and optimizer (FSDP, ZeRO-3).

    With one sample at once and checkpointing; None where a step does not fit a card even so.
    """
    alone = replace(setting, micro_batch=1, checkpointing=True, padded=False)
    found = memory_of(model, alone)
    held = found.weights + found.gradients + found.optimizer + adamw_copies(model, alone)
    # A card has a layer whole while it computes it, its gradient too; what else a step needs is as with an adapter.
    layer = 2 * BYTES[setting.held_in(model)] * _numbers(model.layer_shapes)
    left = card.usable - activations(model, replace(alone, method="lora")) - layer
    return math.ceil(held / left) if left > 0 else None


def _trained(model: Architecture, setting: Setting) -> Sequence[Shape]:
    return model.shapes if setting.is_full else model.adapter_shapes(setting.rank) * model.layers


def _weights(model: Architecture, setting: Setting) -> int:
    held = BYTES[setting.held_in(model)]
    if setting.is_full:
        return held * model.parameters
    adapter = 4 * _numbers(model.adapter_shapes(setting.rank)) * model.layers
    if setting.method == "lora":
        return held * model.parameters + adapter
    narrow = model.linear_parameters * model.layers
    # Half a byte each, and of each block of 64 a byte, and of each 256 blocks a float32 (QLoRA, double quantization).
    return narrow // 2 + narrow // 64 + narrow // (64 * 256) * 4 + held * (model.parameters - narrow) + adapter


def _numbers(shapes: Sequence[Shape]) -> int:
    return sum(map(math.prod, shapes))
