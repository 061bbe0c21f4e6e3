"""Delivers messages from threads of its own, one a hook, so that a slow one holds up neither run nor others.

A message that fails is tried again after 1, 2, 4, … seconds, each shortened at random by up to a half, so
that many runs do not come back at once. When a hook is too slow for what happens, its oldest waiting
messages are dropped: the newest matter more. How many were lost is told with the next that gets through.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import TracebackType
from typing import NamedTuple, Self

from assay.foreign import attempt
from store.alerts.alert import Alert
from store.alerts.post import Tried, post
from store.alerts.targets import Target

__all__ = ["Delivery", "Means", "Sender"]


class Delivery(NamedTuple):
    """What became of one message at one hook."""

    alert: Alert
    """The message."""

    target: str
    """The hook, for people; its address is masked."""

    delivered: bool
    """Whether the service took it."""

    tries: int
    """How often it was sent."""

    sentence: str
    """What the service said last, or why it was not asked."""


class Means(NamedTuple):
    """How it is done; the tests put their own clock and network here."""

    post: Callable[[Target, Alert, float], Tried] = post
    """One try, with the seconds it may take; never raises."""

    wait: Callable[[threading.Event, float], object] = threading.Event.wait
    """Sleep for so many seconds, or until the event."""

    clock: Callable[[], float] = time.monotonic
    """Seconds of any clock."""

    tries: int = 10
    """Tries before a message is given up; with what is waited between them these are about six minutes."""

    timeout: float = 10.0
    """Seconds to wait for the network in one try."""

    room: int = 100
    """Messages that may wait for one hook."""

    seed: int | None = None
    """Seed of the waits."""


class Sender:
    """Sends every message to every hook; a context that delivers what waits, within a limit, at its end."""

    def __init__(self, targets: Iterable[Target], told: Callable[[Delivery], None], means: Means | None = None) -> None:
        """`told` gets what became of each message, in the hook's thread; it should return at once."""
        self._means = means or Means()
        self._lines = [_Line(target, told, self._means) for target in targets]

    @property
    def is_idle(self) -> bool:
        """Whether there is nobody to tell."""
        return not self._lines

    def send(self, alert: Alert) -> None:
        """Put a message in the queues; never waits and never raises."""
        for line in self._lines:
            line.put(alert)

    def close(self, within: float = 10.0) -> None:
        """Deliver what waits, in `within` seconds at most, and say of the rest that it was not."""
        deadline = self._means.clock() + within
        for line in self._lines:
            line.hurry(deadline)
        for line in self._lines:
            line.end(deadline)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()


class _Line:
    """One hook, its queue and its thread."""

    def __init__(self, target: Target, told: Callable[[Delivery], None], means: Means) -> None:
        self._target, self._told, self._means = target, told, means
        self._queue: deque[Alert] = deque()
        self._changed = threading.Condition()
        self._closing, self._never = threading.Event(), threading.Event()
        self._deadline = float("inf")
        self._over, self._lost = False, 0
        self._at_work: Alert | None = None
        self._random = random.Random(means.seed)  # noqa: S311 - it spreads waits, nothing is kept secret by it
        self._thread: threading.Thread | None = None

    def put(self, alert: Alert) -> None:
        """Queue a message; where there is no room the oldest one goes."""
        dropped = None
        with self._changed:
            if self._over:
                return
            if len(self._queue) >= self._means.room:
                dropped = self._queue.popleft()
                self._lost += 1
            self._queue.append(alert)
            self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="assay-alerts", daemon=True)
                self._thread.start()
        if dropped:
            self._tell(dropped, "dropped: too many messages were waiting for this hook")

    def hurry(self, deadline: float) -> None:
        """No new message is waited for, and nothing beyond the deadline."""
        with self._changed:
            self._deadline = deadline
            self._closing.set()
            self._changed.notify()

    def end(self, deadline: float) -> None:
        """Wait for the thread, as long as there is time, and tell what it leaves."""
        if self._thread is not None:
            self._thread.join(max(0.0, deadline - self._means.clock()))
        with self._changed:
            self._over = True
            sending, left = self._at_work, list(self._queue)
            self._at_work = None
            self._queue.clear()
        if sending:
            self._tell(sending, "the run ended while it was being sent, it may have come or not")
        for alert in left:
            self._tell(alert, "the run ended before it could be sent")

    def _loop(self) -> None:
        while (alert := self._next()) is not None:
            with self._changed:
                lost = self._lost
            delivery = self._deliver(_with_losses(alert, lost))
            with self._changed:
                self._lost += -lost if delivery.delivered else 1
                self._at_work = None
                over = self._over
            if not over:
                self._report(delivery)

    def _next(self) -> Alert | None:
        with self._changed:
            while not self._queue and not self._closing.is_set():
                self._changed.wait()
            if not self._queue or self._means.clock() >= self._deadline:
                return None
            self._at_work = self._queue.popleft()
            return self._at_work

    def _deliver(self, alert: Alert) -> Delivery:
        tries = 0
        while True:
            tries += 1
            left = self._deadline - self._means.clock()
            tried = self._means.post(self._target, alert, max(0.1, min(self._means.timeout, left)))
            if tried.delivered or not tried.again or tries == self._means.tries:
                return Delivery(alert, self._target.title, tried.delivered, tries, tried.sentence)
            if not self._pause(tries, tried.wait):
                return Delivery(alert, self._target.title, False, tries, f"{tried.sentence}; then the run ended")

    def _pause(self, tries: int, asked: float | None) -> bool:
        """Wait for the next try; whether there is time for one."""
        means = self._means
        backoff = 2.0 ** (tries - 1) * (0.5 + 0.5 * self._random.random())
        due = means.clock() + max(backoff, asked or 0.0)
        if not self._closing.is_set():
            means.wait(self._closing, due - means.clock())
        if not self._closing.is_set():
            return True
        if asked is None:
            due = min(due, means.clock() + 1.0)
        if due > self._deadline:
            return False
        means.wait(self._never, max(0.0, due - means.clock()))
        return True

    def _tell(self, alert: Alert, sentence: str) -> None:
        self._report(Delivery(alert, self._target.title, False, 0, sentence))

    def _report(self, delivery: Delivery) -> None:
        # Whatever the listener does, the thread goes on: its messages are worth more than one report of them.
        attempt(self._told, delivery)


def _with_losses(alert: Alert, lost: int) -> Alert:
    if not lost:
        return alert
    said = "1 earlier message" if lost == 1 else f"{lost} earlier messages"
    return replace(alert, sentence=f"{alert.sentence} ({said} could not be delivered here)")
