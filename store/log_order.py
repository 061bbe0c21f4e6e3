"""Rows of a log as the stretches they are: steps that follow one another, each stretch with what it goes on from.

A log is read in the order it was written. A row that says again what its step has already is nothing new;
other values for such a step take their place. Where the row after it goes on from there, among steps that were
logged too, the program was started again: a new stretch begins, on the path that led to its first step. What
had been logged behind that step is no part of this path, and stays in the stretch it was in.

Where steps go back without repeating any, a few rows are put in their place, as a writer that is late leaves
them; many in a row, or some that lie among those that are there, are a new stretch too.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from assay.spikes import Stretch
from store.readers import Point

__all__ = ["stretches_of"]

AMONG = 5
"""Rows in a row that go back and lie between steps that are there, at which they are a new stretch. A log that
is sorted as text, 1, 10, 100, 11, has as many, but never between others."""

STRAYS = 0.05
"""Share of a log's rows that may have been put in their place before that; a log with more of them is in no order."""

MANY = 32
"""Rows in a row that go back to steps that are not there, at which they are a new stretch."""


def stretches_of(points: Iterable[Point]) -> list[Stretch]:
    """The stretches of a log, each step once in each, in file order; at least one, which may be empty.

    >>> told = [(1, 5.0), (2, 4.0), (3, 9.0), (4, 9.5), (2, 3.5), (3, 3.0)]
    >>> first, second = stretches_of(Point(step, {"loss": loss}) for step, loss in told)
    >>> [step for step, _ in first.rows], second.rows, second.behind
    ([1, 2, 3, 4], [(2, {'loss': 3.5}), (3, {'loss': 3.0})], (0, 1))
    """
    order = _Order()
    for step, values, _ in points:
        order.take(step, values)
    return order.all()


class _Back(NamedTuple):
    """A row whose step is below the highest."""

    step: int
    values: dict[str, float]
    was: dict[str, float] | None
    """What its step had before; None where there was none."""


class _Order:
    """The path of the newest stretch, each step once, and the stretches before it."""

    def __init__(self) -> None:
        self._done: list[Stretch] = []
        self._kept: dict[int, dict[str, float]] = {}
        self._steps: list[int] = []
        self._is_sorted = True
        self._highest = -1
        self._latest: dict[str, int] = {}
        """Highest step by name of value."""
        self._begin = -1
        """First step of the newest stretch; below any in the first one."""
        self._behind: tuple[int, int] | None = None
        self._lineage: list[tuple[int, int]] = []
        """First step and number of the stretches that the newest one's past is made of."""
        self._repeated: _Back | None = None
        """The row before, if it replaced one that has others behind it."""
        self._late: list[_Back] = []
        """The rows before, where they go back to steps that were not there, one behind the other."""
        self._strays = 0
        """Rows that were put in their place for good."""

    def take(self, step: int, values: dict[str, float]) -> None:
        if self._repeated is not None:
            self._decide(self._repeated, step, values)
        if step > self._highest:
            self._highest = step
            self._steps.append(step)
            self._kept[step] = values
            self._latest.update(dict.fromkeys(values, step))
            if self._late:
                self._strays += len(self._late)
                self._late = []
        elif (known := self._kept.get(step)) is None:
            self._fall_back(step, values)
        elif not _has_all(known, values):
            goes_back = any(name in known and self._latest[name] > step for name in values)
            if self._repeated is None and goes_back:
                self._repeated = _Back(step, values, known)
            self._join(step, values)

    def all(self) -> list[Stretch]:
        self._leave()
        return self._done

    def _join(self, step: int, values: dict[str, float]) -> None:
        self._kept[step] = {**self._kept.get(step, {}), **values}
        for name in values:
            self._latest[name] = max(self._latest.get(name, step), step)

    def _decide(self, back: _Back, step: int, values: dict[str, float]) -> None:
        """Look at the row after one that repeats a step: only the two together tell a restart from a stray row."""
        if step == back.step:
            self._repeated = back._replace(values={**back.values, **values})
            return
        self._repeated = None
        if step > back.step and any(self._latest.get(name, -1) >= step for name in values):
            before = self._late if self._late and self._late[-1].step < back.step else []
            self._start_again([*before, back])

    def _fall_back(self, step: int, values: dict[str, float]) -> None:
        """Put a row among those that are there, until it is one of too many."""
        is_same_series = any(self._latest.get(name, -1) > step for name in values)
        if not is_same_series or (self._late and step < self._late[-1].step):
            self._strays += len(self._late)
            self._late = []
        self._steps.append(step)
        self._is_sorted = False
        self._join(step, values)
        if is_same_series:
            self._late.append(_Back(step, values, None))
            is_mixed = self._strays > STRAYS * len(self._steps)
            if len(self._late) == MANY or (len(self._late) == AMONG and not is_mixed and self._are_among()):
                self._start_again(self._late)

    def _are_among(self) -> bool:
        """Whether steps lie between each two of the late rows."""
        steps = self._sorted()
        places = [bisect_left(steps, back.step) for back in self._late]
        return all(second - first > 1 for first, second in pairwise(places))

    def _start_again(self, rows: list[_Back]) -> None:
        """Begin a new stretch with rows that the path has already."""
        steps, begin = self._sorted(), rows[0].step
        new = {step: self._kept[step] if was is None else values for step, values, was in rows}
        for step, _, was in rows:
            if was is None:
                del steps[bisect_left(steps, step)], self._kept[step]
            else:
                self._kept[step] = was
        self._leave()
        self._behind = self._place_before(begin)
        self._begin, self._late = begin, []
        place = bisect_left(steps, begin)
        for step in steps[place:]:
            del self._kept[step]
        del steps[place:]
        self._latest = {name: min(last, begin - 1) for name, last in self._latest.items()}
        steps += new
        self._kept |= new
        for step, values in new.items():
            self._latest.update(dict.fromkeys(values, step))
        self._highest = rows[-1].step

    def _leave(self) -> None:
        """Put the newest stretch to those that are whole."""
        steps = self._sorted()
        own = steps[bisect_left(steps, self._begin) :]
        self._lineage.append((self._begin, len(self._done)))
        self._done.append(Stretch([(step, self._kept[step]) for step in own], self._behind))

    def _place_before(self, step: int) -> tuple[int, int] | None:
        """The stretch that has the last step before this one on the path, and how many rows it has before it."""
        while self._lineage and self._lineage[-1][0] >= step:
            self._lineage.pop()
        if not self._lineage:
            return None
        number = self._lineage[-1][1]
        place = bisect_left(self._done[number].rows, step, key=lambda row: row[0])
        return (number, place) if place else None

    def _sorted(self) -> list[int]:
        if not self._is_sorted:
            self._steps.sort()
            self._is_sorted = True
        return self._steps


def _has_all(known: dict[str, float], values: dict[str, float]) -> bool:
    """Whether these values are all there already; NaN is the same as NaN here."""
    for name, value in values.items():
        had = known.get(name)
        if had is None or (had != value and not (math.isnan(had) and math.isnan(value))):
            return False
    return True
