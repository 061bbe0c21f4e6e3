"""What people and signals ask of a run, done at the next boundary between two steps."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from assay.recording import Run
from store.requests import Request
from trainer.inbox import Inbox
from trainer.progress import ProgressLine

__all__ = ["Wishes", "stop_signals"]

_stopping: list[str] = []
"""Signals that asked this process to stop, by name, oldest first."""

SIGNALS = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}


@contextmanager
def stop_signals() -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into a wish to stop after this step; a second one interrupts at once."""
    _stopping.clear()
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def note(number: int, _frame: FrameType | None) -> None:
        if _stopping:
            raise KeyboardInterrupt
        _stopping.append(SIGNALS[signal.Signals(number)])

    before = {number: signal.signal(number, note) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Wishes:
    """Requests to one run, and whether it is to stop."""

    def __init__(self, run: Run, inbox: Inbox, progress: ProgressLine) -> None:
        """Act on what `inbox` holds; nothing is asked of the store here."""
        self._run, self._inbox, self._progress = run, inbox, progress
        self._paused = False
        self._asked: str | None = None

    @property
    def stopped_by(self) -> str | None:
        """Who asked the run to stop, if anyone did."""
        return self._asked or (_stopping[0] if _stopping else None)

    def act(self, step: int, save: Callable[[], str]) -> None:
        """Do what was asked for since the last step; while the run is paused, wait here."""
        self._answer_all(step, save)
        while self._paused and not self.stopped_by:
            request = self._inbox.next(timeout=0.2)
            if request:
                self._answer(request, step, save)
        if self._paused:
            self._unpause()

    def _answer_all(self, step: int, save: Callable[[], str]) -> None:
        while request := self._inbox.next():
            self._answer(request, step, save)

    def _answer(self, request: Request, step: int, save: Callable[[], str]) -> None:
        actions: dict[str, Callable[[], str]] = {
            "stop-and-save": lambda: self._stop(request, step),
            "save-now": save,
            "pause": lambda: self._pause(step),
            "continue": self._unpause,
            "note": lambda: self._note(request, step),
        }
        action = actions.get(request.kind)
        result = action() if action else f"not done: a running trainer cannot {request.kind}"
        if request.kind != "note":
            self._run.event("request", f"{request.actor} asked to {request.kind}: {result}", step=step)
            self._progress.say(f"{request.actor} asked to {request.kind}: {result}")
        self._inbox.answer(request, result)

    def _stop(self, request: Request, step: int) -> str:
        self._asked = request.actor
        return f"stops after step {step} and saves"

    def _pause(self, step: int) -> str:
        if not self._paused:
            self._paused = True
            self._run.status("paused")
        return f"paused after step {step}"

    def _unpause(self) -> str:
        if not self._paused:
            return "it was not paused"
        self._paused = False
        self._run.status("running")
        return "goes on"

    def _note(self, request: Request, step: int) -> str:
        text = str(request.args.get("text", "")).strip()
        if not text:
            return "not done: the note was empty"
        self._run.event("note", text, step=step, actor=request.actor)
        return "noted"
