"""One step's arithmetic: loss of the answers, gradients, their norm, the update."""

import math
import random
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from accelerate import Accelerator
from torch import nn
from torch.nn import functional

from trainer.data import Batch, Example, collate

__all__ = ["Measured", "evaluate", "measure", "sample_losses", "seed_step"]


class Measured(NamedTuple):
    """What a step found, before anything was changed."""

    loss: float
    """Sum over the answer tokens of the batch, divided by their number, in nats."""

    losses: list[float]
    """Mean over each sample's own answer tokens, in the order of the batch."""

    grad_norm: float
    """Norm of all gradients before clipping."""

    tokens: int
    """Tokens read, padding left out."""

    @property
    def is_finite(self) -> bool:
        """Whether loss and gradients are numbers one can step on."""
        return math.isfinite(self.loss) and math.isfinite(self.grad_norm)


def seed_step(seed: int, step: int) -> None:
    """Make all that is random in a step (dropout) a function of seed and step alone.

    So a resumed, repeated or forked step draws the same numbers, whatever went before it.
    """
    number = random.Random(f"{seed}/step/{step}").getrandbits(32)  # noqa: S311 - dropout, no secret
    random.seed(number)
    np.random.seed(number)
    torch.manual_seed(number)


def measure(
    accelerator: Accelerator, model: nn.Module, examples: Sequence[Example], *, micro_batch: int, clip: float
) -> Measured:
    """Run a batch forward and backward, `micro_batch` samples at once; gradients are left clipped.

    The loss is that of the whole batch whatever the micro-batch: each part is divided by the answer
    tokens of all parts.
    """
    parts = [collate(examples[begin : begin + micro_batch]) for begin in range(0, len(examples), micro_batch)]
    total = sum(int(part.learned.sum()) for part in parts)
    losses: list[float] = []
    loss = 0.0
    for part in parts:
        sums, counts = sample_losses(accelerator, model, part)
        share = sums.sum() / total
        accelerator.backward(share)
        loss += share.item()
        losses += (sums.detach() / counts).tolist()
    norm = accelerator.clip_grad_norm_(model.parameters(), clip or math.inf)
    assert norm is not None, "one process without DeepSpeed always has a norm"
    return Measured(loss, losses, float(norm), sum(int(part.mask.sum()) for part in parts))


def sample_losses(accelerator: Accelerator, model: nn.Module, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Sum of the answer tokens' losses of each sample, float32 [samples], and how many they are."""
    moved = Batch(*(tensor.to(accelerator.device) for tensor in batch))
    with accelerator.autocast():
        logits = model(input_ids=moved.ids, attention_mask=moved.mask, use_cache=False).logits
    learned = moved.learned[:, 1:]
    # Only the answers' rows are widened to float32: with a large vocabulary that is most of the memory.
    found = functional.cross_entropy(logits[:, :-1][learned].float(), moved.ids[:, 1:][learned], reduction="none")
    counts = learned.sum(dim=1)
    return torch.stack([part.sum() for part in found.split(counts.tolist())]), counts


@torch.no_grad()
def evaluate(accelerator: Accelerator, model: nn.Module, examples: Sequence[Example], *, micro_batch: int) -> float:
    """Loss over the answer tokens of held-out examples, in nats; the model's mode is put back."""
    was_training = model.training
    model.eval()
    total, count = 0.0, 0
    # Equal lengths together: less padding, the same result but for rounding.
    ordered = sorted(examples, key=lambda example: (len(example.ids), example.row))
    for begin in range(0, len(ordered), micro_batch):
        sums, counts = sample_losses(accelerator, model, collate(ordered[begin : begin + micro_batch]))
        total += sums.sum().item()
        count += int(counts.sum())
    model.train(was_training)
    return total / count
