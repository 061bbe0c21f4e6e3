"""Whether all processes hold the same: a checkpoint is sealed only where they do, and all are there."""

from typing import TYPE_CHECKING, Protocol

import torch
from torch import nn

from trainer.errors import TrainingError
from trainer.frozen import Frozen, sum_of
from trainer.parallel.channel import current, order
from trainer.parallel.shards import is_part

if TYPE_CHECKING:
    from trainer.job import Job

__all__ = ["changed_anywhere", "confirm", "held"]


class _Holds(Protocol):
    @property
    def model(self) -> nn.Module: ...

    @property
    def optimizer(self) -> torch.optim.Optimizer: ...


def confirm(job: "Job") -> None:
    """Have all processes say what they hold, before what rank 0 holds becomes a checkpoint.

    Raises TrainingError where one of them holds something else, LostProcessError where one is gone.
    """
    channel = current()
    if channel is None:
        return
    order("confirm")
    everywhere = channel.gather(held(job))
    for rank, sums in enumerate(everywhere):
        odd = [name for name, value in everywhere[0].items() if sums.get(name) != value]
        if odd:
            raise TrainingError(
                f"process {rank} no longer holds the same as process 0, first in {odd[0]}: memory or a link of its "
                f"machine is not sound, so nothing was sealed; leave that machine out, and go on with --resume"
            )


def held(built: _Holds) -> dict[str, int]:
    """Sums of the words of each weight that is trained and of its optimizer's state; of parts, which differ, none."""
    found: dict[str, int] = {}
    for name, item in built.model.named_parameters():
        if item.requires_grad and not is_part(item):
            found[name] = sum_of(item)
            found |= {f"{name}/{part}": sum_of(value) for part, value in built.optimizer.state.get(item, {}).items()}
    return found


def changed_anywhere(frozen: Frozen) -> list[str]:
    """Names of weights that are not trained and are not what they were, in any process."""
    channel = current()
    if channel is None:
        return frozen.changed()
    order("changed")
    return list(dict.fromkeys(name for names in channel.gather(frozen.changed()) for name in names))
