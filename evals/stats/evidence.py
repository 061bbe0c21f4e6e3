"""Strength of evidence that may be looked at after every verdict: an e-process by betting.

Against H0 "θ is at most m" a bettor stakes on each item's score; if H0 holds, no bet has a gain to be expected, and the
wealth reaches 1/α with probability α at most, at any time whatever (Ville's inequality). Two hundred stakes are
held at once, so that nothing is tuned to the data:

    λ_k = (c / m) (k - ½) / K,  k = 1..K        E_n(m) = (1/K) Σ_k Π_i (1 + λ_k (X_i - m))

Sources: Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting (arXiv 2010.09686); the
mixture of stakes is Cover's universal portfolio (arXiv 2207.12382). Each factor falls in m and averages at most 1 where
θ ≤ m. E depends on how many items have which score and on nothing else: whoever has the counts can check it.
"""

import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from evals.stats.items import Tally

__all__ = ["BETS", "Bets", "EProcess", "e_value", "log_e", "log_e_path"]


class Bets(NamedTuple):
    """Which stakes are held at once."""

    boldest: float = 0.5
    """c: share of the wealth that the boldest stake loses by a score of 0; above ½ small effects are found later."""

    stakes: int = 200
    """K: how many stakes."""


BETS = Bets()
"""What Assay decides by."""

_LOG_LARGEST = math.log(sys.float_info.max)


class EProcess:
    """The evidence against "θ is at most m" as items come in."""

    def __init__(self, m: float, bets: Bets = BETS) -> None:
        """`m` lies between 0 and 1."""
        self._m, self._bets = m, bets
        self._logs = [0.0] * bets.stakes
        self._gains: dict[float, list[float]] = {}

    def add(self, score: float) -> float:
        """Take in one item's score; the logarithm of the evidence after it."""
        if score not in self._gains:
            self._gains[score] = _gains(score, self._m, self._bets)
        self._logs = [log + gain for log, gain in zip(self._logs, self._gains[score], strict=True)]
        return _log_mean(self._logs)


def log_e(tally: Tally, m: float, bets: Bets = BETS) -> float:
    """Natural logarithm of the evidence against "θ is at most m", 0 < m < 1; 0 for no items.

    >>> round(log_e({1.0: 11}, 0.5), 3), round(log_e({0.5: 40}, 0.5), 3)
    (3.066, 0.0)
    """
    rows = [(_gains(score, m, bets), count) for score, count in tally.items() if count]
    return _log_mean([sum(gains[place] * count for gains, count in rows) for place in range(bets.stakes)])


def e_value(tally: Tally, m: float, bets: Bets = BETS) -> float:
    """The evidence itself: 1 says nothing, 1/α decides; more than a float holds is its largest, which is still valid.

    >>> round(e_value({1.0: 30, 0.5: 10, 0.0: 10}, 0.5), 4)
    69.2327
    """
    return math.exp(min(log_e(tally, m, bets), _LOG_LARGEST))


def log_e_path(scores: Iterable[float], m: float, bets: Bets = BETS) -> Iterator[float]:
    """`log_e` after the first item, after the second, and so on."""
    process = EProcess(m, bets)
    return map(process.add, scores)


@lru_cache
def _stakes(bets: Bets) -> tuple[float, ...]:
    """λ_k m: the share of the wealth that a score of 0 costs."""
    return tuple(bets.boldest * (k - 0.5) / bets.stakes for k in range(1, bets.stakes + 1))


def _gains(score: float, m: float, bets: Bets) -> list[float]:
    """By what a score moves the logarithm of each stake's wealth."""
    assert 0 <= score <= 1
    assert 0 < m < 1
    edge = score / m - 1
    return [math.log1p(stake * edge) for stake in _stakes(bets)]


def _log_mean(logs: Sequence[float]) -> float:
    top = max(logs)
    return top + math.log(math.fsum(math.exp(log - top) for log in logs) / len(logs))
