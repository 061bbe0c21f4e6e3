"""The arithmetic of paired answers: p value, interval and power from counts alone.

`lost` are the questions only the base answers right, `gained` those only the tuned model does, `n` all
questions. The interval is Tango's (1998): the drops that a score test does not reject. It holds its level
at small n and where nothing changed, where the usual drop ± 1.96 standard errors has width 0; and it leaves
0 out exactly where McNemar's test rejects, so that interval and p value tell the same story.
"""

import math
from statistics import NormalDist
from typing import TypeAlias

__all__ = ["MidP", "drop_interval", "items_needed", "mid_p", "smallest_visible_drop", "upper_bound"]

MidP: TypeAlias = float
"""A one-sided p value, 0 to 1."""

_Z95 = NormalDist().inv_cdf(0.95)
_Z975 = NormalDist().inv_cdf(0.975)
_Z80 = NormalDist().inv_cdf(0.8)

_HALVINGS = 60
"""More than a float's 53 bits."""


def mid_p(lost: int, gained: int) -> MidP:
    """One-sided exact McNemar test with mid-p: P(X > lost) + P(X = lost) / 2, X ~ Bin(lost + gained, 1/2).

    1 where nothing changed. Small where more was lost than chance turns over.

    >>> mid_p(4, 0), mid_p(1, 1), mid_p(0, 0)
    (0.03125, 0.5, 1.0)
    """
    changed = lost + gained
    if not changed:
        return 1.0
    ways, doubled = 1, 0  # ways to lose k of those that changed, k from `changed` down
    for k in range(changed, lost, -1):
        doubled += 2 * ways
        ways = ways * k // (changed - k + 1)
    return (doubled + ways) / 2 ** (changed + 1)


def drop_interval(lost: int, gained: int, n: int) -> tuple[float, float]:
    """Two-sided 95 % interval of the drop (lost - gained) / n: Tango, Statistics in Medicine 17 (1998) 891-908.

    >>> [round(end, 4) for end in drop_interval(0, 0, 100)]
    [-0.037, 0.037]
    """
    return -_score_bound(gained, lost, n, _Z975), _score_bound(lost, gained, n, _Z975)


def upper_bound(lost: int, gained: int, n: int) -> float:
    """One-sided upper 95 % bound of the drop, by the same test; a gate passes where it is below the margin.

    >>> round(upper_bound(0, 0, 100), 4)
    0.0263
    """
    return _score_bound(lost, gained, n, _Z95)


def smallest_visible_drop(n: int, changed: float) -> float | None:
    """Smallest drop that a one-sided test at 5 % finds with 80 % power (Connor, Biometrics 43 (1987) 207-211).

    `changed` is the share of the questions, lost or gained, that changed. A drop is itself change: the share is taken
    to be at least the drop looked for, so that a test that saw no change at all does not claim to see everything.
    None where n is so small that losing every question would be missed.

    >>> round(smallest_visible_drop(500, 0.08), 4), round(smallest_visible_drop(500, 0.0), 4)
    (0.0314, 0.0123)
    """
    low, high = 0.0, 1.0
    if items_needed(high, changed) > n:
        return None
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if items_needed(middle, changed) <= n else (middle, high)
    return high


def items_needed(drop: float, changed: float) -> float:
    """Questions with which a one-sided test at 5 % finds a drop with 80 % power (Connor 1987), not rounded.

    >>> round(items_needed(0.01, 0.03)), round(items_needed(0.03, 0.08))
    (1853, 547)
    """
    share = max(changed, drop)
    return (_Z95 * math.sqrt(share) + _Z80 * math.sqrt(share - drop**2)) ** 2 / drop**2


def _score_bound(lost: int, gained: int, n: int, z: float) -> float:
    """The largest drop whose score test does not reject at z."""
    assert min(lost, gained) >= 0
    assert 0 < n >= lost + gained
    low, high = (lost - gained) / n, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        inside = n * middle - (lost - gained) <= z * math.sqrt(n * _variance(middle, lost, gained, n))
        low, high = (middle, high) if inside else (low, middle)
    return high


def _variance(drop: float, lost: int, gained: int, n: int) -> float:
    """Variance of a question's change if the drop is `drop`, at the likeliest share gained under that drop."""
    linear = (2 * n - lost + gained) * drop - lost - gained
    constant = -gained * drop * (1 - drop)
    likeliest = (math.sqrt(max(0.0, linear**2 - 8 * n * constant)) - linear) / (4 * n)
    return max(0.0, 2 * likeliest + drop * (1 - drop))
