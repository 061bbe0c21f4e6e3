"""A checkpoint put back into all processes: rank 0 reads it, the others are given what is in it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from trainer.checkpoint import restore_optimizer, restore_weights
from trainer.job import load_again
from trainer.parallel.shards import is_part
from trainer.parallel.spread import gather, share_optimizer, share_weights

if TYPE_CHECKING:
    from trainer.job import Job

__all__ = ["put_back", "put_back_optimizer", "whole_model"]


def put_back(job: "Job", folder: Path) -> None:
    """Put weights and optimizer's state of a verified checkpoint into the model it is of."""
    model = job.engine.accelerator.unwrap_model(job.model)
    if is_part(next(model.parameters())):
        share_weights(job, load_again(job.config, torch.device("cpu"), folder))
    else:
        restore_weights(model, folder)
        share_weights(job)
    put_back_optimizer(job, folder)


def put_back_optimizer(job: "Job", folder: Path) -> None:
    """Put the optimizer's state alone, where the model was loaded from the checkpoint."""
    restore_optimizer(job.model, job.optimizer, folder)
    share_optimizer(job)


@contextmanager
def whole_model(job: "Job") -> Iterator[nn.Module]:
    """The model to be asked: the one that is trained, or a copy of it where each process has only a part.

    The copy is in rank 0 alone, on its device, and needs the memory of the whole model there.
    """
    found = gather(job, optimizer=False)
    if found is None:
        yield job.model
        return
    model = load_again(job.config, job.engine.accelerator.device)
    _fill(model, found.weights)
    yield model.to(job.engine.accelerator.device)


def _fill(model: Any, weights: Mapping[str, torch.Tensor]) -> None:
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected, unexpected
    assert len(missing) + len(weights) == len(model.state_dict()), "the others are as in the folder"
