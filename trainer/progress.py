"""What a person sees on stderr while a run trains."""

import time
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from trainer.runlog import RunLog

__all__ = ["ProgressLine"]

PLAIN_SECONDS = 10.0
"""Seconds between two lines, in the log and where stderr is no terminal."""


class ProgressLine:
    """A bar with loss and speed on a terminal; a line now and then elsewhere, and in the run's log."""

    def __init__(self, name: str, steps: int, done: int = 0, log: RunLog | None = None) -> None:
        """Show `done` of `steps`, once entered as a context; what is shown is kept in `log`."""
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._name, self._steps, self._log = name, steps, log
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TextColumn("{task.fields[said]}"), TimeRemainingColumn(),
            console=self._console, disable=not self._console.is_terminal,
        )  # fmt: skip
        self._task = self._bar.add_task(name, total=steps, completed=done, said="")
        self._said_at = 0.0

    def step(self, step: int, loss: float, tokens_per_s: float) -> None:
        """Show a step that is done."""
        said = f"loss {loss:.3f}  {tokens_per_s:,.0f} tokens/s"
        self._bar.update(self._task, completed=step, said=said)
        if step == self._steps or time.monotonic() - self._said_at > PLAIN_SECONDS:
            self._said_at = time.monotonic()
            line = f"{self._name}: step {step} of {self._steps}, {said}"
            if self._console.is_terminal:
                self._keep(line)  # the bar shows it
            else:
                self.say(line)

    def aside(self, said: str) -> None:
        """Show on the bar what is being done between two steps."""
        self._bar.update(self._task, said=said)

    def say(self, sentence: str) -> None:
        """Print a sentence above the bar."""
        self._bar.console.print(sentence, markup=False)
        self._keep(sentence)

    def _keep(self, sentence: str) -> None:
        if self._log:
            self._log.write(sentence)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
