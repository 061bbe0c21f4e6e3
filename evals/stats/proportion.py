"""Shares and their intervals: Wilson's, and Clopper and Pearson's exact one; the exact tail of the binomial."""

import math
from statistics import NormalDist

__all__ = ["at_least", "at_most", "clopper_pearson", "exact_lower", "exact_upper", "sign_test", "wilson"]

_HALVINGS = 60
"""More than a float's 53 bits."""


def at_least(hits: int, n: int, share: float) -> float:
    """P(X ≥ hits), X ~ Bin(n, share), 0 < share < 1.

    >>> round(at_least(60, 100, 0.5), 7)
    0.028444
    """
    assert 0 <= hits <= n
    if not hits:
        return 1.0
    log_share, log_rest, log_ways = math.log(share), math.log1p(-share), math.lgamma(n + 1)
    logs = (
        log_ways - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * log_share + (n - k) * log_rest
        for k in range(hits, n + 1)
    )
    return min(1.0, math.fsum(map(math.exp, logs)))


def at_most(hits: int, n: int, share: float) -> float:
    """P(X ≤ hits), X ~ Bin(n, share), 0 < share < 1."""
    return at_least(n - hits, n, 1 - share)


def sign_test(hits: int, n: int) -> float:
    """Two-sided exact p of `hits` out of n where each is a toss of a fair coin.

    >>> sign_test(5, 5), sign_test(3, 6)
    (0.0625, 1.0)
    """
    return min(1.0, 2 * at_least(max(hits, n - hits), n, 0.5))


def exact_lower(hits: int, n: int, alpha: float = 0.05) -> float:
    """One-sided lower 1 - α bound of a share (Clopper and Pearson, Biometrika 26 (1934) 404-413); 0 for no hits."""
    return 1 - exact_upper(n - hits, n, alpha)


def exact_upper(hits: int, n: int, alpha: float = 0.05) -> float:
    """One-sided upper 1 - α bound of a share: the largest that makes so few hits likelier than α.

    >>> [round(exact_upper(0, n), 3) for n in (50, 100, 200, 300)]
    [0.058, 0.03, 0.015, 0.01]
    """
    low, high = hits / n, 1.0
    if hits == n:
        return 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if at_most(hits, n, middle) > alpha else (low, middle)
    return high


def clopper_pearson(hits: int, n: int, alpha: float = 0.05) -> tuple[float, float]:
    """Two-sided exact 1 - α interval of a share of one or more.

    >>> [round(end, 4) for end in clopper_pearson(15, 20)]
    [0.509, 0.9134]
    """
    return exact_lower(hits, n, alpha / 2), exact_upper(hits, n, alpha / 2)


def wilson(hits: int, n: int, alpha: float = 0.05) -> tuple[float, float]:
    """Two-sided score interval of a share of one or more (Wilson, JASA 22 (1927) 209-212).

    >>> [round(end, 4) for end in wilson(15, 20)]
    [0.5313, 0.8881]
    """
    z = NormalDist().inv_cdf(1 - alpha / 2)
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)
