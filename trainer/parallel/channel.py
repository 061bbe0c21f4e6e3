"""What passes between the processes of a run besides gradients: orders of rank 0, and answers of all.

Orders go through a group of their own. So rank 0 can say that it is still there while it evaluates or is paused for
days, without a word of it coming between the answers. All of it runs over gloo, on processors; gradients go over NCCL
where the model is on GPUs.
"""

import gc
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar

import torch
from torch import distributed

from assay.errors import AssayError
from trainer.errors import TrainingError
from trainer.parallel.launch import check_launch, rank_of, world_size_of

__all__ = ["Channel", "LostProcessError", "Order", "current", "joined", "order", "told_where_lost", "world_size"]

T = TypeVar("T")

PATIENCE = timedelta(minutes=30)
"""How long a process waits for one that does not answer; of one that has died it knows at once."""

BEAT_SECONDS = 60.0
"""How often rank 0 says that it is still there, where it has nothing to order."""

_LOST = ("connection", "timed out", "timeout", "broken pipe", "gloo", "socket", "nccl")
"""Words in what torch raises, as no type of its own, where a process is gone."""


class LostProcessError(TrainingError):
    """Another process has died or no longer answers, or this one left what all were doing together."""


class Order(NamedTuple):
    """What rank 0 has the others do."""

    name: str
    """A method of `following.Follower`."""

    arguments: Mapping[str, Any]
    """Its arguments."""


class Channel:
    """The end of it that this process holds."""

    def __init__(self) -> None:
        """Meet the others. Raises LostProcessError where they do not come."""
        with told_where_lost():
            devices = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
            distributed.init_process_group(devices, timeout=PATIENCE)
            self.rank, self.size = distributed.get_rank(), distributed.get_world_size()
            self._orders, self._answers = _new_group(), _new_group()
        self._lock, self._closing = threading.Lock(), threading.Event()
        self._is_quiet = True
        self.wishes_to_stop = False
        """Whether a signal has asked this process to stop; rank 0 hears of it with the next step."""
        if self.rank == 0:
            threading.Thread(target=self._beat, name="assay-still-there", daemon=True).start()

    def wish_to_stop(self) -> None:
        """A signal has asked this process to stop."""
        self.wishes_to_stop = True

    def order(self, name: str, **arguments: Any) -> None:
        """Have the others do something; of rank 0. Raises LostProcessError."""
        with self._lock, told_where_lost():
            self._send(Order(name, arguments))
            self._is_quiet = False

    def next(self) -> Order:
        """Wait for the next order; of the others. Raises LostProcessError."""
        with told_where_lost():
            while True:
                box: list[Order | None] = [None]
                distributed.broadcast_object_list(box, src=0, group=self._orders, device=torch.device("cpu"))
                if box[0] is not None:
                    return box[0]

    def gather(self, value: T) -> list[T]:
        """What each process has, by rank, at every process. Raises LostProcessError."""
        found: list[Any] = [None] * self.size
        with told_where_lost():
            distributed.all_gather_object(found, value, group=self._answers)
        return found

    def sum(self, numbers: torch.Tensor) -> torch.Tensor:
        """Sum of a tensor over all processes, in place and on its device. Raises LostProcessError."""
        with told_where_lost():
            distributed.all_reduce(numbers)
        return numbers

    def close(self, *, clean: bool) -> None:
        """Leave; where that is `clean`, no process is within an order, and rank 0 has the others leave too."""
        self._closing.set()
        if clean and self.rank == 0:
            with suppress(LostProcessError):
                self.order("end")
        if clean:
            del self._orders, self._answers
            distributed.destroy_process_group()
            # Threads of a group end with what last refers to it, as a model's cycles may. Threads that a process still
            # has as it ends may hear that the others end too, when what they would tell of it is taken down. (Of
            # FSDP's mesh torch itself keeps one, in its caches.)
            gc.collect()

    def _send(self, item: Order | None) -> None:
        distributed.broadcast_object_list([item], src=0, group=self._orders, device=torch.device("cpu"))

    def _beat(self) -> None:
        while not self._closing.wait(BEAT_SECONDS):
            with self._lock, suppress(RuntimeError):
                if self._is_quiet and not self._closing.is_set():
                    self._send(None)
                self._is_quiet = True


def _new_group() -> distributed.ProcessGroup:
    made = distributed.new_group(backend="gloo", timeout=PATIENCE)
    assert isinstance(made, distributed.ProcessGroup), "of all processes"
    return made


class _Place:
    """Where this process's channel is kept: there is one at the most, as torch has one default group."""

    channel: Channel | None = None


def current() -> Channel | None:
    """The channel to the other processes; None where this one trains alone."""
    return _Place.channel


def world_size() -> int:
    """How many processes train together."""
    return _Place.channel.size if _Place.channel else 1


def order(name: str, **arguments: Any) -> None:
    """Have the other processes do something; nothing where there are none. Raises LostProcessError."""
    if _Place.channel is not None:
        _Place.channel.order(name, **arguments)


@contextmanager
def joined() -> Iterator[Channel | None]:
    """Be one of the processes of a run; None where there is only this one.

    Raises ConfigError where it was started as one of several in a way that cannot work.
    """
    check_launch(os.environ)
    if world_size_of(os.environ) == 1:
        yield None
        return
    channel = _Place.channel = Channel()
    assert channel.rank == rank_of(os.environ), "torch and the launcher agree"
    clean = False
    try:
        yield channel
        clean = True
    except Exception as error:
        clean = _is_refusal(error)
        raise
    finally:
        _Place.channel = None
        channel.close(clean=clean)


def _is_refusal(error: BaseException) -> bool:
    """Whether the other processes wait for an order, as they do while rank 0 says what is wrong with the input."""
    return isinstance(error, AssayError) and not isinstance(error, LostProcessError)


@contextmanager
def told_where_lost(but: Callable[[RuntimeError], bool] = lambda _: False) -> Iterator[None]:
    """Say in words that another process is gone."""
    try:
        yield
    except RuntimeError as error:
        if but(error) or not _is_of_others(error):
            raise
        raise LostProcessError(
            f"another process of this run has died or no longer answers ({_first_line(error)}); see what it said last. "
            f"What was sealed is whole: start the same processes again with --resume"
        ) from error


def _is_of_others(error: RuntimeError) -> bool:
    if isinstance(error, distributed.DistError):
        return True
    said = str(error).lower()
    return any(word in said for word in _LOST)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].strip()
