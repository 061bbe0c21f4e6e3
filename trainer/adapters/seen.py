"""What the mixin sees of one step, kept on its device until one look at all of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from trainer.step import Measured

__all__ = ["Seen"]

NOT_MEASURED = -1.0
"""What the detectors take for a gradient norm that nobody has measured."""


@dataclass
class Seen:
    """A step of the host: its micro-batches so far."""

    step: int
    """Its number."""

    rows: list[int] | None = None
    """Rows of the training dataset it reads, in order; None where they cannot be told."""

    losses: list[torch.Tensor] = field(default_factory=list[torch.Tensor])
    """What each micro-batch adds to the step's loss, detached."""

    tokens: list[torch.Tensor | int] = field(default_factory=list["torch.Tensor | int"])
    """Tokens of each micro-batch, padding left out."""

    samples: list[torch.Tensor | None] = field(default_factory=list["torch.Tensor | None"])
    """Loss of each sample of a micro-batch, float32 [samples]; None where it cannot be told."""

    grad_norm: torch.Tensor | float | None = None
    """Norm of all gradients before clipping."""

    lr: float = math.nan
    """Learning rate it is taken with."""

    is_left_out: bool = False
    """Whether nothing is learned from it."""

    def measured(self) -> Measured:
        """All of it as numbers: one look, because each one waits for the device."""
        norm = NOT_MEASURED if self.grad_norm is None else self.grad_norm
        known = [part for part in self.samples if part is not None]
        whole = len(known) == len(self.losses) and self._is_of_rows(sum(map(len, known)))
        parts = [*self.losses, *self.tokens, norm, *(known if whole else [])]
        numbers = _numbers(parts, self.losses[0].device)
        count = len(self.losses)
        losses = numbers[2 * count + 1 :] if whole else []
        return Measured(
            loss=math.fsum(numbers[:count]) if all(map(math.isfinite, numbers[:count])) else sum(numbers[:count]),
            losses=losses, counts=[1] * len(losses), grad_norm=numbers[2 * count],
            group_norms=[], tokens=int(sum(numbers[count : 2 * count])),
        )  # fmt: skip

    def _is_of_rows(self, count: int) -> bool:
        """Whether so many losses are one a row; where rows were joined, or are not known, they are not."""
        return self.rows is not None and len(self.rows) == count


def _numbers(parts: Sequence[torch.Tensor | float], device: torch.device) -> list[float]:
    if device.type == "cpu":
        # There is nothing to wait for, and a number is read faster than tensors are put together.
        return [number for part in parts for number in _listed(part)]
    return torch.cat([_flat(part, device) for part in parts]).tolist()


def _listed(part: torch.Tensor | float) -> list[float]:
    if not isinstance(part, torch.Tensor):
        return [part]
    found = part.tolist()
    return found if isinstance(found, list) else [found]


def _flat(part: torch.Tensor | float, device: torch.device) -> torch.Tensor:
    made = part.detach() if isinstance(part, torch.Tensor) else torch.tensor(part)
    return made.to(device=device, dtype=torch.float32, non_blocking=True).reshape(-1)
