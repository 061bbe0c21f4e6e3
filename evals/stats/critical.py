"""How often the candidate makes a critical error: bounds that hold at every look together.

The likelihood mixed over all shares alike, against that of one share p, is an e-process (Robbins, Annals of
Mathematical Statistics 41 (1970) 1397-1409):

    E_n(p) = B(errors + 1, n - errors + 1) / (p^errors (1 - p)^(n - errors))

What has E_n(p) < 1/α is left. For one look that was fixed beforehand `proportion.exact_upper` is narrower; people are
shown both, each with its name. A campaign that goes well is looked at for errors after `clean_needed` items at the
earliest, a number that is fixed before the first verdict.
"""

import math
from bisect import bisect_left
from typing import NamedTuple

from evals.stats.proportion import exact_upper

__all__ = ["ErrorBounds", "anytime_bounds", "clean_needed", "shown_above"]

_HALVINGS = 60
"""More than a float's 53 bits."""


class ErrorBounds(NamedTuple):
    """Where the share of items with a critical error lies."""

    lower: float
    """Lower bound, 0 to 1."""

    upper: float
    """Upper bound."""


def anytime_bounds(errors: int, n: int, alpha: float = 0.05) -> ErrorBounds:
    """Both bounds, which hold together at all looks with 1 - α; 0 to 1 for no items.

    >>> [round(anytime_bounds(0, n).upper, 3) for n in (50, 100, 200, 300)]
    [0.129, 0.073, 0.041, 0.029]
    """
    assert 0 <= errors <= n
    upper = _upper(errors, n, alpha)
    return ErrorBounds(1 - _upper(n - errors, n, alpha), upper)


def shown_above(errors: int, n: int, limit: float, alpha: float = 0.05) -> bool:
    """Whether the share is shown to be above `limit`, at whatever look; a campaign ends there for harm.

    >>> shown_above(0, 50, 0.02), shown_above(6, 50, 0.02)
    (False, True)
    """
    return errors > limit * n and _log_e(errors, n, limit) >= -math.log(alpha)


def clean_needed(limit: float, alpha: float = 0.05, *, most: int) -> int | None:
    """Fewest items that show the share to be `limit` at most, in one look, if none of them has a critical error.

    0 where the limit is 1, and nothing is to be shown; None where `most` items do not show it.

    >>> clean_needed(0.05, most=300), clean_needed(0.05, most=58), clean_needed(0.0, most=300)
    (59, None, None)
    """
    if limit >= 1:
        return 0
    found = 1 + bisect_left(range(1, most + 1), True, key=lambda n: exact_upper(0, n, alpha) <= limit)
    return found if found <= most else None


def _upper(errors: int, n: int, alpha: float) -> float:
    if errors == n:
        return 1.0
    low, high = errors / n, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _log_e(errors, n, middle) < -math.log(alpha) else (low, middle)
    return high


def _log_e(errors: int, n: int, p: float) -> float:
    if p in (0.0, 1.0):
        return math.inf
    beta = math.lgamma(errors + 1) + math.lgamma(n - errors + 1) - math.lgamma(n + 2)
    return beta - errors * math.log(p) - (n - errors) * math.log1p(-p)
