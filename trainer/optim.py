"""AdamW and its learning rate: the rate is a pure function of the step."""

import math
from collections.abc import Callable, Iterable

import torch
from torch import nn

from trainer.config import OptimConfig
from trainer.remedies import Remedies

__all__ = ["adjust", "lr_at", "make_optimizer"]


def make_optimizer(
    named: Iterable[tuple[str, nn.Parameter]], config: OptimConfig, lr: float,
    is_shallow: Callable[[str], bool] = lambda _: False,
) -> torch.optim.AdamW:  # fmt: skip
    """Make AdamW over the trainable parameters; biases and norms do not decay, the shallow can be told apart."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, item in named:
        if item.requires_grad:
            groups.setdefault((item.ndim < 2, is_shallow(name)), []).append(item)
    return torch.optim.AdamW(
        [
            {"params": items, "weight_decay": 0.0 if is_flat else config.weight_decay, "shallow": shallow}
            for (is_flat, shallow), items in sorted(groups.items())
        ],
        lr=lr, betas=(config.beta1, config.beta2), eps=config.eps,
    )  # fmt: skip


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


def adjust(optimizer: torch.optim.Optimizer, config: OptimConfig, remedies: Remedies, lr: float) -> None:
    """Set the learning rate and epsilon of a step, as the remedies in effect ask for."""
    for group in optimizer.param_groups:
        group["lr"] = lr * remedies.shallow_update if group["shallow"] else lr
        group["eps"] = remedies.eps or config.eps
