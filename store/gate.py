"""Readers or one writer inside a process: a read-write attach beside a read-only one fails."""

import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager

from store.errors import StoreBusyError

__all__ = ["MOST_READERS", "Gate"]

MOST_READERS = 4
"""Readers inside at once: more of them only share the same cores, and a writer has to wait for all."""


class Gate:
    """Lets a few readers or one writer in; a waiting writer goes before new readers, and writers go in their order."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._readers = 0
        self._writing = False
        self._waiting_writers: deque[object] = deque()
        self._inside = threading.local()

    @contextmanager
    def reading(self, timeout: float) -> Generator[None]:
        """Be one of the readers. Raises StoreBusyError after `timeout` seconds, RuntimeError where
        this thread is inside already.
        """
        with self._not_nested():
            with self._condition:
                self._wait(self._reader_may_enter, timeout)
                self._readers += 1
            try:
                yield
            finally:
                with self._condition:
                    self._readers -= 1
                    self._condition.notify_all()

    @contextmanager
    def writing(self, timeout: float) -> Generator[None]:
        """Be the only one. Raises as `reading` does."""
        with self._not_nested():
            self._enter_writing(timeout)
            try:
                yield
            finally:
                with self._condition:
                    self._writing = False
                    self._condition.notify_all()

    def _reader_may_enter(self) -> bool:
        return not self._writing and not self._waiting_writers and self._readers < MOST_READERS

    def _enter_writing(self, timeout: float) -> None:
        ticket = object()
        with self._condition:
            self._waiting_writers.append(ticket)
            try:
                self._wait(lambda: self._writer_may_enter(ticket), timeout)
                self._writing = True
            finally:
                self._waiting_writers.remove(ticket)
                self._condition.notify_all()

    def _writer_may_enter(self, ticket: object) -> bool:
        return not self._writing and self._readers == 0 and self._waiting_writers[0] is ticket

    def _wait(self, free: Callable[[], bool], timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not free():
            if not self._condition.wait(deadline - time.monotonic()):
                raise StoreBusyError("another thread of this program has held the store too long; try again")

    @contextmanager
    def _not_nested(self) -> Generator[None]:
        if getattr(self._inside, "yes", False):
            raise RuntimeError("the store is already in use by this thread: calls cannot be nested")
        self._inside.yes = True
        try:
            yield
        finally:
            self._inside.yes = False
