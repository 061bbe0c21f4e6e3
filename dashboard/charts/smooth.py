"""Smoothing that knows how far apart two points are."""

import math
from collections.abc import Sequence

import pyarrow as pa

from dashboard.tables import between, values

__all__ = ["led", "smoothed"]


def smoothed(steps: Sequence[int], totals: Sequence[float], counts: Sequence[int], over: float) -> list[float]:
    """Exponential mean over about `over` steps of a series whose points stand for `counts` values each, `totals` their
    sums. `over` is more than 0.

    Weights fall with the distance in steps, not in points, and each value counts, so that thinning a series changes
    neither how smooth it looks nor where it lies. The mean is divided by the weights so far, so it does not lean on
    the first value.

    >>> [round(value, 3) for value in smoothed([0, 10, 20], [4.0, 2.0, 2.0], [1, 1, 1], 10)]
    [4.0, 2.538, 2.18]
    >>> smoothed([0, 8], [16.0, 16.0], [8, 8], 10)
    [2.0, 2.0]
    """
    result: list[float] = []
    mean = weight = 0.0
    before = steps[0] if steps else 0
    for step, total, count in zip(steps, totals, counts, strict=True):
        keep = math.exp(-(step - before) / over)
        mean, weight, before = mean * keep + total, weight * keep + count, step
        result.append(mean / weight)
    return result


def led(points: pa.Table, over: float, before: pa.Table | None) -> list[float]:
    """The smoothed line of a range, beginning with what lies `before` it (columns step, n and total, in order): as it
    is of all steps. `points` has columns step, last, n and total; 0 steps leave its last values as they are.
    """
    if over <= 0:
        return values(points, "last")
    steps = values(points, "step")
    known = points.slice(0, 0) if before is None or not steps else between(before, "step", 0, steps[0] - 1)
    totals, counts = ([*values(known, name), *values(points, name)] for name in ("total", "n"))
    return smoothed([*values(known, "step"), *steps], totals, counts, over)[known.num_rows :]
