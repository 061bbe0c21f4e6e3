"""What a process does that is not rank 0: as it is told, until it is told to end."""

import os
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import click
import torch

from assay.errors import AssayError
from assay.recording import Run
from trainer.batch import Batch
from trainer.config import Config
from trainer.examples import Example
from trainer.frozen import Frozen
from trainer.job import Built, build
from trainer.parallel.alike import held
from trainer.parallel.channel import Channel, LostProcessError, joined
from trainer.parallel.engine import SharedEngine, learn_as
from trainer.parallel.spread import Place, gather_all, receive
from trainer.remedies import Remedies
from trainer.step import seed_step
from trainer.system import System

__all__ = ["Follower", "follow"]


def follow() -> int:
    """Be one of the other processes of a run; returns the exit status."""
    try:
        with joined() as channel, ExitStack() as stack:
            assert channel is not None, "one of several"
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: channel.wish_to_stop())
            try:
                _obey(channel, stack)
            except LostProcessError:
                stack.close()  # its record ends here without an error of its own
                raise
    except LostProcessError as error:
        click.echo(f"process {os.environ['RANK']}: {error}", err=True)
        return 1
    return 0


def _obey(channel: Channel, stack: ExitStack) -> None:
    """Until told to end; what it has of the model is let go of before the channel is closed."""
    follower = Follower(channel, stack)
    while (found := channel.next()).name != "end":
        getattr(follower, found.name)(**found.arguments)


class Follower:
    """The orders there are, each a method; see `channel.Order`."""

    def __init__(self, channel: Channel, stack: ExitStack) -> None:
        """Nothing is loaded yet; what is opened is closed by `stack`."""
        self._channel, self._stack = channel, stack
        self._built: Built | None = None
        self._run: Run | None = None
        self._branch = 1
        self._sample: Callable[[], dict[str, float]] = dict
        self._frozen: Frozen | None = None

    def build(self, config: Config) -> None:
        """Load the model; where that cannot be done, rank 0 says so."""
        with suppress(AssayError):
            self._built = build(config)
            self._frozen = Frozen(self._built.model)

    def measure(
        self, *, seed: int, examples: Sequence[Example], micro_batch: int, clip: float, remedies: Remedies,
        scale: dict[str, Any], learning: dict[str, Any],
    ) -> None:  # fmt: skip
        """Read this process's share of a step."""
        engine = self._engine
        engine.remedies = remedies
        engine.precision.restore(scale)
        learn_as(engine.objective, learning)
        # Every process drops something else.
        seed_step(seed, self._channel.rank)
        engine.measure(self._optimizer, examples, micro_batch=micro_batch, clip=clip)

    def update(self, *, rates: Sequence[tuple[float, float]], groups: bool) -> None:
        """Take the step that was measured."""
        self._engine.obey_update(self._optimizer, rates, groups)

    def leave(self) -> None:
        """Do not take it."""
        self._engine.leave(self._optimizer, [], groups=False)

    def is_finite(self) -> None:
        """Say whether every weight is a number."""
        self._engine.is_finite()

    @torch.no_grad()
    def likelihoods_of(self, *, examples: Sequence[Example], learning: dict[str, Any]) -> None:
        """Read this process's share of what is held out."""
        learn_as(self._engine.objective, learning)
        with self._engine.evaluating():
            self._engine.likelihoods_of(examples)

    def losses_without_gradient(self, *, batch: Batch) -> None:
        """Read what rank 0 reads."""
        with suppress(AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError):
            # What a model does not take, it takes in no process.
            self._engine.losses_without_gradient(batch)

    def share(self, *, names: Sequence[str], places: Sequence[Place]) -> None:
        """Take weights, or the optimizer's state, from rank 0."""
        assert self._built is not None, "built first"
        receive(self._built.model, self._built.optimizer, names, places, {}, {})

    def gather(self, *, optimizer: bool) -> None:
        """Give rank 0 this process's part of the model."""
        assert self._built is not None, "built first"
        gather_all(self._built.model, self._built.optimizer if optimizer else None)

    def confirm(self) -> None:
        """Say what this process holds, before rank 0 seals a checkpoint."""
        assert self._built is not None, "built first"
        self._channel.gather(held(self._built))

    def changed(self) -> None:
        """Say which weights are not what they were, of those that are not trained."""
        assert self._frozen is not None, "built first"
        self._channel.gather(self._frozen.changed())

    def record(self, *, folder: str, seconds: float, branch: int, step: int) -> None:
        """Record what this process's machine does, where the run's folder is on its disk too and can be written."""
        place = Path(folder)
        try:
            if not (place / "spool").is_dir():
                return
            self._run = self._stack.enter_context(Run(place, rank=self._channel.rank))
        except (AssayError, OSError) as error:
            why = getattr(error, "strerror", None) or error
            said = f"{place} cannot be written from here ({why}); what this machine does is not recorded"
            click.echo(f"process {self._channel.rank}: {said}, and the training goes on", err=True)
            return
        self._move_to(branch, step)
        if seconds:
            self._sample = self._stack.enter_context(System(place, seconds)).take

    def step(self, *, step: int, branch: int) -> None:
        """A step is done, on a branch."""
        if self._run is None:
            return
        if branch != self._branch:
            self._move_to(branch, step - 1)
        if sample := self._sample():
            self._run.log(step, sample)

    def _move_to(self, branch: int, step: int) -> None:
        assert self._run is not None, "recording"
        self._branch = branch
        self._run.follow(branch, step)

    @property
    def _engine(self) -> SharedEngine:
        assert self._built is not None, "built first"
        assert isinstance(self._built.engine, SharedEngine), "one of several"
        return self._built.engine

    @property
    def _optimizer(self) -> torch.optim.Optimizer:
        assert self._built is not None, "built first"
        return self._built.optimizer
