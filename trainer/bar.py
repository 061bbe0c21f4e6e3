"""Progress of questions on stderr: a line for each suite or model."""

from typing import Any, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from store.commands.common import notes

__all__ = ["Bar"]


class Bar:
    """Shows how many questions are answered, once entered as a context; nothing where stderr is no terminal."""

    def __init__(self) -> None:
        """Nothing is shown before `show`."""
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=notes,
            disable=not notes.is_terminal,
        )  # fmt: skip
        self._tasks: dict[tuple[str, int], Any] = {}

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, name: str, done: int, whole: int) -> None:
        """Show how many questions are answered, and of how many."""
        if (name, whole) not in self._tasks:
            self._tasks[name, whole] = self._bar.add_task(name, total=whole)
        task = self._tasks[name, whole]
        self._bar.update(task, completed=done)
        if done >= whole:
            # The next model's line is a new one.
            self._bar.remove_task(task)
            del self._tasks[name, whole]
