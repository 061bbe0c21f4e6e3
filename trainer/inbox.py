"""Requests of people to a running trainer: a thread asks the store, the loop answers between steps."""

import queue
import threading
from typing import Self

import duckdb

from store.database import Store
from store.errors import StoreError
from store.requests import EVALUATOR, KINDS, Request, finish, take

__all__ = ["Inbox"]

OURS = tuple(kind for kind in KINDS if kind not in EVALUATOR)
"""What a trainer takes; what asks models questions waits for the evaluator, which may be another process."""


class Inbox:
    """Polls the requests of one run; a store that cannot be reached only delays them."""

    def __init__(self, store: Store, run: str, every: float = 1.0) -> None:
        """Ask each `every` seconds, once entered as a context."""
        self._store, self._run, self._every = store, run, every
        self._requests: queue.SimpleQueue[Request] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[int, str]] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="assay-inbox", daemon=True)

    @property
    def is_empty(self) -> bool:
        """Whether no request is there that was not yet seen."""
        return self._requests.empty()

    def next(self, timeout: float = 0.0) -> Request | None:
        """The oldest request not yet seen, waiting up to `timeout` seconds for one."""
        if timeout <= 0 and self.is_empty:
            return None  # at every step, and an exception costs more
        try:
            return self._requests.get(block=timeout > 0, timeout=timeout or None)
        except queue.Empty:
            return None

    def answer(self, request: Request, result: str) -> None:
        """Say in words what came of a request; it is written when the store can be."""
        self._answers.put((request.id, result))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Refuse what was not acted on, write the last answers, end the thread."""
        while request := self.next():
            self.answer(request, "not done: the run had ended")
        self._stop.set()
        self._thread.join(timeout=5)

    def _loop(self) -> None:
        waiting: tuple[int, str] | None = None
        stopping = False
        while not stopping:
            stopping = self._stop.wait(self._every)
            try:
                if not stopping and self._store.exists:
                    for request in take(self._store, self._run, OURS):
                        self._requests.put(request)
                while waiting or not self._answers.empty():
                    waiting = waiting or self._answers.get()
                    finish(self._store, *waiting)
                    waiting = None
            except (StoreError, duckdb.Error, OSError):
                continue  # it is asked again in a second
