"""What deserves a message, as it comes: numbers and a time in, a sentence or None out. No clock, no thread.

Each says a thing once an episode. An episode of a stalled run ends with its next step, one of a rising
validation loss with a new lowest, one of a full disk when a tenth more than the limit is free.
"""

import math
from collections import deque
from statistics import median

__all__ = ["LowDisk", "Rising", "Stall", "Thinner"]

FIRST_SECONDS = 1800.0
"""While fewer than `FEW` steps are known, a run is stalled after this long: it may be compiling or loading."""

FEW = 3

KEPT_STEPS = 101
"""Steps whose median is taken."""

LONGEST_TIMES = 2.0
"""A pause of up to so many times the longest one so far is none: a validation or a checkpoint may take it."""


class Stall:
    """No step has ended for long."""

    def __init__(self, now: float, factor: float, at_least: float) -> None:
        """Begin to listen at `now`; stalled after `factor` times the median step, `at_least` seconds."""
        self._factor, self._at_least = factor, at_least
        self._seconds: deque[float] = deque(maxlen=KEPT_STEPS)
        self._heard, self._longest = now, 0.0
        self._told = self._held = False

    @property
    def limit(self) -> float:
        """Seconds without a step after which the run is stalled."""
        if len(self._seconds) < FEW:
            return max(FIRST_SECONDS, self._at_least)
        return max(self._factor * median(self._seconds), self._at_least, LONGEST_TIMES * self._longest)

    def step(self, now: float, seconds: float | None) -> float | None:
        """A step has ended, which took `seconds`, None for all since the last sign of life.

        Gives the seconds of a stall that is over with it.
        """
        self._seconds.append(now - self._heard if seconds is None else seconds)
        return self.alive(now)

    def alive(self, now: float) -> float | None:
        """A sign of life that is no step; gives the seconds of a stall that is over with it."""
        gap, told = now - self._heard, self._told
        self._heard, self._told = now, False
        if told:
            return gap
        self._longest = max(self._longest, gap)
        return None

    def hold(self, now: float, held: bool) -> None:
        """Whether the run waits because someone said so; that is no stall."""
        self._held, self._heard = held, now

    def look(self, now: float) -> float | None:
        """The seconds without a step, once, where they have become too many."""
        gap = now - self._heard
        if self._told or self._held or gap <= self.limit:
            return None
        self._told = True
        return gap


class Rising:
    """The validation loss has been above its lowest for some measurements in a row."""

    def __init__(self, in_a_row: int) -> None:
        """Tell after `in_a_row` measurements."""
        self._limit = in_a_row
        self._measured: list[tuple[int, float]] = []
        self._told = False

    def measure(self, step: int, loss: float) -> str | None:
        """Take in a measurement; where the step goes back, those from there on do not count any more."""
        while self._measured and self._measured[-1][0] >= step:
            self._measured.pop()
        self._measured.append((step, loss))
        if self.count == 0:
            self._told = False
        return self.news()

    @property
    def count(self) -> int:
        """Measurements in a row above the lowest; what is not a number is above."""
        lowest = self._lowest[1]
        above = 0
        for _, loss in reversed(self._measured):
            if math.isfinite(loss) and loss <= lowest:
                break
            above += 1
        return above

    def news(self) -> str | None:
        """What there is to tell, once."""
        if self._told or self.count < self._limit:
            return None
        self._told = True
        step, lowest = self._lowest
        now = self._measured[-1]
        if lowest == math.inf:
            return f"the validation loss is {now[1]:.4g} at step {now[0]:,} and has never been a number"
        return (
            f"the validation loss is {now[1]:.4g} at step {now[0]:,} and has been above its lowest, "
            f"{lowest:.4g} at step {step:,}, for {self.count} measurements in a row"
        )

    @property
    def _lowest(self) -> tuple[int, float]:
        finite = [item for item in self._measured if math.isfinite(item[1])]
        return min(finite, key=lambda item: (item[1], -item[0]), default=(0, math.inf))


class LowDisk:
    """Little is left on a disk."""

    def __init__(self, limit: float) -> None:
        """Tell below `limit` bytes; 0 for never."""
        self._limit, self._told = limit, False

    def look(self, free: float) -> str | None:
        """Take in the free bytes; a sentence where they have become too few."""
        if free >= 1.1 * self._limit:
            self._told = False
        if self._told or free >= self._limit:
            return None
        self._told = True
        return (
            f"{free / 1e9:.1f} GB are left on the disk of the run; below {self._limit / 1e9:.3g} GB this is told, "
            f"and checkpoints need room"
        )


class Thinner:
    """Lets a kind of message through once in a while, a worse one at once, and counts those between."""

    def __init__(self, seconds: float) -> None:
        """At most one of a kind in so many seconds, but for one that is worse."""
        self._seconds = seconds
        self._sent: dict[str, tuple[float, int]] = {}
        self._held: dict[str, int] = {}

    def admit(self, kind: str, now: float, severity: int = 0) -> int | None:
        """How many of the kind were held back since the last one let through; None: this one is, too.

        Of a higher `severity` than that last one it is let through at once.
        """
        sent, worst = self._sent.get(kind, (-math.inf, severity))
        if now - sent < self._seconds and severity <= worst:
            self._held[kind] = self._held.get(kind, 0) + 1
            return None
        self._sent[kind] = now, severity
        return self._held.pop(kind, 0)

    def rest(self) -> dict[str, int]:
        """How many of each kind were held back and never told; they are forgotten with that."""
        held, self._held = self._held, {}
        return held
