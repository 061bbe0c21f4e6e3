"""Whether a model keeps documents apart that are laid end to end in one row: found out by trying, not by its name.

Recurrent layers, sliding windows and position biases may not follow positions that begin anew. So made-up documents are
read in one row, each in its own row, and in one row with nothing between them.
"""

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from trainer.batch import collate, pack
from trainer.examples import Example

if TYPE_CHECKING:
    from trainer.step import Engine

__all__ = ["keeps_apart"]

LENGTHS = (9, 5, 14, 7)
"""Tokens of the made-up documents."""

LEAST_PART = 0.02
"""Share of what documents that see each other change in their losses, below which they are taken for apart."""

ROUNDING = {"fp32": 1e-5, "bf16": 1e-2, "fp16": 2e-3}
"""Relative error of a loss that is no more than rounding, by precision."""


def keeps_apart(engine: "Engine", tokens: Sequence[int]) -> bool:
    """Return whether packed documents have the losses they have alone; they are made up of `tokens`."""
    documents = _made_up(tokens)
    packed = pack(documents, sum(LENGTHS))
    assert packed.positions is not None, "several in a row"
    row = torch.arange(packed.ids.shape[1]).expand_as(packed.ids)
    try:
        alone, apart, together = (
            engine.losses_without_gradient(batch)
            for batch in (collate(documents), packed, packed._replace(positions=row))
        )
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError):
        # Each of them is how some model says that it does not take such rows.
        return False
    far, mixed = (apart - alone).abs(), (together - alone).abs()
    rounding = ROUNDING[engine.precision.name] * alone.abs()
    return bool((far <= LEAST_PART * mixed + rounding).all())


def _made_up(tokens: Sequence[int]) -> list[Example]:
    chance = random.Random(0)  # noqa: S311 - nothing here is secret
    every = [chance.choices(tokens, k=length) for length in LENGTHS]
    return [
        Example(number, "", torch.tensor(ids, dtype=torch.int32), torch.ones(len(ids), dtype=torch.bool))
        for number, ids in enumerate(every)
    ]
