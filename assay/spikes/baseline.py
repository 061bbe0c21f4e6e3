"""What a series usually is: the newest values that were accepted, on a log scale.

The log scale makes "+5 %" the same at a loss of 10 and of 2. Below `floor` it goes on as a straight
line, joined without a bend: there the log blows noise up, and a negative value has none.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from assay.spikes.settings import Settings
from assay.spikes.window import Window

__all__ = ["Baseline", "Excursion", "Reading"]


class Reading(NamedTuple):
    """A finite value beside its baseline as it was before it; all but `value` on the log scale."""

    value: float
    """The value itself."""

    scaled: float
    """The value."""

    median: float
    """Median of the baseline."""

    mad: float
    """MAD of the baseline, not below its floor; 0 where it is not armed."""

    held: int
    """Values in the baseline."""

    is_armed: bool
    """Whether these are enough."""

    is_above: bool
    """Whether it is above the line, and so not accepted."""


@dataclass
class Excursion:
    """A stretch of values above the line, with up to nine accepted ones in a row between them."""

    onset: int | None = None
    """Step of its first value; None where there is none."""

    last: int = 0
    """Step of its newest value above the line; kept when it is over."""

    above: int = 0
    """Finite values above the line."""

    back: int = 0
    """Accepted values since `last`."""

    first_alarm: int | None = None
    """Step of its first alarm; None while it has raised none."""

    def rise(self, step: int) -> None:
        """A value is above the line, or no number."""
        self.onset = step if self.onset is None else self.onset
        self.last, self.back = step, 0

    def clear(self) -> None:
        """It is over."""
        self.onset, self.first_alarm = None, None
        self.above = self.back = 0


class Baseline:
    """The baseline of one series, and its running excursion."""

    def __init__(self, settings: Settings, floor: float) -> None:
        """Begin empty; `floor` is the value below which the scale is straight."""
        self._settings, self._floor, self._log_floor = settings, floor, math.log(floor)
        self._window = Window(settings.window)
        self._known: tuple[float, float] | None = None
        self.excursion = Excursion()
        """What is above the line just now."""

    def __len__(self) -> int:
        return len(self._window)

    @property
    def is_armed(self) -> bool:
        """Whether it has enough values to compare with."""
        return len(self._window) >= self._settings.arms_at

    @property
    def freshness(self) -> float:
        """How much of each accepted value is new: 1 where each is drawn anew, towards 0 where it is much like the
        one before it. The MAD of the differences over that of the values, by what it is for normal noise; 0 where
        neither moves.
        """
        values = self._window.values()
        apart = Window(len(values), (second - first for first, second in pairwise(values)))
        spread = self._window.mad()
        return apart.mad() / (math.sqrt(2) * spread) if spread > 0 else 0.0

    def take(self, step: int, value: float) -> Reading:
        """Compare a finite value with the baseline, and accept it into it or not."""
        scaled = math.log(value) if value >= self._floor else self._log_floor + value / self._floor - 1
        count = len(self._window)
        if count < self._settings.arms_at:
            median = self._window.median() if count else scaled
            self._accept(scaled)
            return Reading(value, scaled, median, 0.0, count, is_armed=False, is_above=False)
        median, mad = self._known or self._middle()
        if scaled <= median + self._settings.accept * mad or value <= self.least(median):
            self._accept(scaled)
            # By position: this is every step of a healthy run, and names cost as much as the comparison.
            return Reading(value, scaled, median, mad, count, True, False)
        self.excursion.rise(step)
        self.excursion.above += 1
        return Reading(value, scaled, median, mad, count, is_armed=True, is_above=True)

    def least(self, median: float) -> float:
        """The value up to which nothing is high: `floor`, or that much above a negative median."""
        return self._floor + min(self.unscaled(median), 0.0)

    def unscaled(self, scaled: float) -> float:
        """The value that a place on the scale stands for."""
        if scaled >= self._log_floor:
            return math.exp(scaled) if scaled < 700.0 else math.inf
        return self._floor * (scaled - self._log_floor + 1)

    def restart(self) -> None:
        """Forget the level: what comes next is a new one."""
        self._window, self._known = Window(self._settings.window), None
        self.excursion.clear()

    def _middle(self) -> tuple[float, float]:
        median, mad = self._window.middle()
        self._known = median, max(mad, self._settings.mad_floor)
        return self._known

    def _accept(self, scaled: float) -> None:
        self._window.push(scaled)
        self._known = None
        excursion = self.excursion
        if excursion.onset is not None:
            excursion.back += 1
            if excursion.back >= self._settings.ends_after:
                excursion.clear()

    def state(self) -> dict[str, Any]:
        """All it is made of, for JSON."""
        return {"window": self._window.values(), "excursion": vars(self.excursion).copy()}

    def restore(self, kept: dict[str, Any]) -> None:
        """Become what `state` said."""
        self._window, self._known = Window(self._settings.window, kept["window"]), None
        self.excursion = Excursion(**kept["excursion"])
