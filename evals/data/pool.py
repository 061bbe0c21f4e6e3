"""Work on batches of rows in several processes: results in order, Ctrl-C clean, nothing left running."""

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from types import ModuleType
from typing import TypeVar

from assay.errors import AssayError

__all__ = ["cores", "in_processes"]

In = TypeVar("In")
Out = TypeVar("Out")

AHEAD = 3
"""Batches a process has waiting, so that none is idle and few are in memory."""


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_processes(work: Callable[[In], Out], batches: Iterable[In], processes: int) -> Generator[Out]:
    """Do the work on each batch, in this process where `processes` is 1; results come in the order of the batches.

    Raises AssayError where a process is ended from outside, as it is where memory runs out.
    """
    if processes == 1:
        yield from map(work, batches)
        return
    # New interpreters, as a fork of one that has threads can hang.
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _leave_interrupts)
    waiting: deque[Future[Out]] = deque()
    try:
        for batch in batches:
            with _nobodys_script():
                waiting.append(pool.submit(work, batch))
            if len(waiting) >= AHEAD * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise AssayError(
            "a process that looked at the rows was ended, perhaps for want of memory; free some, or use --processes 1"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _nobodys_script() -> Generator[None]:
    """A process that is started runs the script of its parent first: of Streamlit that would be a page."""
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _leave_interrupts() -> None:
    # Ctrl-C goes to all processes of a terminal; only the first one is to act on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
