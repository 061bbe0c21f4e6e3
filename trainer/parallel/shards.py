"""Tensors of which each process holds a part (FSDP: torch's DTensor), and tensors that are whole; without loading any
of torch.distributed.
"""

from typing import Any

import torch

__all__ = ["is_part", "own_part", "whole"]


def is_part(tensor: Any) -> bool:
    """Whether a process holds only a part of it."""
    return hasattr(tensor, "to_local")


def own_part(tensor: torch.Tensor) -> torch.Tensor:
    """What this process holds of a tensor, in the same memory; the tensor itself where that is all of it."""
    return tensor.to_local() if is_part(tensor) else tensor  # pyright: ignore[reportAttributeAccessIssue] - a DTensor


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """All of a tensor; where each process holds a part, every one has to ask."""
    return tensor.full_tensor() if is_part(tensor) else tensor  # pyright: ignore[reportAttributeAccessIssue] - a DTensor
