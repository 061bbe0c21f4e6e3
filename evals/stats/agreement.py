"""Do graders agree? Krippendorff's alpha with an interval, and two plain shares.

Alpha is 1 - observed / expected disagreement over all pairs of verdicts of one item (Krippendorff, Computing
Krippendorff's Alpha-Reliability, 2011): 1 is full agreement, 0 is chance. It takes any number of graders an item and
missing verdicts. Where all verdicts are the same nothing is expected to differ, and it is undefined, not 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Agreement", "Level", "agreement", "krippendorff"]

Level: TypeAlias = Literal["nominal", "ordinal", "interval", "ratio"]
"""What a difference between two values means; verdicts are ordinal: loss < tie < win."""

Array: TypeAlias = NDArray[np.float64]

RESAMPLES = 2000

_Distance: TypeAlias = Callable[[Array, Array], Array]
"""Squared distances of values, given the values and, a row a resample, how often each was said."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far graders of the same items agree."""

    items: int
    """Items with two verdicts or more; the others say nothing."""

    alpha: float | None
    """Krippendorff's alpha; None where it is undefined."""

    low: float | None
    """Lower end of its 95 % interval; None where there is none."""

    high: float | None
    """Upper end."""

    same: float | None
    """Share of the pairs of verdicts that are the same, each item counting once."""

    reversed: float | None
    """Share of the pairs in which one grader prefers the candidate and the other the baseline."""


def agreement(units: Sequence[Sequence[float]], *, seed: int = 0, resamples: int = RESAMPLES) -> Agreement:
    """Agreement on verdicts (0, ½, 1), a sequence an item.

    The interval is the middle 95 % of alpha over resampled items; resamples that are unanimous have no alpha and are
    left out.

    >>> found = agreement([[1.0, 1.0], [0.0, 1.0], [0.5, 0.5], [1.0]])
    >>> found.items, round(found.alpha, 3), round(found.same, 3), round(found.reversed, 3)
    (3, 0.111, 0.667, 0.333)
    """
    shared = [unit for unit in units if len(unit) > 1]
    if not shared:
        return Agreement(0, None, None, None, None, None)
    low, high = _interval(shared, seed, resamples)
    return Agreement(
        items=len(shared), alpha=krippendorff(shared), low=low, high=high,
        same=_share(shared, lambda one, other: one == other),
        reversed=_share(shared, lambda one, other: {one, other} == {0.0, 1.0}),
    )  # fmt: skip


def krippendorff(units: Sequence[Sequence[float]], level: Level = "ordinal") -> float | None:
    """Alpha of the items' values; None where there are no two values to differ.

    >>> krippendorff([[1.0, 1.0], [0.0, 0.0]]), krippendorff([[1.0, 1.0], [1.0, 1.0]])
    (1.0, None)
    """
    shared = [unit for unit in units if len(unit) > 1]
    if len({value for unit in shared for value in unit}) < 2:
        return None
    values, pairs = _coincidences(shared)
    return float(_alpha(values, pairs.sum(axis=0, keepdims=True), level)[0])


def _interval(units: Sequence[Sequence[float]], seed: int, resamples: int) -> tuple[float | None, float | None]:
    values, pairs = _coincidences(units)
    if len(values) < 2 or len(units) < 2:
        return None, None
    times = np.random.default_rng(seed).multinomial(len(units), [1 / len(units)] * len(units), size=resamples)
    alphas = _alpha(values, np.tensordot(times.astype(np.float64), pairs, axes=1), "ordinal")
    low, high = np.nanpercentile(alphas, [2.5, 97.5])
    return float(low), float(high)


def _coincidences(units: Sequence[Sequence[float]]) -> tuple[Array, Array]:
    """All values in order, and for each item how often each two of them meet, an item of k verdicts weighing k."""
    values = sorted({value for unit in units for value in unit})
    counts = np.array([[unit.count(value) for value in values] for unit in units], np.float64)
    pairs = counts[:, :, None] * counts[:, None, :]
    pairs -= counts[:, :, None] * np.eye(len(values))
    return np.array(values, np.float64), pairs / (counts.sum(axis=1) - 1)[:, None, None]


def _alpha(values: Array, met: Array, level: Level) -> Array:
    """Alpha of each matrix of coincidences; not a number where all verdicts are the same."""
    said = met.sum(axis=2)
    apart = _DISTANCES[level](values, said)
    observed = (met * apart).sum(axis=(1, 2))
    expected = (said[:, :, None] * said[:, None, :] * apart).sum(axis=(1, 2)) / (said.sum(axis=1) - 1)
    nothing = np.full_like(expected, np.nan)
    return 1 - np.divide(observed, expected, out=nothing, where=expected > 0)


def _nominal(values: Array, said: Array) -> Array:
    return np.broadcast_to(1 - np.eye(len(values)), (len(said), len(values), len(values)))


def _ordinal(_values: Array, said: Array) -> Array:
    """How many verdicts lie between two values, half of those at the two ends."""
    ranks = np.cumsum(said, axis=1) - said / 2
    return (ranks[:, :, None] - ranks[:, None, :]) ** 2


def _numeric(values: Array, said: Array) -> Array:
    apart = (values[:, None] - values[None, :]) ** 2
    return np.broadcast_to(apart, (len(said), *apart.shape))


def _ratio(values: Array, said: Array) -> Array:
    total = values[:, None] + values[None, :]
    apart = np.divide(values[:, None] - values[None, :], total, out=np.zeros_like(total), where=total != 0) ** 2
    return np.broadcast_to(apart, (len(said), *apart.shape))


_DISTANCES: dict[Level, _Distance] = {
    "nominal": _nominal, "ordinal": _ordinal, "interval": _numeric, "ratio": _ratio,
}  # fmt: skip


def _share(units: Sequence[Sequence[float]], holds: Callable[[float, float], bool]) -> float:
    """Mean over the items of the share of their pairs for which something holds."""
    shares = [
        sum(holds(one, other) for one, other in combinations(unit, 2)) / (len(unit) * (len(unit) - 1) / 2)
        for unit in units
    ]
    return sum(shares) / len(shares)
