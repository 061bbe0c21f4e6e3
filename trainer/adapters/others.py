"""The other processes of a host: the first one says what people want, so that all save or stop after the same step.

The host's own switches stop or save where every process has set them. Words pass over gloo, in a group of their own, so
that nothing waits for a device and a pause is no silence. They are exchanged only where every process has an
AssayCallback: that is found out before the first step, for a process that has none would not answer.
"""

import itertools
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import distributed
from transformers import TrainerControl

from assay.foreign import Failure, attempt

__all__ = ["ALONE", "Others", "files_of", "lacking", "meet"]

T = TypeVar("T")

ALONE = (
    "the host trains in several processes that cannot be told all at once; give each of them an AssayCallback, and "
    "let them be joined by torch.distributed"
)
"""Why what is asked of the host cannot be done."""

MEETING = timedelta(seconds=20)
"""How long the processes wait for each other's callbacks before the first step, which all reach at about the same
time.
"""

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

    def __init__(self, rank: int, size: int) -> None:
        """Be process `rank` of `size`; to be made by all of them. Raises RuntimeError where one is gone."""
        self.rank, self.size = rank, size
        made = distributed.new_group(backend="gloo", timeout=PATIENCE)
        assert isinstance(made, distributed.ProcessGroup), "of all processes"
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

    def see(self, folder: Path) -> list[dict[str, int]]:
        """Files that each process sees of a checkpoint once all have written theirs, by rank; to be called by all.

        Raises RuntimeError where one is gone.
        """
        self.wait()
        found = attempt(files_of, folder)
        return self._gather({} if isinstance(found, Failure) else found)

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

    def close(self) -> None:
        """Leave; where no more is to be said."""
        self.pause(False)
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


def meet() -> Others | None:
    """Meet the other processes of a host before its first step; None where they cannot be told what people want.

    Raises RuntimeError where one is gone.
    """
    number = next(_meetings)
    if not distributed.is_available() or not distributed.is_initialized():
        return None
    store: Any = distributed.distributed_c10d._get_default_store()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - torch gives it no other name
    rank, size = distributed.get_rank(), distributed.get_world_size()
    together = f"assay/{number}/together"
    store.set(f"assay/{number}/{rank}", "here")
    try:
        store.wait([f"assay/{number}/{each}" for each in range(size)] if rank == 0 else [together], MEETING)
        said = "yes"
    except RuntimeError:
        said = "no"
    # The first word counts, for all: one that came late must not wait for those who have given it up.
    return Others(rank, size) if store.compare_set(together, "", said) == b"yes" else None


def files_of(folder: Path) -> dict[str, int]:
    """Files of a checkpoint as this process sees them, with their sizes in bytes."""
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def lacking(everywhere: list[Mapping[str, int]]) -> str | None:
    """Why what the first process sees of a checkpoint is not all of it; None where it is."""
    first = everywhere[0]
    for rank, found in enumerate(everywhere):
        odd = [name for name, size in found.items() if first.get(name) != size]
        if odd:
            return (
                f"process {rank} has written {odd[0]}, which process 0 does not see; let output_dir lie on a disk that "
                f"all of them share"
            )
    return None
