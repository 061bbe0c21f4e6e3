"""The spike score: how many points of a series lie far outside what the newest ones were.

As OLMo 2 counts it (arXiv 2501.00656): points at least 7 standard deviations away from the mean of the
last 1000. Here the mean and the deviation are those of up to 1000 values before the point, of 100 at
least; a point that is no number counts as outside and enters no mean.
"""

import copy
import math
from collections import deque
from statistics import fmean
from typing import Self

__all__ = ["Score"]

_CONSTANT = 1e-10
"""Standard deviation below which a series does not move, as OLMo-core has it."""

_LOST = 1e-9
"""Share of the largest sum of squares at which what was added and taken away has cost its digits."""

_HUGE = 1e150
"""Above this the square of a value is near the end of what a float holds."""

_SCALE = 2.0**-522
"""What values are multiplied by while a huge one is among them: the squares of the largest stay finite,
and one value just above `_HUGE` in 1000 still moves the series."""


class Score:
    """The spike score of one series, a value at a time."""

    def __init__(self, window: int = 1000, least: int = 100, sigma: float = 7.0) -> None:
        """Compare with `window` values, `least` at least, and count what is `sigma` deviations away."""
        self._newest: deque[float] = deque(maxlen=window)
        self._least, self._square = least, sigma * sigma
        self._mean = self._squares = self._largest = 0.0
        self._huge, self._scale = 0, 1.0
        self.points = 0
        """Points seen."""
        self.outside = 0
        """Those that are outside."""

    @property
    def percent(self) -> float | None:
        """Percent of the points that are outside, 0 to 100; None before the first.

        >>> score = Score()
        >>> for value in [1.0, 1.1] * 99 + [9.0, math.nan]:
        ...     score.push(value)
        >>> score.percent
        1.0
        """
        return round(100 * self.outside / self.points, 6) if self.points else None

    def forked(self) -> Self:
        """One that goes on from the same newest values, and counts from 0."""
        made = copy.copy(self)
        vars(made).update(_newest=self._newest.copy(), points=0, outside=0)
        return made

    def count(self, other: "Score") -> None:
        """Count the points of another one as well."""
        self.points, self.outside = self.points + other.points, self.outside + other.outside

    def push(self, value: float) -> None:
        """Take in a point."""
        self.points += 1
        if not math.isfinite(value):
            self.outside += 1
            return
        count = len(self._newest)
        if count >= self._least:
            variance = self._squares / count
            distance = value * self._scale - self._mean
            # Not `** 2`, which raises where a product is infinite, and infinitely far is outside.
            if variance > _CONSTANT**2 and distance * distance >= self._square * variance:
                self.outside += 1
        self._enter(value, count)

    def _enter(self, value: float, count: int) -> None:
        oldest = self._newest[0] if count == self._newest.maxlen else None
        self._newest.append(value)
        self._huge += (abs(value) > _HUGE) - (oldest is not None and abs(oldest) > _HUGE)
        scale = _SCALE if self._huge else 1.0
        if scale != self._scale:
            self._scale = scale
            self._add_up()
            return
        # B. P. Welford's update (1962), and the same for a value that takes the oldest one's place.
        before, value = self._mean, value * scale
        if oldest is None:
            self._mean += (value - before) / (count + 1)
            self._squares += (value - before) * (value - self._mean)
        else:
            oldest *= scale
            self._mean += (value - oldest) / count
            self._squares += (value - oldest) * (value - self._mean + oldest - before)
        self._largest = max(self._largest, self._squares)
        if not self._squares >= _LOST * self._largest:
            self._add_up()

    def _add_up(self) -> None:
        scaled = [value * self._scale for value in self._newest]
        self._mean = fmean(scaled)
        self._squares = self._largest = math.fsum((one - self._mean) ** 2 for one in scaled)
