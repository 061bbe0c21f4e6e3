"""Signals by group of layers: where in the network a step is large.

Groups are embed, first, middle, last, head: `first` and `last` are k = max(1, layers // 4) layers each.
Recorded for each group with trained parameters, over all its elements:

    group/<g>/grad_norm    norm of the gradient, before clipping
    group/<g>/update_rms   root mean square of lr * m / max(sqrt(v), eps): what Adam adds to the weights
    group/<g>/rms_t        root mean square of g / max(sqrt(v), eps); above 1 where the gradient outgrows what
                           Adam remembers of it (StableAdamW, arXiv 2304.13013, algorithm 2)

m and v are Adam's averages without their bias, g the gradient as Adam saw it. Adam itself divides by
sqrt(v) + eps, the same but where sqrt(v) is near eps, 1e-8; without a root the look costs 40 % less. All of it
is computed from the optimizer's state, not from a copy of the weights.
"""

import math
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import torch
from torch import nn

from trainer.parallel.shards import own_part

# pyright: reportPrivateImportUsage=false, reportPrivateUsage=false
# torch's own clipping is made of this function; it exports no other.

__all__ = ["GROUPS", "LayerGroups", "group_of", "layers_of"]

AT_ONCE = 1 << 24
"""Most numbers that are looked at together: few kernels on a GPU, small beside any model."""

AT_ONCE_CPU = 1 << 17
"""The same on a processor: what fits its cache is read from memory once, not once an operation."""

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


def layers_of(names: Iterable[str]) -> int:
    """How many layers a model with parameters of these names has, one at least."""
    return 1 + max((int(found[1]) for name in names if (found := _LAYER.search(name))), default=0)


class LayerGroups:
    """The trained parameters of a model by group, and what they say at each step."""

    def __init__(self, model: nn.Module) -> None:
        """Sort the trained parameters of `model` into groups."""
        named = [(name, item) for name, item in model.named_parameters() if item.requires_grad]
        layers = layers_of(name for name, _ in model.named_parameters())
        ordered = sorted(named, key=lambda pair: GROUPS.index(group_of(pair[0], layers)))
        self.parameters = [item for _, item in ordered]
        """Trained parameters, those of a group side by side."""
        self._owners = [group_of(name, layers) for name, _ in ordered]
        self._sizes = {group: sum(item.numel() for item in self._of(group)) for group in dict.fromkeys(self._owners)}

    def places(self, *groups: str) -> list[int]:
        """Where the parameters of some groups are among `parameters`."""
        return [place for place, owner in enumerate(self._owners) if owner in groups]

    def _of(self, group: str) -> list[nn.Parameter]:
        return [item for item, owner in zip(self.parameters, self._owners, strict=True) if owner == group]

    def gradient_norms(self) -> torch.Tensor:
        """Norm of the gradient of each parameter, float32 [parameters], on the device; 0 where it has none."""
        gradients = [
            own_part(item.grad) if item.grad is not None else own_part(item).new_zeros(1) for item in self.parameters
        ]
        return torch.stack(torch._foreach_norm(gradients))

    def after_step(self, optimizer: torch.optim.Optimizer, gradients: list[float]) -> dict[str, float]:
        """The signals of each group by their names; `gradients` are the norms before clipping.

        Call it after the optimizer's step, while the gradients are still there. Needs memory for some
        ten million numbers, however large the model.
        """
        updates, ratios = torch.stack(self.step_norms(optimizer)).tolist()
        return self.named(gradients, updates, ratios)

    def gradients(self, gradients: list[float]) -> dict[str, float]:
        """The gradient norm of each group by its name, of a step that was not taken: where it is no number."""
        nothing = [0.0] * len(gradients)
        found = self.named(gradients, nothing, nothing)
        return {name: value for name, value in found.items() if name.endswith("/grad_norm")}

    @torch.no_grad()
    def step_norms(self, optimizer: torch.optim.Optimizer) -> tuple[torch.Tensor, torch.Tensor]:
        """Norm of the update and of g / max(sqrt(v), eps) of each parameter, float32 [parameters], on the device."""
        device = self.parameters[0].device
        squares = torch.zeros(2, len(self.parameters), device=device)
        pieces = list(_pieces(self.parameters, optimizer, AT_ONCE_CPU if device.type == "cpu" else AT_ONCE))
        if pieces:
            sums = torch.stack([found for piece in pieces for found in _sums_of_squares(piece)])
            factors = [[(piece.rate * piece.correction) ** 2, piece.correction**2] for piece in pieces]
            found = sums.view(-1, 2) * torch.tensor(factors, device=device)
            squares.index_add_(1, torch.tensor([piece.place for piece in pieces], device=device), found.T)
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


def _pieces(parameters: list[nn.Parameter], optimizer: torch.optim.Optimizer, most: int) -> Iterator[_Piece]:
    settings = {id(item): group for group in optimizer.param_groups for item in group["params"]}
    # Backwards: what the optimizer touched last is still in the processor's cache.
    for place, item in reversed(list(enumerate(parameters))):
        state = optimizer.state.get(item)
        if not state or item.grad is None:
            continue
        group, step = settings[id(item)], state["step"].item()
        beta1, beta2 = group["betas"]
        numbers = group["lr"] / (1 - beta1**step), math.sqrt(1 - beta2**step), group["eps"]
        mean, square = own_part(state["exp_avg"]), own_part(state["exp_avg_sq"])
        flat = own_part(item.grad).reshape(-1), mean.reshape(-1), square.reshape(-1)
        if len(flat[0]) <= most:
            yield _Piece(place, *flat, *numbers)
            continue
        for gradient, mean, square in zip(*(tensor.split(most) for tensor in flat), strict=True):
            yield _Piece(place, gradient, mean, square, *numbers)


def _sums_of_squares(piece: _Piece) -> tuple[torch.Tensor, torch.Tensor]:
    """Sums of the squares of mean and gradient, each over max(sqrt(square), correction * eps)."""
    # Never a division by 0, whatever eps is: where the square is 0 so are the others.
    smallest = max((piece.correction * piece.eps) ** 2, torch.finfo(piece.square.dtype).tiny)
    square = torch.clamp(piece.square, min=smallest)
    ratio = torch.div(piece.mean, square)
    mean = torch.dot(ratio, piece.mean)
    # Into the same memory: a fresh page costs more than the division.
    torch.div(piece.gradient, square, out=ratio)
    return mean, torch.dot(ratio, piece.gradient)
