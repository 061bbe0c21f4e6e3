"""One step's arithmetic: loss of the examples, gradients and their norms."""

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from accelerate import Accelerator
from torch import nn
from torch.nn import functional

from trainer.batch import Batch
from trainer.examples import Example
from trainer.groups import LayerGroups
from trainer.objective import Answers, Objective
from trainer.precision import Precision
from trainer.remedies import SHALLOW, Remedies

__all__ = ["Engine", "Measured", "seed_step"]

T = TypeVar("T")


class Measured(NamedTuple):
    """What a step found, before anything was changed."""

    loss: float
    """Sum over the answer tokens of the batch, divided by their number, in nats; of preferences the mean over pairs."""

    losses: list[float]
    """Mean over each sample's own answer tokens, in the order of the batch; of a preference its loss."""

    counts: list[int]
    """Answer tokens of each sample; 1 for a preference."""

    grad_norm: float
    """Norm of all gradients before clipping."""

    group_norms: list[float]
    """Norm of the gradient of each trained parameter before clipping."""

    tokens: int
    """Tokens read, padding left out."""

    signals: Mapping[str, float] = MappingProxyType({})
    """What else its objective shows, by name."""

    @property
    def is_finite(self) -> bool:
        """Whether loss and gradients are numbers one can step on."""
        return math.isfinite(self.loss) and math.isfinite(self.grad_norm)

    @property
    def is_overflow(self) -> bool:
        """Whether the loss is a number and the gradient is none."""
        return math.isfinite(self.loss) and not math.isfinite(self.grad_norm)


def seed_step(seed: int, step: int) -> None:
    """Make all that is random in a step (dropout) a function of seed and step alone.

    So a resumed, repeated or forked step draws the same numbers, whatever went before it.
    """
    number = random.Random(f"{seed}/step/{step}").getrandbits(32)  # noqa: S311 - dropout, no secret
    random.seed(number)
    np.random.seed(number)
    torch.manual_seed(number)


class Engine:
    """A model with what its steps need: device, precision, groups of layers."""

    def __init__(
        self, accelerator: Accelerator, model: nn.Module, precision: Precision, objective: Objective | None = None
    ) -> None:
        """Run `model` forward and backward in `precision`; without an objective, answers are learned."""
        self.accelerator, self.model, self.precision = accelerator, model, precision
        self.objective = objective or Answers()
        self.groups = LayerGroups(model)
        self.remedies = Remedies()
        """What is done to gradients before they are clipped."""
        accelerator.unwrap_model(model).get_input_embeddings().register_forward_hook(self._shrink_embedding_gradient)

    def measure(
        self, optimizer: torch.optim.Optimizer, examples: Sequence[Example], *, micro_batch: int, clip: float
    ) -> Measured:
        """Run a batch forward and backward, `micro_batch` samples at once; gradients are left clipped.

        The loss is that of the whole batch whatever the micro-batch: each part is divided by what all parts
        count for. Norms are those before clipping and before the shallow gradient is shrunk; the
        embedding's is shrunk on the way back already.
        """
        order = _by_length(examples) if micro_batch < len(examples) else list(range(len(examples)))
        groups = [order[begin : begin + micro_batch] for begin in range(0, len(order), micro_batch)]
        members = [[examples[place] for place in group] for group in groups]
        parts = [self.objective.batch(some) for some in members]
        weights = [count for part in parts for count in self.objective.counts(part)]
        total = sum(weights)
        sums: list[torch.Tensor] = []
        seen: list[torch.Tensor] = []
        for part, some in zip(parts, members, strict=True):
            found = self.objective.losses(self.sample_losses(part), some)
            self.accelerator.backward(self.precision.scaled(found.of_examples.sum() / total))
            sums.append(found.of_examples.detach())
            seen.append(found.seen)
        self.precision.unscale(optimizer)
        norms = self.groups.gradient_norms()
        norm = torch.linalg.vector_norm(norms)
        remedied = self._shrink_shallow_gradients(norms)
        nn.utils.clip_grads_with_norm_(self.groups.parameters, clip or math.inf, torch.linalg.vector_norm(remedied))
        # One look at the device for all numbers: each one waits for it.
        shown = torch.cat(seen, dim=1)
        *numbers, length = torch.cat([*sums, shown.flatten(), norms.float(), norm.float()[None]]).tolist()
        rows = [numbers[begin : begin + len(order)] for begin in range(0, (1 + len(shown)) * len(order), len(order))]
        of_samples, *also = [_put_back(row, order) for row in rows]
        counts = _put_back(weights, order)
        return Measured(
            loss=math.fsum(of_samples) / total if all(map(math.isfinite, of_samples)) else sum(of_samples) / total,
            losses=[found / count for found, count in zip(of_samples, counts, strict=True)],
            counts=counts,
            grad_norm=length,
            group_norms=numbers[len(rows) * len(order) :],
            tokens=sum(int(part.mask.sum()) for part in parts),
            signals=self.objective.signals(also, examples),
        )

    def update(self, optimizer: torch.optim.Optimizer, norms: list[float], *, groups: bool) -> dict[str, float]:
        """Let the optimizer step on the gradients of `measure`; what the groups of layers show of it, where wanted."""
        self.precision.step(optimizer)
        found = self.groups.after_step(optimizer, norms) if groups else {}
        optimizer.zero_grad(set_to_none=True)
        return found

    def leave(self, optimizer: torch.optim.Optimizer, norms: list[float], *, groups: bool) -> dict[str, float]:
        """Leave weights and optimizer as they are; what the groups show of the gradient, where wanted."""
        self.precision.skip()
        optimizer.zero_grad(set_to_none=True)
        return self.groups.gradients(norms) if groups else {}

    def is_finite(self) -> bool:
        """Whether every weight that is trained is a number."""
        return all(bool(torch.isfinite(item).all()) for item in self.groups.parameters)

    def _shrink_shallow_gradients(self, norms: torch.Tensor) -> torch.Tensor:
        """Multiply the gradients of the shallow groups; the norms of all parameters as they then are."""
        factor = self.remedies.shallow_gradient
        if factor == 1.0:
            return norms
        places = self.groups.places(*SHALLOW)
        for place in places:
            gradient = self.groups.parameters[place].grad
            if gradient is not None:
                gradient.mul_(factor)
        shrunk = norms.clone()
        shrunk[places] *= factor
        return shrunk

    def _shrink_embedding_gradient(self, _module: nn.Module, _inputs: Any, output: torch.Tensor) -> None:
        # Equal to GLM-130B's alpha * x + (1 - alpha) * x.detach(), without rounding the forward pass.
        factor = self.remedies.embedding_gradient
        if factor != 1.0 and output.requires_grad:
            output.register_hook(lambda gradient: gradient * factor)

    def sample_losses(self, batch: Batch) -> torch.Tensor:
        """Sum of the answer tokens' losses of each sample, float32 [samples]."""
        moved = batch.to(self.accelerator.device)
        with self.precision.autocast():
            logits = self.model(input_ids=moved.ids, use_cache=False, **_seen_by_tokens(moved)).logits
        learned = moved.learned[:, 1:]
        # Only the answers' rows are widened to float32: with a large vocabulary that is most of the memory.
        found = functional.cross_entropy(logits[:, :-1][learned].float(), moved.ids[:, 1:][learned], reduction="none")
        return moved.sums(found)

    @torch.no_grad()
    def losses_without_gradient(self, batch: Batch) -> torch.Tensor:
        """The same of a model that is not trained meanwhile; its mode is put back."""
        with self.evaluating():
            return self.sample_losses(batch)

    @torch.no_grad()
    def evaluate(
        self, examples: Sequence[Example], *, micro_batch: int, between: Callable[[], None] = lambda: None
    ) -> float:
        """Loss of held-out examples, in nats, as of a step; the model's mode is put back.

        `between` is called before each part, and may raise.
        """
        return self.held_out(examples, micro_batch=micro_batch, between=between)[0]

    @torch.no_grad()
    def held_out(
        self, examples: Sequence[Example], *, micro_batch: int, between: Callable[[], None] = lambda: None
    ) -> tuple[float, dict[str, float]]:
        """The same with what else the objective shows of them, by name."""
        sums: list[torch.Tensor] = []
        seen: list[torch.Tensor] = []
        read: list[Example] = []
        count = 0
        with self.evaluating():
            for some, batch, found in self._read(examples, micro_batch, between):
                losses = self.objective.losses(found, some)
                sums.append(losses.of_examples.sum())
                seen.append(losses.seen)
                read += some
                count += sum(self.objective.counts(batch))
        signals = self.objective.signals(torch.cat(seen, dim=1).tolist(), read)
        return torch.stack(sums).double().sum().item() / count, signals

    @torch.no_grad()
    def likelihoods(
        self, pairs: Sequence[Example], *, micro_batch: int, between: Callable[[], None] = lambda: None
    ) -> dict[int, tuple[float, float]]:
        """Likelihoods (log p) of the chosen and the rejected answers of preferences, by row; the mode is put back.

        `between` is called before each part, and may raise.
        """
        known: dict[int, tuple[float, float]] = {}
        with self.evaluating():
            for some, _, found in self._read(pairs, micro_batch, between):
                chosen, rejected = (-found).view(2, -1).tolist()
                known |= {item.row: both for item, both in zip(some, zip(chosen, rejected, strict=True), strict=True)}
        return known

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Let the model drop nothing meanwhile; its mode is put back."""
        was_training = self.model.training
        self.model.eval()
        try:
            yield
        finally:
            self.model.train(was_training)

    def _read(
        self, examples: Sequence[Example], micro_batch: int, between: Callable[[], None]
    ) -> Iterator[tuple[list[Example], Batch, torch.Tensor]]:
        """Examples that are read together, their batch, and the sum of the answer tokens' losses of each row of it."""
        order = _by_length(examples)
        for begin in range(0, len(order), micro_batch):
            between()
            some = [examples[place] for place in order[begin : begin + micro_batch]]
            batch = self.objective.batch(some)
            yield some, batch, self.sample_losses(batch)


def _seen_by_tokens(batch: Batch) -> dict[str, torch.Tensor]:
    """What keeps a token from looking at padding; or, by positions that begin anew, at other examples of its row."""
    return {"attention_mask": batch.mask} if batch.positions is None else {"position_ids": batch.positions}


def _by_length(examples: Sequence[Example]) -> list[int]:
    """Places in the order of length: less padding in each part, the same result but for rounding."""
    return sorted(range(len(examples)), key=lambda place: (examples[place].length, examples[place].row))


def _put_back(values: list[T], order: list[int]) -> list[T]:
    """Values of ordered places, as the places come."""
    found = dict(zip(order, values, strict=True))
    return [found[place] for place in range(len(order))]
