"""Signals by group of layers: where in the network a step is large.

Groups are embed, first, middle, last, head: `first` and `last` are k = max(1, layers // 4) layers each.
Recorded for each group with trained parameters, over all its elements:

    group/<g>/grad_norm    norm of the gradient, before clipping
    group/<g>/update_rms   root mean square of lr * m / (sqrt(v) + eps), what Adam adds to the weights
    group/<g>/rms_t        root of the mean of g^2 / max(v, eps^2); above 1 where the gradient outgrows
                           what Adam remembers of it (StableAdamW, arXiv 2304.13013)

m and v are Adam's averages without their bias, g the gradient as Adam saw it. All of it is computed from
the optimizer's state, not from a copy of the weights.
"""

import math
import re
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import nn

# pyright: reportPrivateImportUsage=false, reportPrivateUsage=false
# torch's own optimizers and clipping are made of its _foreach functions; it exports no others.

__all__ = ["GROUPS", "LayerGroups", "group_of"]

AT_ONCE = 1 << 24
"""Most numbers that are looked at together: large enough for few kernels, small beside any model."""

GROUPS = ("embed", "first", "middle", "last", "head")

_LAYER = re.compile(r"\.(?:layers|h|blocks|block|layer)\.(\d+)\.")
_EMBED = re.compile(r"\b(?:embed_tokens|embed_positions|wte|wpe|word_embeddings|tok_embeddings|embeddings|embed_in)\b")


def group_of(name: str, layers: int) -> str:
    """The group of a parameter, by its name.

    >>> [group_of(f"model.layers.{number}.mlp.up_proj.weight", 8) for number in (0, 1, 2, 5, 6, 7)]
    ['first', 'first', 'middle', 'middle', 'last', 'last']
    >>> group_of("model.embed_tokens.weight", 8), group_of("model.norm.weight", 8), group_of("lm_head.weight", 8)
    ('embed', 'head', 'head')
    """
    edge = max(1, layers // 4)
    if found := _LAYER.search(name):
        number = int(found[1])
        return "first" if number < edge else "last" if number >= layers - edge else "middle"
    return "embed" if _EMBED.search(name) else "head"


class LayerGroups:
    """The trained parameters of a model by group, and what they say at each step."""

    def __init__(self, model: nn.Module) -> None:
        """Sort the trained parameters of `model` into groups."""
        named = [(name, item) for name, item in model.named_parameters() if item.requires_grad]
        layers = 1 + max(
            (int(found[1]) for name, _ in model.named_parameters() if (found := _LAYER.search(name))), default=0
        )
        ordered = sorted(named, key=lambda pair: GROUPS.index(group_of(pair[0], layers)))
        self.parameters = [item for _, item in ordered]
        """Trained parameters, those of a group side by side."""
        self._owners = [group_of(name, layers) for name, _ in ordered]
        self._sizes = {group: sum(item.numel() for item in self._of(group)) for group in dict.fromkeys(self._owners)}

    def _of(self, group: str) -> list[nn.Parameter]:
        return [item for item, owner in zip(self.parameters, self._owners, strict=True) if owner == group]

    def gradient_norms(self) -> torch.Tensor:
        """Norm of the gradient of each parameter, float32 [parameters], on the device; 0 where it has none."""
        gradients = [item.grad if item.grad is not None else item.new_zeros(1) for item in self.parameters]
        return torch.stack(torch._foreach_norm(gradients))

    def after_step(self, optimizer: torch.optim.Optimizer, gradients: list[float]) -> dict[str, float]:
        """The signals of each group by their names; `gradients` are the norms before clipping.

        Call it after the optimizer's step, while the gradients are still there. Needs memory for some
        ten million numbers, however large the model.
        """
        updates, ratios = torch.stack(self.step_norms(optimizer)).tolist()
        return self.named(gradients, updates, ratios)

    @torch.no_grad()
    def step_norms(self, optimizer: torch.optim.Optimizer) -> tuple[torch.Tensor, torch.Tensor]:
        """Norm of the update and of g / max(sqrt(v), eps) of each parameter, float32 [parameters], on the device."""
        squares = torch.zeros(2, len(self.parameters), device=self.parameters[0].device)
        for pieces in _in_batches(_pieces(self.parameters, optimizer)):
            places = torch.tensor([piece.place for piece in pieces], device=squares.device)
            squares.index_add_(1, places, _adam_norms(pieces).square_())
        return squares[0].sqrt(), squares[1].sqrt()

    def named(self, gradients: list[float], updates: list[float], ratios: list[float]) -> dict[str, float]:
        """The signals of each group by their names, from norms of each parameter."""
        found: dict[str, float] = {}
        for group, size in self._sizes.items():
            squares = [
                math.fsum(norm * norm for norm, owner in zip(norms, self._owners, strict=True) if owner == group)
                for norms in (gradients, updates, ratios)
            ]
            found[f"group/{group}/grad_norm"] = math.sqrt(squares[0])
            found[f"group/{group}/update_rms"] = math.sqrt(squares[1] / size)
            found[f"group/{group}/rms_t"] = math.sqrt(squares[2] / size)
        return found


class _Piece(NamedTuple):
    """Part of a parameter with what Adam knows of it, all flat."""

    place: int
    gradient: torch.Tensor
    mean: torch.Tensor
    square: torch.Tensor
    rate: float
    """Learning rate over the mean's correction."""
    correction: float
    """Root of the square's correction."""
    eps: float


def _pieces(parameters: list[nn.Parameter], optimizer: torch.optim.Optimizer) -> Iterator[_Piece]:
    settings = {id(item): group for group in optimizer.param_groups for item in group["params"]}
    for place, item in enumerate(parameters):
        state = optimizer.state.get(item)
        if not state or item.grad is None:
            continue
        group, step = settings[id(item)], float(state["step"])
        beta1, beta2 = group["betas"]
        numbers = group["lr"] / (1 - beta1**step), math.sqrt(1 - beta2**step), group["eps"]
        flat = [tensor.reshape(-1).split(AT_ONCE) for tensor in (item.grad, state["exp_avg"], state["exp_avg_sq"])]
        for gradient, mean, square in zip(*flat, strict=True):
            yield _Piece(place, gradient, mean, square, *numbers)


def _in_batches(pieces: Iterator[_Piece]) -> Iterator[list[_Piece]]:
    batch: list[_Piece] = []
    size = 0
    for piece in pieces:
        if batch and size + len(piece.gradient) > AT_ONCE:
            yield batch
            batch, size = [], 0
        batch.append(piece)
        size += len(piece.gradient)
    if batch:
        yield batch


def _adam_norms(pieces: list[_Piece]) -> torch.Tensor:
    """Norms of update and ratio of each piece, float32 [2, pieces]."""
    eps = pieces[0].eps
    roots = torch._foreach_sqrt([piece.square for piece in pieces])
    torch._foreach_div_(roots, [piece.correction for piece in pieces])
    ratios = torch._foreach_div([piece.gradient for piece in pieces], torch._foreach_clamp_min(roots, eps))
    torch._foreach_add_(roots, eps)
    torch._foreach_reciprocal_(roots)
    torch._foreach_mul_(roots, [piece.mean for piece in pieces])
    rates = torch.tensor([piece.rate for piece in pieces], device=roots[0].device)
    return torch.stack([torch.stack(torch._foreach_norm(roots)) * rates, torch.stack(torch._foreach_norm(ratios))])
