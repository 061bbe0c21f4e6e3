"""Rows of a model for new tokens: each begins as the mean of the rows of the tokens that stood for it."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

__all__ = ["add_rows", "rounded"]

LEAST_MULTIPLE, MOST_MULTIPLE = 64, 512
"""Powers of two that a number of rows is rounded up to for speed; a smaller one divides it by chance."""


def rounded(rows: int, before: int) -> int:
    """Rows for a vocabulary of `rows` tokens, in the multiple in which a model with `before` rows has them.

    >>> rounded(151_700, 151_936), rounded(152_000, 151_936), rounded(32_100, 32_001)
    (151936, 152064, 32100)
    """
    if rows <= before:
        return before
    multiple = min(before & -before, MOST_MULTIPLE)
    return rows if multiple < LEAST_MULTIPLE else -(-rows // multiple) * multiple


@torch.no_grad()
def add_rows(model: Any, pieces: Sequence[Sequence[int]], first: int) -> None:
    """Give the tokens from id `first` on their rows, at the input and at the output; all rows before stay as they are.

    Rows that the model has beyond its tokens are used first. What is added beyond the new tokens, to keep the multiple,
    is the mean of all old rows: its logit is their mean and never the largest. A head that is the embedding stays so.
    """
    last = first + len(pieces)
    before = model.get_input_embeddings().weight.shape[0]
    model.resize_token_embeddings(rounded(last, before), mean_resizing=False)
    for weight in _weights(model):
        # In float32: in a narrow type a mean of many rows would be rounded at each of them.
        means = [weight[list(ids)].float().mean(dim=0) for ids in pieces]
        weight[first:last] = torch.stack(means).to(weight.dtype)
        # Spare rows that were there are left alone.
        weight[max(last, before) :] = weight[:first].mean(dim=0, dtype=torch.float32).to(weight.dtype)


def _weights(model: Any) -> list[torch.Tensor]:
    """What has a row a token: the embedding, and the head with its bias where they are others."""
    head: nn.Module | None = model.get_output_embeddings()
    found = [model.get_input_embeddings().weight, getattr(head, "weight", None), getattr(head, "bias", None)]
    return list({id(weight): weight for weight in found if weight is not None}.values())
