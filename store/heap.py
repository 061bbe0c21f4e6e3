"""The C library's heaps in a process that serves for weeks: few of them, and what lies free in them given back.

glibc makes a heap for each thread that is at work, eight a processor at most, and gives back only what lies free at
the end of one. Where each request has a thread of its own, memory grows for hours while as much is in use as before.
"""

import ctypes
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress

__all__ = ["few_arenas", "give_back_memory", "giving_back"]

ARENAS = 2
"""Heaps that all threads of a process share."""

M_ARENA_MAX = -8
"""Number of glibc's malloc.h."""


def few_arenas() -> None:
    """Have the C library share its heaps between threads, where it knows how."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)


def give_back_memory() -> None:
    """Have the C library return to the system what lies free between other things, where it knows how."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


@contextmanager
def giving_back(every: float) -> Generator[None]:
    """Do that in a thread, again `every` seconds, as long as the context lasts."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(every):
            give_back_memory()

    thread = threading.Thread(target=work, name="assay-heap", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
