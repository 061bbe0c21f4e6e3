"""Bounds of θ that hold at every look together: the values that the betting test has not refuted.

Turned round, the test of `evidence` gives a confidence sequence (Waudby-Smith and Ramdas, arXiv 2010.09686): the lower
bound is the largest m against which the evidence is 1/α or more. Evidence falls strictly in m and is at most 1 where m
is the mean score, so halving finds it. Each bound alone holds with 1 - α, both together with 1 - 2α.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from evals.stats.evidence import log_e, log_e_paths
from evals.stats.items import Tally, mirrored, theta

__all__ = ["Bounds", "bounds", "confidence_sequence", "last_bounds", "lower_bound", "upper_bound"]

_HALVINGS = 60
"""More than a float's 53 bits."""


class Bounds(NamedTuple):
    """Where θ lies."""

    lower: float
    """Lower bound, 0 to 1."""

    upper: float
    """Upper bound."""

    def of_win_difference(self) -> "Bounds":
        """The same of P(win) - P(loss), which is 2 θ - 1.

        >>> Bounds(0.5, 0.75).of_win_difference()
        Bounds(lower=0.0, upper=0.5)
        """
        return Bounds(2 * self.lower - 1, 2 * self.upper - 1)


def lower_bound(tally: Tally, alpha: float = 0.05) -> float:
    """The largest m that the items refute at α as an upper limit of θ; 0 where they refute none.

    >>> round(lower_bound({1.0: 11}), 3), lower_bound({0.0: 11})
    (0.506, 0.0)
    """
    return _raised(0.0, tally, alpha)


def upper_bound(tally: Tally, alpha: float = 0.05) -> float:
    """The smallest m that they refute as a lower limit; 1 where they refute none."""
    return 1 - lower_bound(mirrored(tally), alpha)


def bounds(tally: Tally, alpha: float = 0.05) -> Bounds:
    """Both bounds from the counts alone, without what earlier looks refuted."""
    return Bounds(lower_bound(tally, alpha), upper_bound(tally, alpha))


def confidence_sequence(scores: Iterable[float], alpha: float = 0.05) -> Iterator[Bounds]:
    """The bounds after each item: what was refuted once stays refuted, so they only close in.

    >>> [round(now.lower, 3) for now in confidence_sequence([1.0] * 3 + [0.0])]
    [0.013, 0.075, 0.147, 0.147]
    """
    seen: Counter[float] = Counter()
    lower, below = 0.0, 0.0
    for score in scores:
        seen[score] += 1
        lower, below = _raised(lower, seen, alpha), _raised(below, mirrored(seen), alpha)
        yield Bounds(lower, 1 - below)


def last_bounds(scores: Sequence[float], alpha: float = 0.05) -> Bounds:
    """The last of `confidence_sequence`, without those before: whatever one of the looks refuted is refuted.

    >>> round(last_bounds([1.0] * 3 + [0.0]).lower, 3)
    0.147
    """
    return Bounds(_ever_raised(scores, alpha), 1 - _ever_raised([1 - score for score in scores], alpha))


def _ever_raised(scores: Sequence[float], alpha: float) -> float:
    """The largest m against which the evidence was 1/α or more at some look."""
    low, high, needed = 0.0, _largest_mean(scores), -math.log(alpha)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if log_e_paths(scores, middle).max() >= needed else (low, middle)
    return low


def _largest_mean(scores: Sequence[float]) -> float:
    """Of the items up to some look: above it nothing was ever refuted."""
    return max((total / n for n, total in enumerate(accumulate(scores), 1)), default=0.0)


def _raised(low: float, tally: Tally, alpha: float) -> float:
    """The lower bound where it is above `low`, else `low`."""
    needed, high = -math.log(alpha), theta(tally)
    if high <= low or (low and log_e(tally, low) < needed):
        return low
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if log_e(tally, middle) >= needed else (low, middle)
    return low
