"""The weights that are not trained: whether memory still holds what the run began with.

No checkpoint has them, so going back to one does not mend them: a bit that flips in a frozen base would bring each
spike back for ever, whatever samples or learning rate are tried.
"""

import numpy as np
import torch
from torch import nn

from trainer.parallel.shards import own_part

__all__ = ["Frozen", "sum_of"]

AT_ONCE = 1 << 24
"""Words that are summed together."""

_WORDS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


class Frozen:
    """Sums of all words of each frozen weight; one flipped bit always changes its sum."""

    def __init__(self, model: nn.Module) -> None:
        """Read every frozen weight once."""
        self._model = model
        self._sums = {name: sum_of(item) for name, item in _frozen(model).items()}

    def changed(self) -> list[str]:
        """Names of those that are not what they were."""
        now = _frozen(self._model)
        return [name for name, known in self._sums.items() if sum_of(now[name]) != known]


def _frozen(model: nn.Module) -> dict[str, nn.Parameter]:
    return {name: item for name, item in model.named_parameters() if not item.requires_grad}


def sum_of(tensor: torch.Tensor) -> int:
    """Sum of a tensor's words, as whole numbers; of one that processes share, of this process's part."""
    words = own_part(tensor).detach().contiguous().view(-1).view(_WORDS[tensor.element_size()])
    # In pieces: torch widens all it sums before it sums it.
    return sum(_sum(piece) for piece in words.split(AT_ONCE))


def _sum(words: torch.Tensor) -> int:
    if words.device.type == "cpu":
        # The same sum, many times faster: numpy widens as it goes.
        return int(np.add.reduce(words.numpy(), dtype=np.int64))
    return int(words.sum(dtype=torch.int64))
