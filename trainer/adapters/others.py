"""The other processes of a host: the first one says what people want, so that all save or stop after the same step.

The host's own switches stop or save where every process has set them. Words pass over gloo, in a group of their own, so
that nothing waits for a device and a pause is no silence. They are exchanged only where every process has an
AssayCallback: that is found out before the first step, for a process that has none would not answer.
"""

import itertools
import threading
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import distributed
from transformers import TrainerControl

from trainer.adapters.written import LIMIT_SECONDS, LOOK_SECONDS, Written

__all__ = ["ALONE", "Others", "announce", "meet"]

T = TypeVar("T")

ALONE = (
    "the host trains in several processes that cannot be told all at once; give each of them an AssayCallback, and "
    "let them be joined by torch.distributed"
)
"""Why what is asked of the host cannot be done."""

MEETING = timedelta(seconds=20)
"""How long the processes wait for each other's callbacks before the first step, where not all have said that they have
one; and how long for them to be joined in a group.
"""

GATHERING = timedelta(minutes=5)
"""How long they wait where all have one: some may still prepare their data."""

PATIENCE = timedelta(minutes=30)
"""How long a process waits for the first one between two steps; of one that has died it knows at once."""

BEAT_SECONDS = 60.0
"""How often the first process says that it waits."""

SAVES, STOPS, WAITS = 1, 2, 4
"""What the first process says after a step, added up."""

_meetings = itertools.count()
"""Trainings of this process so far; every process of a host begins as many."""


class Others:
    """The end of it that this process holds."""

    def __init__(self, rank: int, size: int, store: Any, name: str) -> None:
        """Be process `rank` of `size`; to be made by all of them. What is said beside the training stands in torch's
        `store` under `name`. Raises RuntimeError where one is gone.
        """
        self.rank, self.size = rank, size
        self._store, self._name = store, name
        self._saves = Counter[int]()
        self._telling: list[threading.Thread] = []
        # The timeout is also that of being joined, which nobody needs half an hour for.
        made = distributed.new_group(backend="gloo", timeout=MEETING)
        assert isinstance(made, distributed.ProcessGroup), "of all processes"
        distributed.distributed_c10d._set_pg_timeout(PATIENCE, made)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - torch gives it no other name
        self._group = made
        self._goes_on = threading.Event()
        self._beats: threading.Thread | None = None

    def agree(self, asked: TrainerControl) -> None:
        """Set in every process what was asked of the first one; to be called by all, after the same step.

        Raises RuntimeError where one is gone.
        """
        if self.rank == 0:
            self.pause(False)  # should it have come to no end of its own
            self._say(SAVES * asked.should_save + STOPS * asked.should_training_stop)
            return
        while (said := self._hear()) & WAITS:
            pass
        asked.should_save, asked.should_training_stop = bool(said & SAVES), bool(said & STOPS)

    def wait(self) -> None:
        """Wait until all have come here; to be called by all. Raises RuntimeError where one is gone."""
        self._gather(None)

    def wrote(self, step: int, folder: Path) -> Written:
        """Say that this process has written its part of the checkpoint of a step; waits for nobody. Raises RuntimeError
        where the others cannot be told.
        """
        self._saves[step] += 1
        name = f"{self._name}/saved/{step}/{self._saves[step]}"
        written = Written(self._store, name, self.rank, self.size, folder)
        if self.rank:
            self._telling = [thread for thread in self._telling if thread.is_alive()] + [written.tell_beside()]
        return written

    def pause(self, waits: bool) -> None:
        """The first process waits for a person, or goes on."""
        if waits:
            self._goes_on.clear()
            self._beats = threading.Thread(target=self._beat, name="assay-still-there", daemon=True)
            self._beats.start()
        elif self._beats is not None:
            self._goes_on.set()
            self._beats.join()
            self._beats = None

    def close(self, *, failed: bool = False) -> None:
        """Leave; where no more is to be said. What was saved is told to the end, unless the training has failed."""
        self.pause(False)
        for thread in self._telling if not failed else ():
            thread.join(LIMIT_SECONDS)
        distributed.destroy_process_group(self._group)

    def _gather(self, value: T) -> list[T]:
        found: list[Any] = [None] * self.size
        distributed.all_gather_object(found, value, group=self._group)
        return found

    def _beat(self) -> None:
        while not self._goes_on.wait(BEAT_SECONDS):
            with suppress(RuntimeError):  # the host will hear of it
                self._say(WAITS)

    def _say(self, said: int) -> None:
        distributed.broadcast(torch.tensor([said]), src=0, group=self._group)

    def _hear(self) -> int:
        said = torch.zeros(1, dtype=torch.int64)
        distributed.broadcast(said, src=0, group=self._group)
        return int(said)


def announce() -> None:
    """Say, as early as it can be said, that this process has an AssayCallback. Raises RuntimeError where the others
    cannot be told.
    """
    if distributed.is_available() and distributed.is_initialized():
        _store().set(_here(distributed.get_rank()), "here")


def meet() -> Others | None:
    """Meet the other processes of a host before its first step; None where they cannot be told what people want.

    Raises RuntimeError where one is gone.
    """
    number = next(_meetings)
    if not distributed.is_available() or not distributed.is_initialized():
        return None
    announce()
    store, name = _store(), f"assay/{number}"
    rank, size = distributed.get_rank(), distributed.get_world_size()
    store.set(f"{name}/{rank}", "here")
    said = "yes" if _come_together(store, name, rank, size) else "no"
    # The first word counts, for all: one that came late must not wait for those who have given it up.
    return Others(rank, size, store, name) if store.compare_set(_together(name), "", said) == b"yes" else None


def _come_together(store: Any, name: str, rank: int, size: int) -> bool:
    """Whether the first process has seen all of them, or has said what came of it to the others."""
    wanted = [_together(name)] if rank else [f"{name}/{each}" for each in range(size)]
    begun = time.monotonic()
    # Asked again and again: who waits in a store that was made without libuv hears nothing of `compare_set`.
    while not store.check(wanted):
        # The first process is there, and will say what comes of it; or all have a callback, and will come.
        comes = (rank and store.check([f"{name}/0"])) or store.check([_here(each) for each in range(size)])
        if time.monotonic() - begun >= (GATHERING if comes else MEETING).total_seconds():
            return False
        time.sleep(LOOK_SECONDS)
    return True


def _store() -> Any:
    return distributed.distributed_c10d._get_default_store()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - torch gives it no other name


def _here(rank: int) -> str:
    return f"assay/here/{rank}"


def _together(name: str) -> str:
    return f"{name}/together"
