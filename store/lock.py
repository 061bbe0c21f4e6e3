"""The sidecar lock: many readers or one writer between processes, and writers do not starve.

DuckDB's own file lock is dropped by the kernel when any descriptor of the file in the same process
is closed, so it cannot be relied on alone (docs/design/0001-short-attaches.md). Every acquisition
opens a descriptor of its own.
"""

import os
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import portalocker
from portalocker import LockFlags

from store.errors import StoreBusyError

__all__ = ["sidecar_lock"]

_PAUSES = (0.0005, 0.001, 0.002, 0.004)


@contextmanager
def sidecar_lock(database: Path, *, exclusive: bool, timeout: float) -> Generator[None]:
    """Hold the lock of a store. Raises StoreBusyError after `timeout` seconds, OSError where the
    lock file cannot be made.

    Whoever wants in passes the turnstile first; a writer keeps it while it waits for the readers
    inside to leave, so that no new ones slip in before it.
    """
    deadline = time.monotonic() + timeout
    flags = LockFlags.EXCLUSIVE if exclusive else LockFlags.SHARED
    with ExitStack() as held:
        with _held(Path(f"{database}.turn"), flags, deadline, database):
            held.enter_context(_held(Path(f"{database}.lock"), flags, deadline, database))
        yield


@contextmanager
def _held(path: Path, flags: LockFlags, deadline: float, database: Path) -> Generator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
    with os.fdopen(descriptor, "r+b") as file:
        _wait_for(file, flags, deadline, database)
        try:
            yield
        finally:
            portalocker.unlock(file)


def _wait_for(file: IO[bytes], flags: LockFlags, deadline: float, database: Path) -> None:
    attempt = 0
    while True:
        try:
            portalocker.lock(file, flags | LockFlags.NON_BLOCKING)
            return
        except portalocker.LockException:
            if time.monotonic() > deadline:
                raise StoreBusyError(
                    f"the store {database} is held by another process; wait for it or end it, then try again"
                ) from None
        time.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
        attempt += 1
