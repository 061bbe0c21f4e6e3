"""A step's arithmetic where several processes share it: each reads its samples of the batch, and all end up with the
gradient of the whole.

Loss and gradient are those of one process but for rounding: the sum over the answer tokens of the batch, divided by
their number over all processes. DDP and FSDP take the mean of the processes' gradients, so each scales its loss by how
many they are. Rank 0 is asked as one process would be; what takes all of them, it orders the others to do as well.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NamedTuple

import torch
from accelerate import Accelerator
from accelerate.utils.memory import should_reduce_batch_size
from torch import nn

from trainer.batch import Batch
from trainer.examples import Example
from trainer.objective import Answers, Objective, Preferences
from trainer.parallel.channel import Channel, LostProcessError, told_where_lost
from trainer.parallel.groups import ShardedGroups
from trainer.parallel.shards import is_part, own_part
from trainer.parallel.slices import deal, parts_of
from trainer.precision import Precision
from trainer.requests import ask_to_stop
from trainer.step import Engine, Measured

__all__ = ["SharedEngine", "learn_as"]


class _Share(NamedTuple):
    """What one process found of a step."""

    places: list[int]
    """Its samples, as places of the batch."""

    sums: list[float]
    """Loss of each, over what it counts for."""

    counts: list[int]
    """For how much each counts."""

    seen: list[list[float]]
    """What the objective makes its signals of, a row a signal."""

    tokens: int
    """Tokens read, padding left out."""

    stops: bool = False
    """Whether a signal has asked the process to stop."""


class SharedEngine(Engine):
    """An engine whose steps several processes take together."""

    def __init__(
        self, accelerator: Accelerator, model: nn.Module, joint: nn.Module, precision: Precision,
        objective: Objective | None, channel: Channel,
    ) -> None:  # fmt: skip
        """Run `joint`, which is `model` with what joins it to the other processes."""
        super().__init__(accelerator, model, precision, objective)
        self.model, self.channel = joint, channel
        self.is_sharded = any(is_part(item) for item in model.parameters())
        if self.is_sharded:
            self.groups = ShardedGroups(model, channel.sum)
        self._norms: list[float] = []

    def measure(
        self, optimizer: torch.optim.Optimizer, examples: Sequence[Example], *, micro_batch: int, clip: float
    ) -> Measured:
        """As of one process; with `micro_batch` samples at once in each. Raises LostProcessError."""
        self._order(
            "measure", seed=torch.initial_seed(), examples=list(examples), micro_batch=micro_batch, clip=clip,
            remedies=self.remedies, scale=self.precision.state(), learning=_learning(self.objective, examples),
        )  # fmt: skip
        with self._whole_or_lost():
            found = self._measure(optimizer, examples, micro_batch, clip)
        self._norms = found.group_norms
        return found

    def update(self, optimizer: torch.optim.Optimizer, norms: list[float], *, groups: bool) -> dict[str, float]:
        """As of one process; the others step as this one is set to."""
        self._order("update", rates=[(group["lr"], group["eps"]) for group in optimizer.param_groups], groups=groups)
        with self._whole_or_lost():
            return super().update(optimizer, norms, groups=groups)

    def leave(self, optimizer: torch.optim.Optimizer, norms: list[float], *, groups: bool) -> dict[str, float]:
        """As of one process."""
        self._order("leave")
        return super().leave(optimizer, norms, groups=groups)

    def obey_update(self, optimizer: torch.optim.Optimizer, rates: Sequence[tuple[float, float]], groups: bool) -> None:
        """Step as rank 0 does."""
        for group, (rate, eps) in zip(optimizer.param_groups, rates, strict=True):
            group["lr"], group["eps"] = rate, eps
        self.update(optimizer, self._norms, groups=groups)

    def is_finite(self) -> bool:
        """Whether every weight that is trained is a number, in every process."""
        self._order("is_finite")
        return all(
            self.channel.gather(all(bool(torch.isfinite(own_part(item)).all()) for item in self.groups.parameters))
        )

    def losses_without_gradient(self, batch: Batch) -> torch.Tensor:
        """As of one process; where the others hold parts of the model, they read the same."""
        if self.is_sharded:
            self._order("losses_without_gradient", batch=batch)
        return super().losses_without_gradient(batch)

    def likelihoods_of(self, examples: Sequence[Example]) -> torch.Tensor:
        """Sum of the answer tokens' losses of each row of a batch, of which each process reads its share."""
        self._order("likelihoods_of", examples=list(examples), learning=_learning(self.objective, examples))
        with self._whole_or_lost():
            places = deal([item.length for item in examples], self.channel.rank, self.channel.size)
            own = [examples[place] for place in places or [0]]
            sums = self.sample_losses(self.objective.batch(own)).view(-1, len(own))
            shares = self.channel.gather((places, sums.tolist()))
        found = torch.empty(len(sums), len(examples))
        for theirs, rows in shares:
            if theirs:
                found[:, theirs] = torch.tensor(rows)
        return found.flatten()

    def _order(self, name: str, **arguments: Any) -> None:
        if self.channel.rank == 0:
            self.channel.order(name, **arguments)

    def _measure(
        self, optimizer: torch.optim.Optimizer, examples: Sequence[Example], micro_batch: int, clip: float
    ) -> Measured:
        parts = parts_of([item.length for item in examples], self.channel.rank, self.channel.size, micro_batch)
        members = [[examples[place] for place in part.places] for part in parts]
        batches = [self.objective.batch(some) for some in members]
        learned = [
            self.objective.counts(batch) if part.counts else [] for batch, part in zip(batches, parts, strict=True)
        ]
        own = torch.tensor(sum(map(sum, learned)), device=self.accelerator.device)
        total = int(self.channel.sum(own).item())
        share = _Share([], [], [count for some in learned for count in some], [], 0)
        for number, (part, some, batch) in enumerate(zip(parts, members, batches, strict=True)):
            with self._apart(number < len(parts) - 1):
                found = self.objective.losses(self.sample_losses(batch), some)
                weight = self.channel.size * part.counts / total
                self.accelerator.backward(self.precision.scaled(found.of_examples.sum() * weight))
            if part.counts:
                share = _added(share, part.places, found.of_examples, found.seen, batch)
        self.precision.unscale(optimizer)
        norms = self.groups.gradient_norms()
        norm = torch.linalg.vector_norm(norms)
        self._clip(clip or math.inf, torch.linalg.vector_norm(self._shrink_shallow_gradients(norms)))
        return self._together(share, examples, total, torch.cat([norms.float(), norm.float()[None]]).tolist())

    def _apart(self, is_apart: bool) -> AbstractContextManager[Any]:
        """Add up gradients in each process for itself, where more of the step follows; FSDP always adds its parts."""
        return self.model.no_sync() if is_apart and not self.is_sharded else nullcontext()  # pyright: ignore[reportCallIssue] - of DDP

    def _clip(self, longest: float, norm: torch.Tensor) -> None:
        if not self.is_sharded:
            nn.utils.clip_grads_with_norm_(self.groups.parameters, longest, norm)
            return
        factor = torch.clamp(longest / (norm + 1e-6), max=1.0)
        for item in self.groups.parameters:
            if item.grad is not None:
                own_part(item.grad).mul_(factor)

    def _together(self, own: _Share, examples: Sequence[Example], total: int, norms: list[float]) -> Measured:
        """What all processes found, as one would have."""
        losses, counts = [0.0] * len(examples), [0] * len(examples)
        columns: list[list[float]] = [[] for _ in examples]
        tokens = 0
        for share in self.channel.gather(own._replace(stops=self.channel.wishes_to_stop)):
            if share.stops:
                ask_to_stop("SIGTERM")
            tokens += share.tokens
            for place, loss, count, *seen in zip(share.places, share.sums, share.counts, *share.seen, strict=True):
                losses[place], counts[place], columns[place] = loss, count, seen
        *group_norms, norm = norms
        return Measured(
            loss=math.fsum(losses) / total if all(map(math.isfinite, losses)) else sum(losses) / total,
            losses=[loss / count for loss, count in zip(losses, counts, strict=True)],
            counts=counts,
            grad_norm=norm,
            group_norms=group_norms,
            tokens=tokens,
            signals=self.objective.signals([list(row) for row in zip(*columns, strict=True)], examples),
        )

    def _read(
        self, examples: Sequence[Example], micro_batch: int, between: Callable[[], None]
    ) -> Iterator[tuple[list[Example], Batch, torch.Tensor]]:
        order = deal([item.length for item in examples], 0, 1)
        at_once = micro_batch * self.channel.size
        for begin in range(0, len(order), at_once):
            between()
            some = [examples[place] for place in order[begin : begin + at_once]]
            yield some, self.objective.batch(some), self.likelihoods_of(some).to(self.accelerator.device)

    @contextmanager
    def _whole_or_lost(self) -> Iterator[None]:
        """What one process cannot do, as memory does not suffice, leaves the others waiting: all of them end."""
        try:
            with told_where_lost(but=should_reduce_batch_size):
                yield
        except RuntimeError as error:
            if not should_reduce_batch_size(error):
                raise
            raise LostProcessError(
                f"out of memory in process {self.channel.rank} of {self.channel.size} ({str(error).splitlines()[0]}); "
                f"lower train.micro_batch, set train.gradient_checkpointing = true, or share the model with "
                f'train.parallel = "fsdp"'
            ) from error


def learn_as(objective: Objective, learning: dict[str, Any]) -> None:
    """Give an objective what rank 0's knows of the examples that come next."""
    for name, value in learning.items():
        setattr(objective, name, value)


def _learning(objective: Objective, examples: Sequence[Example]) -> dict[str, Any]:
    """What an objective knows besides the examples themselves."""
    if isinstance(objective, Preferences):
        known = objective.reference
        return {"reference": {item.row: known[item.row] for item in examples if item.row in known}}
    return {"capacity": objective.capacity} if isinstance(objective, Answers) else {}


def _added(share: _Share, places: list[int], sums: torch.Tensor, seen: torch.Tensor, batch: Batch) -> _Share:
    rows = share.seen or [[] for _ in seen]
    return _Share(
        [*share.places, *places], [*share.sums, *sums.detach().tolist()], share.counts,
        [[*row, *more] for row, more in zip(rows, seen.tolist(), strict=True)], share.tokens + int(batch.mask.sum()),
    )  # fmt: skip
