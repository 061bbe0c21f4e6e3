"""What rank 0 has, given to all processes: weights and the optimizer's state. A checkpoint is read by rank 0 alone, so
the others need no disk in common with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import distributed, nn

from trainer.parallel.channel import current, order, told_where_lost
from trainer.parallel.shards import is_part, whole
from trainer.quantized import is_quantized

if TYPE_CHECKING:
    from trainer.job import Job

__all__ = ["Gathered", "Place", "gather", "gather_all", "receive", "share_optimizer", "share_weights"]


class Place(NamedTuple):
    """Something of the optimizer's state."""

    name: str
    """The parameter's."""

    part: str
    """Its key, as in exp_avg."""

    shape: tuple[int, ...]
    """Shape of the whole."""

    dtype: torch.dtype
    """Its type."""


class Gathered(NamedTuple):
    """What a checkpoint holds of a model of which each process has a part, on the processor; empty but in rank 0."""

    weights: dict[str, torch.Tensor]
    """Weights by name: all of them, or those that are trained where the others are in the model's folder."""

    optimizer: dict[tuple[str, str], torch.Tensor]
    """The optimizer's state by parameter and key."""


def share_weights(job: "Job", source: nn.Module | None = None, *, frozen: bool = False) -> None:
    """Give all processes the weights that are trained, or all: rank 0's, or those of a `source` it has whole."""
    if current() is None:
        return
    named = [(name, item) for name, item in job.model.named_parameters() if not is_quantized(item)]
    names = [name for name, item in named if frozen or item.requires_grad]
    order("share", names=names, places=[])
    receive(job.model, job.optimizer, names, [], dict((source or job.model).named_parameters()), {})


def share_optimizer(job: "Job") -> None:
    """Give all processes the state of rank 0's optimizer, which has it whole; each keeps its part."""
    if current() is None:
        return
    known = {
        (name, part): value
        for name, item in job.model.named_parameters()
        for part, value in job.optimizer.state.get(item, {}).items()
    }
    places = [Place(*key, tuple(value.shape), value.dtype) for key, value in known.items()]
    order("share", names=[], places=places)
    receive(job.model, job.optimizer, [], places, {}, known)


@torch.no_grad()
def receive(
    model: nn.Module, optimizer: torch.optim.Optimizer, names: Sequence[str], places: Sequence[Place],
    weights: Mapping[str, torch.Tensor], state: Mapping[tuple[str, str], torch.Tensor],
) -> None:  # fmt: skip
    """Take what rank 0 has, which alone knows `weights` and `state`: weights by `names`, or else the optimizer's state
    as a whole, which is in `places`; to be called by all.
    """
    parameters = dict(model.named_parameters())
    with told_where_lost():
        for name in names:
            _fill(parameters[name], weights.get(name))
        if not names:
            optimizer.state.clear()
        for place in places:
            item = parameters[place.name]
            optimizer.state[item][place.part] = _made(place, item, state.get((place.name, place.part)))


def _fill(item: torch.Tensor, source: torch.Tensor | None) -> None:
    if is_part(item):
        item.copy_(_dealt(item, item.shape, item.dtype, source))
        return
    if source is not None and source is not item:
        item.copy_(source)
    distributed.broadcast(item.data, src=0)


def _made(place: Place, item: torch.Tensor, known: torch.Tensor | None) -> torch.Tensor:
    # AdamW counts its steps on the processor, in every process.
    if place.part != "step" and is_part(item):
        return _dealt(item, place.shape, place.dtype, known)
    device = torch.device("cpu") if place.part == "step" else item.device
    value = known.clone() if known is not None else torch.empty(place.shape, dtype=place.dtype)
    value = value.to(device)
    distributed.broadcast(value, src=0)
    return value


def _dealt(like: Any, shape: Sequence[int], dtype: torch.dtype, source: torch.Tensor | None) -> torch.Tensor:
    """Each process's part of a tensor that rank 0 has whole, laid out as `like`."""
    from torch.distributed.tensor import distribute_tensor  # noqa: PLC0415 - a second, for those who use it

    device = like.to_local().device
    full = (
        torch.empty(tuple(shape), dtype=dtype, device=device) if source is None else source.detach().to(device, dtype)
    )
    return distribute_tensor(full, like.device_mesh, like.placements, src_data_rank=0)


def gather(job: "Job", *, optimizer: bool = True) -> Gathered | None:
    """All of a model of which each process has a part, in rank 0; None where rank 0 has it anyway."""
    if not getattr(job.engine, "is_sharded", False):
        return None
    order("gather", optimizer=optimizer)
    return gather_all(job.model, job.optimizer if optimizer else None)


def gather_all(model: nn.Module, optimizer: torch.optim.Optimizer | None) -> Gathered:
    """The same; to be called by all processes."""
    found = Gathered({}, {})
    with told_where_lost():
        first: dict[int, str] = {}
        for name, value in _weights(model):
            if (known := first.setdefault(id(value), name)) != name:
                # Weights that are one and the same stay so, and are saved once.
                found.weights.update({name: found.weights[known]} if known in found.weights else {})
                continue
            _keep(found.weights, name, whole(value))
        for name, item in model.named_parameters() if optimizer else ():
            for part, value in optimizer.state.get(item, {}).items() if optimizer else ():
                _keep(found.optimizer, (name, part), whole(value))
    return found


def _weights(model: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    trained = {name for name, item in model.named_parameters() if item.requires_grad}
    is_adapter = len(trained) < len(list(model.parameters()))
    held = model.state_dict(keep_vars=True)
    return ((name, value) for name, value in held.items() if name in trained or not is_adapter)


def _keep(found: dict[Any, torch.Tensor], key: Any, value: torch.Tensor) -> None:
    channel = current()
    if channel is None or channel.rank == 0:
        found[key] = value.detach().cpu().contiguous()
