"""Examples padded to a batch."""

from collections.abc import Sequence
from typing import NamedTuple

import torch

from trainer.examples import Example

__all__ = ["Batch", "collate"]


class Batch(NamedTuple):
    """Padded examples."""

    ids: torch.Tensor
    """Token ids, int64 [samples, tokens]."""

    mask: torch.Tensor
    """1 for a token, 0 for padding, int64 [samples, tokens]."""

    learned: torch.Tensor
    """Which tokens are learned, bool [samples, tokens]; never a first one, which nothing predicts."""


def collate(examples: Sequence[Example]) -> Batch:
    """Pad examples to the longest of them; a pure function of the examples."""
    shape = len(examples), max(len(example.ids) for example in examples)
    ids, mask, learned = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long), torch.zeros(shape)
    for place, example in enumerate(examples):
        length = len(example.ids)
        ids[place, :length] = example.ids
        mask[place, :length] = 1
        learned[place, 1:length] = example.answer[1:]
    return Batch(ids, mask, learned.bool())
