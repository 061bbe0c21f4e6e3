"""What the commands over training data share: columns, processes, progress."""

import signal
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any, Self, TypeVar

import click
from rich.console import Console
from rich.status import Status

from assay.errors import AssayError

__all__ = ["Teller", "columns_of", "columns_option", "processes_option", "terminated_like_interrupted"]

F = TypeVar("F", bound=Callable[..., Any])

PLAIN_SECONDS = 10.0
"""Seconds between two lines where stderr is no terminal."""


def columns_option(command: F) -> F:
    """Add `--column`, once for each column that is called otherwise."""
    return click.option(
        "--column", "columns", metavar="OURS=THEIRS", multiple=True,
        help="A column of the files with another name, as in instruction=question. Can be given several times.",
    )(command)  # fmt: skip


def processes_option(command: F) -> F:
    """Add `--processes`."""
    return click.option(
        "--processes",
        type=click.IntRange(1, 256),
        metavar="N",
        help="Processes. Default: one a processor, or one alone for few rows.",
    )(command)


def columns_of(given: Iterable[str]) -> Mapping[str, str]:
    """The columns named on the command line. Raises AssayError for what is no OURS=THEIRS."""
    pairs = [item.partition("=") for item in given]
    for ours, sign, theirs in pairs:
        if not sign or not ours or not theirs:
            raise AssayError(f"--column takes OURS=THEIRS, as in instruction=question, and got {ours}{sign}{theirs}")
    return {ours: theirs for ours, _, theirs in pairs}


@contextmanager
def terminated_like_interrupted() -> Generator[None]:
    """Have SIGTERM end the work as Ctrl-C does, so that no process and no hidden folder is left."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Teller:
    """Tells on stderr how far the work is: on one line of a terminal, elsewhere in a line now and then."""

    def __init__(self) -> None:
        console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
        self._console, self._said_at = console, time.monotonic()
        self._status = Status("reading", console=console) if console.is_terminal else None

    def __call__(self, what: str, done: int, of: int) -> None:
        """Tell what is being done, and how much of it is."""
        words = f"{what}: {done:,} of {of:,}" if of > 1 else what
        if self._status:
            self._status.update(words)
        elif time.monotonic() - self._said_at > PLAIN_SECONDS:
            self._said_at = time.monotonic()
            self._console.print(words)

    def __enter__(self) -> Self:
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()
