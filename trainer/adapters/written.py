"""What all processes of a host have written of one checkpoint: each says so in torch's store, and none waits while it
trains.

A host may save in one process alone, or in all; only its own training knows. So nothing here is a step that all have to
take: who waits is a thread, and it gives up.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from assay.foreign import attempt

__all__ = ["Written", "await_keys", "files_of", "lacking"]

LIMIT_SECONDS = 60.0
"""How long after the first process has written its part the others may take for theirs."""

LAST_SECONDS = 2.0
"""How long they may take once the training has failed: what is written need only be told."""

PATIENCE_SECONDS = 1800.0
"""How long the others wait for the first process, which may have a large model to write."""

LOOK_SECONDS = 0.05
"""How often the store is asked: who waits in it would keep every other thread of the process from asking."""


class Written:
    """One checkpoint, as this process and the others have written it."""

    def __init__(self, store: Any, name: str, rank: int, size: int, folder: Path) -> None:
        """Say that process `rank` of `size` has written its part of `folder`; `name` is that of the checkpoint in
        torch's `store`. Raises RuntimeError where the store is gone.
        """
        self._store, self._name, self._rank, self._size, self._folder = store, name, rank, size, folder
        self._until = time.monotonic() + (PATIENCE_SECONDS if rank else LIMIT_SECONDS)
        self._is_given_up = False
        store.set(self._key("done", rank), "")

    def everywhere(self) -> list[dict[str, int]]:
        """What each process sees of the folder once all have written, by rank: files with their sizes in bytes.

        Raises OSError where one has not written anything in time, or is gone.
        """
        try:
            self.tell()
            self._await("files")
            return [json.loads(self._store.get(self._key("files", rank))) for rank in range(self._size)]
        except RuntimeError as error:
            raise OSError(None, f"the processes of the host cannot be asked what they have written: {error}") from error

    def tell(self) -> None:
        """Say what this process sees once all have written: what is half written there is nobody's. Raises OSError
        where one has not written anything in time, RuntimeError where the store is gone.
        """
        self._await("done")
        self._store.set(self._key("files", self._rank), json.dumps(files_of(self._folder)))

    def give_up(self) -> None:
        """Wait for little more than what is written by now: the training has failed."""
        self._until = min(self._until, time.monotonic() + LAST_SECONDS)
        self._is_given_up = True

    def tell_beside(self) -> threading.Thread:
        """The same on a thread of its own, which ends without a word: the first process says what is not sealed."""
        thread = threading.Thread(target=attempt, args=(self.tell,), name="assay-written", daemon=True)
        thread.start()
        return thread

    def _await(self, what: str) -> None:
        keys = [self._key(what, rank) for rank in range(self._size)]
        if not await_keys(self._store, keys, self._is_late):
            missing = next((rank for rank, key in enumerate(keys) if not self._store.check([key])), self._rank)
            _refuse(missing, failed=self._is_given_up)

    def _is_late(self) -> bool:
        if not threading.main_thread().is_alive():
            # The host has ended without a word to its callbacks, as where it raises, and its process waits for this.
            self.give_up()
        return time.monotonic() >= self._until

    def _key(self, what: str, rank: int) -> str:
        return f"{self._name}/{what}/{rank}"


def await_keys(store: Any, keys: Sequence[str], is_late: Callable[[], bool]) -> bool:
    """Whether torch's store has all keys before it `is_late`. Raises RuntimeError where the store is gone."""
    while not store.check(list(keys)):
        if is_late():
            return False
        time.sleep(LOOK_SECONDS)
    return True


def files_of(folder: Path) -> dict[str, int]:
    """Files of a checkpoint as this process sees them, with their sizes in bytes."""
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def lacking(everywhere: Sequence[Mapping[str, int]]) -> str | None:
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


def _refuse(rank: int, *, failed: bool) -> NoReturn:
    if failed:
        raise OSError(None, f"process {rank} had not saved it when the training failed")
    raise OSError(
        None,
        f"process {rank} has not saved it within {LIMIT_SECONDS:g} seconds; let every process of the host set "
        f"should_save at the same step",
    )
