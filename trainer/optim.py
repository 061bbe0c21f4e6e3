"""AdamW and its learning rate: the rate is a pure function of the step."""

import math
from collections.abc import Iterable

import torch
from torch import nn

from trainer.config import OptimConfig

__all__ = ["lr_at", "make_optimizer", "set_lr"]


def make_optimizer(named: Iterable[tuple[str, nn.Parameter]], config: OptimConfig, lr: float) -> torch.optim.AdamW:
    """Make AdamW over the trainable parameters; biases and norms do not decay."""
    trainable = [parameter for _, parameter in named if parameter.requires_grad]
    groups = [
        {"params": [item for item in trainable if item.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [item for item in trainable if item.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]], lr=lr, betas=(config.beta1, config.beta2), eps=config.eps
    )


def lr_at(step: int, steps: int, config: OptimConfig, peak: float) -> float:
    """The learning rate of a step: up in a line, then down by the schedule to its end.

    >>> config = OptimConfig(warmup=0.1, schedule="linear")
    >>> [round(lr_at(step, 20, config, 1.0), 2) for step in (1, 2, 3, 11, 20)]
    [0.5, 1.0, 1.0, 0.56, 0.06]
    """
    rising = round(config.warmup * steps)
    if step <= rising:
        return peak * step / rising
    done = (step - rising - 1) / max(1, steps - rising)
    falling = {"cosine": 0.5 * (1 + math.cos(math.pi * done)), "linear": 1 - done, "constant": 1.0}[config.schedule]
    return peak * (config.min_lr_ratio + (1 - config.min_lr_ratio) * falling)


def set_lr(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Set the learning rate of all groups."""
    for group in optimizer.param_groups:
        group["lr"] = lr
