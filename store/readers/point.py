"""What every reader yields: points in the order they stand in the log, and facts beside them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

__all__ = ["Batch", "Facts", "Point", "Source"]


class Point(NamedTuple):
    """The values a program logged at one step, under Assay's names."""

    step: int
    """Step as the program counts, from 0 up; it may repeat and go back from one point to the next."""

    values: dict[str, float]
    """Value by metric name, never empty; NaN and infinities stay what they are."""

    time: float | None = None
    """When it was logged, in seconds since 1970 (UTC), where the log says so."""


class Batch(NamedTuple):
    """Points that are new since the last poll, of one stream."""

    stream: str
    """Which of a source's files they come from; "" where there is only one."""

    restart: bool
    """Whether they begin at the stream's first point again: at first, and where it was rewritten."""

    points: list[Point]
    """The points, in file order."""


@dataclass
class Facts:
    """What a log says beside its points; it grows while the log is read."""

    total_steps: int | None = None
    """Steps planned."""
    config: dict[str, Any] = field(default_factory=dict[str, Any])
    """Settings of the run."""
    summary: dict[str, float] = field(default_factory=dict[str, float])
    """The closing row of a Hugging Face trainer: train_loss is the mean of the run, no step's loss."""
    ended: bool = False
    """Whether the log says itself that the run is over."""
    rows: int = 0
    """Rows seen, those that give no point among them; headers and blank lines are none."""
    skipped: int = 0
    """Rows that could not be read: no step, no JSON, or a loss that is no number."""
    first_skipped: str = ""
    """Where the first of them is and what is wrong with it, for people."""

    validation: int = 0
    """Rows that say themselves that they are of validation, as in `split = val`."""

    def skip(self, where: str) -> None:
        """Count a row that could not be read."""
        self.skipped += 1
        self.first_skipped = self.first_skipped or where


class Source(Protocol):
    """A log being read again and again while its program may still write it; nothing is written."""

    @property
    def facts(self) -> Facts:
        """What the log has said so far."""
        ...

    @property
    def path(self) -> Path:
        """The file or folder that is followed."""
        ...

    def poll(self) -> Iterator[Batch]:
        """What is new since the last poll, some thousand points at a time.

        A file that is away for the moment gives nothing. Raises OSError where it cannot be read,
        AssayError where it is not what it should be.
        """
        ...
