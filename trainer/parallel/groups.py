"""Groups of layers of which each process holds a part: their norms are those of the whole."""

from collections.abc import Callable

import torch
from torch import nn

from trainer.groups import LayerGroups

__all__ = ["ShardedGroups"]


class ShardedGroups(LayerGroups):
    """What the trained parameters of a sharded model say; each process has to ask for the same."""

    def __init__(self, model: nn.Module, add_up: Callable[[torch.Tensor], torch.Tensor]) -> None:
        """`add_up` sums a tensor over all processes."""
        super().__init__(model)
        self._add_up = add_up

    def gradient_norms(self) -> torch.Tensor:
        """As of a whole model."""
        return self._add_up(super().gradient_norms().float().square()).sqrt()

    def step_norms(self, optimizer: torch.optim.Optimizer) -> tuple[torch.Tensor, torch.Tensor]:
        """As of a whole model."""
        updates, ratios = self._add_up(torch.stack(super().step_norms(optimizer)).square()).sqrt()
        return updates, ratios
