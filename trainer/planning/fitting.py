"""What fits which card, which method that speaks for, and the table of memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trainer.planning.activations import Setting
from trainer.planning.advice import GUIDE, OURS, Reason
from trainer.planning.architecture import KINDS, Architecture
from trainer.planning.memory import HEADROOM, METHODS, Card, Memory, largest_fit, memory_of, sharded_over

__all__ = ["Fit", "about_memory", "fits_of", "memory_table", "method_for", "powers_of_two"]

LENGTHS = (512, 1024, 2048, 4096, 8192)
"""Tokens of a sample in the table, as far as the model reads them, beside the planned ones."""

MICRO_BATCHES = (1, 4)
"""Samples at once in the table, beside the planned ones."""

MEASURED = "measured against the allocator: python -m bench.memory_table"


@dataclass(frozen=True)
class Fit:
    """What fits one card."""

    card: Card
    """The card."""

    of: dict[str, Memory | None]
    """By method the largest micro-batch of the planned length that fits; None where not even one sample does."""

    sharded_over: int | None
    """How many such cards all weights take, each with a part of them; None where a step is too large even so."""

    def as_dict(self) -> dict[str, Any]:
        """What fits, as JSON."""
        methods = {name: found.as_dict() if found else None for name, found in self.of.items()}
        return {
            "bytes": self.card.size, "usable_bytes": self.card.usable, **methods, "full_sharded_over": self.sharded_over
        }  # fmt: skip


def fits_of(shape: Architecture | None, setting: Setting, cards: Sequence[Card], batch: int) -> list[Fit]:
    """What fits each card, the smallest card first, with micro-batches up to `batch`; nothing for an unknown shape."""
    if shape is None:
        return []
    sizes = powers_of_two(batch)
    return [
        Fit(
            card,
            {name: largest_fit(shape, replace(setting, method=name), card, sizes) for name in METHODS},
            sharded_over(shape, replace(setting, method="full"), card),
        )
        for card in sorted(cards, key=lambda card: card.size)
    ]


def powers_of_two(most: int) -> list[int]:
    """The powers of two up to a number.

    >>> powers_of_two(24)
    [1, 2, 4, 8, 16]
    """
    return [1 << power for power in range(most.bit_length())]


def method_for(
    fits: Sequence[Fit], *, wants_full: bool, has_cpt: bool, named: bool = True
) -> tuple[str, Card | None, Reason]:
    """The method, and the smallest card that it fits; None where no card was `named`, or none is large enough."""
    source = f"{GUIDE}; arXiv 2405.09673"
    if wants_full and (card := _smallest(fits, "full")):
        said = f"all weights: there is much to learn, and it fits a card of {card.name}"
        return "full", card, Reason("method", said, source)
    why = "LoRA: it forgets less than training all weights, and takes a fraction of their memory"
    if has_cpt:
        why += "; of documents it also learns less"
    if wants_full:
        why += "; there is enough data for all weights" + (", but they fit none of the cards" if fits else "")
    if not fits:
        what = (
            "what fits is not known, as there is no table of memory"
            if named
            else "name your cards with --gpu to see what fits"
        )
        return "lora", None, Reason("method", f"{why}; {what}", source)
    if card := _smallest(fits, "lora"):
        return "lora", card, Reason("method", f"{why}; it fits a card of {card.name}", source)
    if card := _smallest(fits, "qlora"):
        said = f"QLoRA: of the cards that were named {card.name} holds it, with weights of 4 bits only"
        return "qlora", card, Reason("method", said, "arXiv 2305.14314")
    said = "WARNING: not even weights of 4 bits fit a card that was named; take a smaller model or a larger card"
    return "lora", None, Reason("method", said, MEASURED)


def _smallest(fits: Sequence[Fit], method: str) -> Card | None:
    return next((fit.card for fit in fits if fit.of[method]), None)


def memory_table(shape: Architecture | None, setting: Setting) -> list[Memory]:
    """The table of memory: a row for each method as planned, then for every length, micro-batch and way."""
    if shape is None:
        return []
    planned = setting.length, setting.micro_batch, setting.checkpointing
    lengths = sorted({setting.length, *(item for item in LENGTHS if item <= (shape.longest or item))})
    others = [
        (length, size, way) for length in lengths for size in sorted({*MICRO_BATCHES, setting.micro_batch})
        for way in (False, True)
    ]  # fmt: skip
    return list(_rows(shape, setting, [planned, *(item for item in others if item != planned)]))


def _rows(shape: Architecture, setting: Setting, wanted: Sequence[tuple[int, int, bool]]) -> Iterator[Memory]:
    for length, size, way in wanted:
        for method in METHODS:
            asked = replace(setting, method=method, length=length, micro_batch=size, checkpointing=way)
            yield memory_of(shape, replace(asked, padded=size > 1))


def about_memory(shape: Architecture | None, cards: Sequence[Card]) -> Reason:
    """What the table of memory is worth, or why there is none."""
    if shape is None:
        said = f"no table of memory: it is worked out for unquantized {', '.join(KINDS)}, and config.json says neither"
        return Reason("memory", said, OURS)
    said = (
        "worked out from config.json for bf16 on a GPU; activations are the peak of a step beside the rest, which with "
        "all weights can be AdamW's own copies; measured on processors, 4 bits not at all"
    )
    if cards:
        said += f"; of each card {100 * HEADROOM:.0f} % are left free for driver, libraries and holes"
    return Reason("memory", said, MEASURED)
