"""Smoothing that knows how far apart two points are."""

import math
from collections.abc import Sequence

import pyarrow as pa

from dashboard.tables import between, values

__all__ = ["led", "smoothed"]


def smoothed(steps: Sequence[int], values: Sequence[float], over: float) -> list[float]:
    """Exponential mean of a series over about `over` steps; 0 leaves it as it is.

    Weights fall with the distance in steps, not in points, so that thinning a series does not change
    how smooth it looks. The mean is divided by the weights so far, so it does not lean on the first value.

    >>> smoothed([1, 2, 3], [1.0, 2.0, 3.0], 0)
    [1.0, 2.0, 3.0]
    >>> [round(value, 3) for value in smoothed([0, 10, 20], [4.0, 2.0, 2.0], 10)]
    [4.0, 2.538, 2.18]
    """
    if over <= 0:
        return list(values)
    result: list[float] = []
    mean = weight = 0.0
    before = steps[0] if steps else 0
    for step, value in zip(steps, values, strict=True):
        keep = math.exp(-(step - before) / over)
        mean, weight, before = mean * keep + value, weight * keep + 1.0, step
        result.append(mean / weight)
    return result


def led(steps: Sequence[int], shown: Sequence[float], over: float, before: pa.Table | None) -> list[float]:
    """The smoothed series of a range, beginning with what lies `before` it (columns step and last, in order): as it is
    of all steps.
    """
    if before is None or not steps:
        return smoothed(steps, shown, over)
    known = between(before, "step", 0, steps[0] - 1)
    earlier = values(known, "step")
    return smoothed([*earlier, *steps], [*values(known, "last"), *shown], over)[len(earlier) :]
