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

__all__ = ["Stopping", "Wishes", "ask_to_stop", "stop_here", "stop_signals"]

_stopping: list[str] = []
"""Signals that asked this process to stop, by name, oldest first."""

SIGNALS = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}


class Stopping(Exception):  # noqa: N818 - someone's wish, no error
    """Someone asked this process to stop."""


def stop_here() -> None:
    """Raise Stopping where a signal has asked this process to stop; for work that is done again later."""
    if _stopping:
        raise Stopping


def ask_to_stop(by: str) -> None:
    """Ask this process to stop after this step, as a signal of another process of its run did."""
    if not _stopping:
        _stopping.append(by)


@contextmanager
def stop_signals(*, patient: bool = False) -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into a wish to stop after this step; a second one interrupts at once.

    Not where that is `patient`: a launcher passes on what a terminal has sent to all already.
    """
    _stopping.clear()
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def note(number: int, _frame: FrameType | None) -> None:
        if _stopping:
            if patient:
                return
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

    def __init__(
        self, run: Run, inbox: Inbox, progress: ProgressLine, *,
        at: Callable[[], int], save: Callable[[], str], roll_back: Callable[[int, str], str],
        paused: Callable[[bool], None] | None = None,
    ) -> None:  # fmt: skip
        """Act on what `inbox` holds; nothing is asked of the store here.

        `at` is the step the run is after, `save` writes a checkpoint, `roll_back` goes back to that of a
        step for someone; both say what came of it. `paused` is told when the run waits, and when it goes on.
        """
        self._run, self._inbox, self._progress = run, inbox, progress
        self._at, self._save, self._roll_back = at, save, roll_back
        self._hold = paused or (lambda _: None)
        self._paused = False
        self._asked: str | None = None

    @property
    def stopped_by(self) -> str | None:
        """Who asked the run to stop, if anyone did."""
        return self._asked or (_stopping[0] if _stopping else None)

    @property
    def are_there(self) -> bool:
        """Whether something is asked that was not yet done, or the run is paused."""
        return self._paused or not self._inbox.is_empty

    def refuse(self, why: str) -> None:
        """Answer what was asked for since the last step with why it cannot be done; a note is noted all the same."""
        while request := self._inbox.next():
            self._answer(request, why)

    def act(self) -> None:
        """Do what was asked for since the last step; while the run is paused, wait here."""
        self._answer_all()
        while self._paused and not self.stopped_by:
            request = self._inbox.next(timeout=0.2)
            if request:
                self._answer(request)
        if self._paused:
            self._unpause()

    def _answer_all(self) -> None:
        while request := self._inbox.next():
            self._answer(request)

    def _answer(self, request: Request, why_not: str | None = None) -> None:
        actions: dict[str, Callable[[], str]] = {
            "stop-and-save": lambda: self._stop(request),
            "save-now": self._save,
            "pause": self._pause,
            "continue": self._unpause,
            "note": lambda: self._note(request),
            "rollback": lambda: self._back(request),
        }
        is_refused = why_not is not None and request.kind != "note"
        result = f"not done: {why_not}" if is_refused else actions[request.kind]()
        if request.kind != "note":
            sentence = f"{_called(request)} asked to {request.kind}: {result}"
            self._run.event("request", sentence, step=self._at(), actor=request.actor)
            self._progress.say(sentence)
        self._inbox.answer(request, result)

    def stop(self, by: str) -> None:
        """Let the run stop before its next step."""
        self._asked = self._asked or by

    def pause(self) -> None:
        """Wait at the next `act` until someone says what to do."""
        self._pause()

    def _stop(self, request: Request) -> str:
        self._asked = _called(request)
        return f"stops after step {self._at()} and saves"

    def _pause(self) -> str:
        if not self._paused:
            self._paused = True
            self._run.status("paused")
            self._hold(True)
        return f"paused after step {self._at()}"

    def _unpause(self) -> str:
        if not self._paused:
            return "it was not paused"
        self._paused = False
        self._run.status("running")
        self._hold(False)
        return "goes on"

    def _back(self, request: Request) -> str:
        wanted = request.args.get("step")
        if type(wanted) is not int or wanted < 0:
            return "not done: a rollback names the step of a checkpoint"
        return self._roll_back(wanted, request.actor)

    def _note(self, request: Request) -> str:
        text = str(request.args.get("text", "")).strip()
        if not text:
            return "not done: the note was empty"
        self._run.event("note", text, step=self._at(), actor=request.actor)
        return "noted"


def _called(request: Request) -> str:
    return request.called or request.actor
