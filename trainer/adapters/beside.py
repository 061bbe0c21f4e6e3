"""What is only recorded, done beside the training: in the order it was handed over, by a thread of its own.

Whoever needs it done now does it itself: `catch_up` leaves nothing waiting, and works where the thread is gone too.
"""

import atexit
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

from assay.flusher import say
from assay.foreign import Failure, attempt

__all__ = ["Beside", "BrokenRecordingError", "Work"]

POLL_SECONDS = 0.1
"""How often the thread looks: to wake it at each step would cost the training thread more than the rest of it."""

MOST = 256
"""What may wait; with more the training thread does it itself, so that little memory fills behind a slow disk: a step
that waits holds a few bytes a token.
"""


Work: TypeAlias = Callable[..., Callable[[], None] | None]
"""Something to do. What it gives back is the rest of it, which the host's own thread has to do."""


class BrokenRecordingError(RuntimeError):
    """What was handed over could not be done; `Beside.failure` says why."""


class Beside:
    """Does one thing after the other, later or at once; one thread alone hands over."""

    def __init__(self, *, at_once: bool, broken: Callable[[str], Any]) -> None:
        """Do everything while it is handed over where that is to be `at_once`, and on a thread where not. `broken` is
        told why something could not be done where nobody asks any more, as the interpreter ends.
        """
        self.failure: Failure[Any] | None = None
        """What went wrong beside the training; nothing more is done then."""
        self._at_once = at_once
        self.needs_host = False
        """Whether what comes next has to be done in the host's own thread, which is to `catch_up` soon."""
        self._waiting: deque[tuple[Work, tuple[Any, ...]]] = deque()
        self._broken = broken
        self._doing = threading.Lock()
        self._doer: int | None = None
        self._closing = threading.Event()
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._loop, name="assay-recording", daemon=True)
        if not at_once:
            self._thread.start()
            # A host that ends without a word ends the interpreter; a daemon is not waited for.
            atexit.register(self._leave)

    def hand_over(self, work: Work, *arguments: Any) -> None:
        """Have this done after all that was handed over before. What it raises where it is done at once is raised here;
        else it is kept as the `failure`.
        """
        if self._at_once:
            rest = work(*arguments)
            if rest is not None:
                rest()
            return
        if self.needs_host or len(self._waiting) >= MOST:
            self.catch_up()
        self._waiting.append((work, arguments))

    def catch_up(self) -> None:
        """Have everything done that was handed over; until more is, what it works on is the caller's.

        Raises BrokenRecordingError where it could not be done.
        """
        self._work()
        if self.failure is not None:
            raise BrokenRecordingError(self.failure.said)

    def forgive(self) -> None:
        """The failure has been told; what is handed over from now on is done again."""
        self.failure = None

    def close(self) -> None:
        """Do what is left, and end the thread."""
        self._closing.set()
        self._work()
        if self._thread.is_alive():
            self._thread.join()
        atexit.unregister(self._leave)

    def _loop(self) -> None:
        while not self._closing.wait(POLL_SECONDS):
            self._work()

    def _work(self) -> None:
        if os.getpid() != self._process:
            # In a forked child the run is its parent's, and nobody there would give the lock back.
            self._waiting.clear()
            return
        if self._doer == threading.get_ident():
            return  # a signal came while it was done, and asks for the rest
        with self._doing:
            self._doer = threading.get_ident()
            try:
                self._do_all(is_beside=threading.current_thread() is self._thread)
            finally:
                self._doer = None

    def _do_all(self, *, is_beside: bool) -> None:
        while self._waiting and self.failure is None and not (is_beside and self.needs_host):
            work, arguments = self._waiting.popleft()
            self.needs_host = False
            self._note(attempt(work, *arguments))

    def _note(self, done: Any) -> None:
        if isinstance(done, Failure):
            self.failure = done
            self._waiting.clear()
        elif done is not None:
            self._waiting.appendleft((done, ()))
            self.needs_host = True

    def _leave(self) -> None:
        if isinstance(attempt(self.catch_up), Failure) and self.failure is not None:
            why = f"recording stopped: {self.failure.kind}: {self.failure.said}"
            say(why)
            attempt(self._broken, why)
