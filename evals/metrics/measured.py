"""A metric measured on texts, and what chance does to it: bootstrap over the texts.

Each text has a row of numbers that add up (its sufficient statistics), and the score is a function of
their sums. So a resample costs one product with the matrix of rows, for BLEU as for a mean.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "Difference", "Measured", "Score", "mean_of", "paired_difference", "part_of", "scored"]

Array: TypeAlias = NDArray[np.float64]

DRAWS_AT_ONCE = 20_000
"""Texts drawn before they are counted: as many as stay in the fast memory of a processor."""


@dataclass(frozen=True, slots=True)
class Score:
    """A score with its interval, 0 to 100."""

    score: float
    low: float
    """Lower end of the 95 % interval."""

    high: float
    signature: str | None = None
    """How it was computed, as sacreBLEU writes it; None for the others."""

    def as_dict(self) -> dict[str, Any]:
        """As JSON; `signature` only where there is one."""
        said = {"score": self.score, "low": self.low, "high": self.high}
        return said if self.signature is None else {**said, "signature": self.signature}


@dataclass(frozen=True, slots=True)
class Difference:
    """One system's score less another's on the same texts, in points, with its 95 % interval."""

    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A metric on a list of texts."""

    score: float
    """Of all texts together, 0 to 100."""

    items: Array
    """Of each text alone, 0 to 100."""

    statistics: Array = field(repr=False)
    """What adds up: a row a text."""

    of_sums: Callable[[Array], Array] = field(repr=False)
    """From rows of sums to scores."""

    signature: str | None = None


def mean_of(items: Array) -> Measured:
    """A metric that is the mean of its items' values, 0 to 100."""
    return Measured(
        score=float(items.mean()), items=items, statistics=np.column_stack([items, np.ones(len(items))]),
        of_sums=lambda sums: sums[:, 0] / sums[:, 1],
    )  # fmt: skip


def part_of(measured: Measured, places: Sequence[int]) -> Measured:
    """The same metric on some of the texts, one or more, by their places."""
    rows = list(places)
    statistics = measured.statistics[rows]
    [score] = measured.of_sums(statistics.sum(axis=0)[None, :])
    return replace(measured, score=float(score), items=measured.items[rows], statistics=statistics)


def scored(measured: Measured, *, seed: int = 0, resamples: int = 1000) -> Score:
    """The score with its 95 % interval: percentiles of `resamples` bootstrap resamples of the texts.

    Where the score itself lies outside of them, as it can with two or three texts, the interval
    is widened to it.
    """
    low, high = _interval(measured.of_sums(_resampled(measured, seed, resamples)), measured.score)
    return Score(measured.score, max(low, 0.0), min(high, 100.0), measured.signature)


def paired_difference(one: Measured, other: Measured, *, seed: int = 0, resamples: int = 1000) -> Difference:
    """`one` less `other`, the same metric of two systems on the same texts, by paired bootstrap.

    Both are resampled by the same draws, so that what is hard for both of them cancels out.
    (Koehn 2004, Statistical Significance Tests for Machine Translation Evaluation.)
    """
    assert len(one.items) == len(other.items), "a pair is two answers to the same text"
    first, second = (item.of_sums(_resampled(item, seed, resamples)) for item in (one, other))
    difference = one.score - other.score
    return Difference(difference, *_interval(first - second, difference))


def _resampled(measured: Measured, seed: int, resamples: int) -> Array:
    """Sums of the statistics over each resample; the draws depend on seed and number of texts alone."""
    count = len(measured.statistics)
    draw = np.random.default_rng(seed)
    sums = np.empty((resamples, measured.statistics.shape[1]))
    at_once = max(1, DRAWS_AT_ONCE // count)
    for first in range(0, resamples, at_once):
        rows = min(at_once, resamples - first)
        # Each resample's texts by numbers of its own, so that all of them are counted in one go.
        drawn = draw.integers(count, size=(rows, count)) + np.arange(0, rows * count, count)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, 1, count)
        # Row by row, as one large product may be rounded differently.
        sums[first : first + rows] = (times.astype(np.float64) @ measured.statistics)[:, 0]
    return sums


def _interval(samples: Array, value: float) -> tuple[float, float]:
    low, high = np.percentile(samples, [2.5, 97.5])
    return min(float(low), value), max(float(high), value)
