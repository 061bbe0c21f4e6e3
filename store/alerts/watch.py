"""Watches one run and tells by webhook what a person wants to be woken for.

    with open_watcher(config.alerts, run.name, run.folder, record=lambda said: run.event("alert", said)) as watcher:
        for step in range(1, steps + 1):
            began = time.monotonic()
            ...
            watcher.step(step, time.monotonic() - began)
            watcher.validation(step, loss)                       # where one was measured
            watcher.event("rollback", "went back to step 40", step)
        watcher.ended("finished", "3,000 steps, lowest validation loss 1.23")

Each call costs microseconds, never waits and never raises: threads look at the clock and at the disk, and
others send. An exception that leaves the context is told as failed. Without a hook in the configuration the
same calls do nothing. Of a run on several processes only the first one watches.
"""

import os
import shutil
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from assay.errors import AssayError
from store.alerts.alert import KINDS, alert_of
from store.alerts.hooks import targets_of, usable_targets
from store.alerts.rules import LowDisk, Rising, Stall, Thinner
from store.alerts.sender import Delivery, Sender
from store.alerts.settings import AlertsConfig

__all__ = ["Watcher", "busy", "open_watcher"]

ALIAS = {"not-a-number": "spike"}
"""Events of a run that are told as another kind."""

STALL_EVERY = 1.0
"""Seconds between two looks at the clock."""

DISK_EVERY = 30.0
"""Seconds between two looks at the disk."""

CLOSE_SECONDS = 10.0
"""At the end of a run so long is given to what still waits to be sent; after Ctrl-C much less."""


@contextmanager
def busy(watcher: "Watcher | None") -> Generator[None]:
    """Meanwhile no step ends, and yet the run is not stalled; without a watcher nothing."""
    if watcher:
        watcher.paused(True)
    try:
        yield
    finally:
        if watcher:
            watcher.paused(False)


class Watcher:
    """What is to be told of one run. Every method may be called from any thread."""

    def __init__(
        self, config: AlertsConfig, run: str, sender: Sender, folder: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """Tell by `sender`, once entered as a context; `folder` is on the disk to look at, None for none."""
        self._config, self._run, self._sender, self._folder, self._clock = config, run, sender, folder, clock
        self._lock, self._stop = threading.RLock(), threading.Event()
        self._stall = Stall(clock(), config.stalled_factor, config.stalled_seconds)
        self._rising, self._disk = Rising(config.val_loss_rising), LowDisk(config.disk_low_bytes)
        self._thinner = Thinner(config.every_seconds)
        self._step: int | None = None
        self._awake = self._ended = self._stall_told = False

    def step(self, step: int, seconds: float | None = None) -> None:
        """A step has ended, which took `seconds`; None: all since the last sign of life."""
        with self._lock:
            self._step = step
            if self._awake:
                self._goes_on(self._stall.step(self._clock(), seconds))

    def validation(self, step: int, loss: float) -> None:
        """The validation loss was measured. What was measured before the context was entered counts, quietly."""
        with self._lock:
            self._goes_on(self._stall.alive(self._clock()))
            sentence = self._rising.measure(step, loss)
            if sentence:
                self._say("val_loss_rising", sentence, step)

    def event(self, kind: str, sentence: str, step: int | None = None, severity: int = 0) -> None:
        """Something happened; events of other kinds than `KINDS` are nobody's message and are passed over.

        The higher the `severity`, the worse: what is worse than the last one told of its kind is told at once.
        """
        with self._lock:
            name = ALIAS.get(kind, kind)
            if name in ("finished", "failed"):
                self.ended(name, sentence)
            elif name in KINDS:
                self._say(name, sentence, step, severity)

    def paused(self, held: bool) -> None:
        """The run waits because someone said so, or goes on: meanwhile it is not stalled."""
        with self._lock:
            self._stall.hold(self._clock(), held)

    def ended(self, status: str, sentence: str = "") -> None:
        """The run is over: finished or failed, told once; a run that is paused or stopped by hand is not told."""
        with self._lock:
            if status not in ("finished", "failed") or self._ended:
                return
            self._ended = True
            held = ", ".join(f"{count} of {KINDS[kind].title}" for kind, count in self._thinner.rest().items())
            said = sentence or f"the run has {status}"
            self._say(status, f"{said} (messages held back: {held})" if held else said, self._step)

    def look_at_clock(self) -> None:
        """Tell where no step has ended for too long; called by a thread once a second."""
        with self._lock:
            gap = None if self._ended else self._stall.look(self._clock())
            if gap is not None:
                since = "yet" if self._step is None else f"since step {self._step:,}"
                self._stall_told = self._say("stalled", f"no step has ended {since}, for {_span(gap)}", self._step)

    def look_at_disk(self) -> None:
        """Tell where little is left on the disk of the run; called by a thread now and then."""
        free = None if self._folder is None else _free(self._folder)
        with self._lock:
            sentence = None if free is None or self._ended else self._disk.look(free)
            if sentence:
                self._say("disk_low", sentence, self._step)

    def __enter__(self) -> Self:
        with self._lock:
            self._awake = True
            self._stall = Stall(self._clock(), self._config.stalled_factor, self._config.stalled_seconds)
        if not self._sender.is_idle:
            for look, every in ((self.look_at_clock, STALL_EVERY), (self.look_at_disk, DISK_EVERY)):
                # Two threads: a disk that does not answer is what stalls a run, and must not keep that quiet.
                threading.Thread(target=self._again, args=(look, every), name="assay-watch", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        by_hand = isinstance(error, KeyboardInterrupt | SystemExit)
        if isinstance(error, AssayError):
            self.ended("failed", str(error))
        elif error is not None and not by_hand:
            self.ended("failed", f"{type(error).__name__}: {error}")
        self._stop.set()
        self._sender.close(CLOSE_SECONDS / 5 if by_hand else CLOSE_SECONDS)

    def _again(self, look: Callable[[], None], every: float) -> None:
        look()
        while not self._stop.wait(every):
            look()

    def _goes_on(self, after: float | None) -> None:
        if after is not None and self._stall_told:
            self._stall_told = False
            self._send("stalled", f"steps go on after {_span(after)}", self._step, good_news=True)

    def _say(self, kind: str, sentence: str, step: int | None, severity: int = 0) -> bool:
        """Send it, unless it is not wanted or one as bad was sent just now; whether it was sent."""
        if not self._awake or kind not in self._config.on:
            return False
        held = 0 if kind in ("finished", "failed") else self._thinner.admit(kind, self._clock(), severity)
        if held is None:
            return False
        self._send(kind, f"{sentence} ({held} more of this kind before)" if held else sentence, step)
        return True

    def _send(self, kind: str, sentence: str, step: int | None, *, good_news: bool = False) -> None:
        dashboard = self._config.dashboard
        self._sender.send(alert_of(kind, self._run, sentence, step=step, dashboard=dashboard, good_news=good_news))


def open_watcher(
    config: AlertsConfig, run: str, folder: Path | None = None, *,
    record: Callable[[str], None], goes_on: bool = False,
) -> Watcher:  # fmt: skip
    """Make the watcher of a run; `record` gets a sentence for each message that could not be delivered, from
    another thread.

    Raises AssayError where a hook cannot be used; of a run that `goes_on`, that is recorded instead.
    """

    def told(delivery: Delivery) -> None:
        if not delivery.delivered:
            tried = f" after {delivery.tries} tries" if delivery.tries > 1 else ""
            record(f'{delivery.target} was not told "{delivery.alert.title}"{tried}: {delivery.sentence}')

    targets, troubles = usable_targets(config, os.environ) if goes_on else (targets_of(config, os.environ), [])
    for sentence in troubles:
        record(sentence)
    return Watcher(config, run, Sender(targets, told), folder)


def _free(folder: Path) -> float | None:
    try:
        return float(shutil.disk_usage(folder).free)
    except OSError:
        return None


def _span(seconds: float) -> str:
    """A length of time, in words.

    >>> _span(42.4), _span(1800)
    ('42 seconds', '30 minutes')
    """
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"
