"""What is recorded of a step besides its time: loss by source, memory, loss scale."""

import math
from collections.abc import Sequence

import psutil
import torch

from trainer.examples import Example
from trainer.job import Job
from trainer.step import Measured

__all__ = ["loss_by_source", "signals"]

_PROCESS = psutil.Process()


def signals(job: Job, found: Measured, examples: Sequence[Example]) -> dict[str, float]:
    """Values of a step that are known before it is taken, by their names."""
    values = {"loss": found.loss, "grad_norm": found.grad_norm, "memory_bytes": float(_memory(job))}
    if (scale := job.engine.precision.loss_scale) is not None:
        values["loss_scale"] = scale
    values |= found.signals
    if job.config.record.sources and len(job.data.sources) > 1:
        values |= loss_by_source(found, examples)
    return values


def loss_by_source(found: Measured, examples: Sequence[Example]) -> dict[str, float]:
    """`loss/<source>` of the sources in a batch: mean over the answer tokens of their samples, in nats; over pairs
    of preferences.
    """
    sums: dict[str, list[float]] = {}
    for example, loss, count in zip(examples, found.losses, found.counts, strict=True):
        total = sums.setdefault(f"loss/{example.source}", [0.0, 0.0])
        total[0] += loss * count
        total[1] += count
    return {name: loss / count if count else math.nan for name, (loss, count) in sums.items()}


def _memory(job: Job) -> int:
    """Most memory in use so far on a GPU, what the process uses on a processor; in bytes."""
    device = job.engine.accelerator.device
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return _PROCESS.memory_info().rss
