"""Whether all processes hold the same: a checkpoint is sealed only where they do, and all are there."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import torch
from torch import nn

from trainer.errors import TrainingError
from trainer.frozen import Frozen, sum_of
from trainer.parallel.channel import current, order
from trainer.parallel.shards import is_part, own_part

if TYPE_CHECKING:
    from trainer.job import Job
    from trainer.parallel.spread import Gathered

__all__ = ["Held", "changed_anywhere", "confirm", "held"]


class Held(NamedTuple):
    """What a process holds of a tensor."""

    words: int
    """Sum of its words."""

    rows: int | None = None
    """Rows of the whole that its part has, behind those of the processes before it; None where it has the whole."""


class _Holds(Protocol):
    @property
    def model(self) -> nn.Module: ...

    @property
    def optimizer(self) -> torch.optim.Optimizer: ...


def confirm(job: "Job", gathered: "Gathered | None" = None) -> None:
    """Have all processes say what they hold, before what rank 0 holds, or has gathered of their parts, becomes a
    checkpoint.

    Raises TrainingError where one of them holds something else, LostProcessError where one is gone.
    """
    channel = current()
    if channel is None:
        return
    order("confirm")
    everywhere = channel.gather(held(job))
    wholes = _gathered(gathered) if gathered else {}
    for name, first in everywhere[0].items():
        theirs = [sums.get(name) for sums in everywhere]
        wanted = [first] * len(theirs) if first.rows is None else _parts(name, wholes[name], theirs)
        for rank, (has, known) in enumerate(zip(theirs, wanted, strict=True)):
            if has != known:
                raise TrainingError(_told(rank, name, is_part_of_it=first.rows is not None))


def held(built: _Holds) -> dict[str, Held]:
    """What this process holds of each weight that is trained and of its optimizer's state."""
    return {name: Held(sum_of(value), _rows(value)) for name, value in _trained(built)}


def _trained(built: _Holds) -> Iterator[tuple[str, torch.Tensor]]:
    for name, item in built.model.named_parameters():
        if item.requires_grad:
            yield name, item
            for part, value in built.optimizer.state.get(item, {}).items():
                yield f"{name}/{part}", value


def _rows(tensor: torch.Tensor) -> int | None:
    return len(own_part(tensor)) if is_part(tensor) else None


def _gathered(found: "Gathered") -> dict[str, torch.Tensor]:
    return {**found.weights, **{f"{name}/{part}": value for (name, part), value in found.optimizer.items()}}


def _parts(name: str, whole: torch.Tensor, theirs: Sequence[Held | None]) -> list[Held]:
    """What each process must hold of a tensor that is cut by rows, as torch's `fully_shard` cuts it.

    Raises TrainingError where one holds none of it, or their parts do not make up the whole.
    """
    begin, parts = 0, list[Held]()
    for rank, has in enumerate(theirs):
        if has is None:
            raise TrainingError(_told(rank, name, is_part_of_it=True))
        rows = has.rows or 0
        parts.append(Held(sum_of(whole[begin : begin + rows]), rows))
        begin += rows
    if begin != len(whole):
        raise TrainingError(
            f"the parts of {name} that the processes hold have {begin} rows together, and {len(whole)} were gathered: "
            f"a machine or a link between two is not sound, so nothing was sealed; go on with --resume"
        )
    return parts


def _told(rank: int, name: str, *, is_part_of_it: bool) -> str:
    found = f"process {rank} no longer holds the same as process 0, first in {name}"
    if is_part_of_it:
        found = f"process {rank} holds another part of {name} than was gathered of it"
    return f"{found}: {_UNSOUND}"


_UNSOUND = (
    "memory or a link of its machine is not sound, so nothing was sealed; leave that machine out, and go on "
    "with --resume"
)


def changed_anywhere(frozen: Frozen) -> list[str]:
    """Names of weights that are not trained and are not what they were, in any process."""
    channel = current()
    if channel is None:
        return frozen.changed()
    order("changed")
    return list(dict.fromkeys(name for names in channel.gather(frozen.changed()) for name in names))
