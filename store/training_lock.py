"""Who trains a run: one process at a time, from before it reads a checkpoint until its end.

Recording has a lock of its own (`assay.holding`), which is taken later and by any script.
"""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import portalocker
from portalocker import LockFlags

from store.errors import StoreError

__all__ = ["sole_trainer"]


@contextmanager
def sole_trainer(run_folder: Path) -> Generator[None]:
    """Keep other processes from training a run, or rolling it back.

    Raises StoreError where one is at it, OSError where the lock's file cannot be made.
    """
    lock = portalocker.Lock(
        str(run_folder / ".training"), "a", timeout=0, flags=LockFlags.EXCLUSIVE | LockFlags.NON_BLOCKING
    )
    try:
        lock.acquire()
    except portalocker.LockException as error:
        raise StoreError(
            f"run {run_folder.name} is being trained by another process, or rolled back; stop that one first"
        ) from error
    try:
        yield
    finally:
        lock.release()
