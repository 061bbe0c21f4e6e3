"""What the mixin sees of one step, kept on its device until one look at all of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import torch

from assay.foreign import Failure, attempt
from assay.spikes import Verdict
from trainer.adapters.losses import Losses
from trainer.step import Measured

__all__ = ["Number", "Seen"]

NOT_MEASURED = -1.0
"""What the detectors take for a gradient norm that nobody has measured."""

Number: TypeAlias = torch.Tensor | float
"""A number, which may lie on a device still."""


@dataclass
class Seen:
    """A step of the host: its micro-batches so far, and what was decided of it."""

    step: int
    """Its number."""

    rows: list[int] | None = None
    """Rows of the training dataset it reads, in order; None where they cannot be told."""

    losses: list[Number] = field(default_factory=list, init=False)
    """What each micro-batch adds to the step's loss, detached."""

    tokens: list[Number] = field(default_factory=list, init=False)
    """Tokens of each micro-batch, padding left out."""

    samples: list[Losses | None] = field(default_factory=list, init=False)
    """What makes the loss of each sample of a micro-batch; None where it cannot be told."""

    grad_norm: Number | None = field(default=None, init=False)
    """Norm of all gradients before clipping."""

    lr: float = field(default=math.nan, init=False)
    """Learning rate it is taken with."""

    is_left_out: bool = field(default=False, init=False)
    """Whether nothing is learned from it."""

    judged_by: tuple[float, float, bool] = field(default=(math.nan, NOT_MEASURED, True), init=False)
    """Loss, gradient norm, and whether each weight was a number before it."""

    verdict: Verdict | None = field(default=None, init=False)
    """What the guard says of it; None before it was judged."""

    is_taken: bool = field(default=False, init=False)
    """Whether its update is made."""

    is_overflow: bool = field(default=False, init=False)
    """Whether its gradients are no numbers only because fp16's loss scale is too large."""

    _known: Measured | None = field(default=None, init=False)

    def look(self) -> tuple[float, float]:
        """Its loss and its gradient norm as numbers; on a device all else of it in the same look, because each one
        waits for the device. transformers waits for each loss as well, to see whether it is a number.
        """
        numbers: list[float] = []
        # As they are now: the host may go on to reckon with what it holds.
        for part in self.losses:
            if not isinstance(part, torch.Tensor):
                numbers.append(part)
            elif part.is_cpu:
                numbers.append(part.item())
            else:
                self._known = found = self._measured()
                self.samples.clear()  # what is large is not kept on a device
                return found.loss, found.grad_norm
        self.losses = [*numbers]
        norm = self.grad_norm
        if isinstance(norm, torch.Tensor):
            self.grad_norm = norm = norm.item()
        loss = sum(numbers) if len(numbers) == 1 else _sum(numbers)
        return loss, NOT_MEASURED if norm is None else norm

    def measured(self) -> Measured:
        """All of it as numbers."""
        return self._known or self._measured()

    def _measured(self) -> Measured:
        samples, count = self._of_rows(), len(self.losses)
        norm = NOT_MEASURED if self.grad_norm is None else self.grad_norm
        numbers = _numbers([*self.losses, *self.tokens, norm, *samples])
        losses = numbers[2 * count + 1 :]
        return Measured(
            loss=_sum(numbers[:count]), losses=losses, counts=[1] * len(losses), grad_norm=numbers[2 * count],
            group_norms=[], tokens=int(sum(numbers[count : 2 * count])),
        )  # fmt: skip

    def _of_rows(self) -> list[torch.Tensor]:
        """The losses of the samples, where they are one a row; where rows were joined, or are not known, none."""
        made = [attempt(make) for make in self.samples if make is not None]
        known = [part for part in made if not isinstance(part, Failure)]
        is_whole = self.rows is not None and len(known) == len(self.losses)
        return known if is_whole and sum(map(len, known)) == len(self.rows or ()) else []


def _sum(numbers: Sequence[float]) -> float:
    return math.fsum(numbers) if all(map(math.isfinite, numbers)) else sum(numbers)


def _numbers(parts: Sequence[Number]) -> list[float]:
    elsewhere = next((part.device for part in parts if isinstance(part, torch.Tensor) and not part.is_cpu), None)
    if elsewhere is None:
        # There is nothing to wait for, and a number is read faster than tensors are put together.
        return [number for part in parts for number in _listed(part)]
    return torch.cat([_flat(part, elsewhere) for part in parts]).tolist()


def _listed(part: Number) -> list[float]:
    if not isinstance(part, torch.Tensor):
        return [part]
    found = part.tolist()
    return found if isinstance(found, list) else [found]


def _flat(part: Number, device: torch.device) -> torch.Tensor:
    made = part.detach() if isinstance(part, torch.Tensor) else torch.tensor(part)
    return made.to(device=device, dtype=torch.float32, non_blocking=True).reshape(-1)
