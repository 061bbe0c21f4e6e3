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
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evals.stats.items import Tally

__all__ = ["BETS", "Bets", "EProcess", "e_value", "log_e", "log_e_path", "log_e_paths"]

Floats: TypeAlias = NDArray[np.float64]


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
        self._logs = np.zeros(bets.stakes)
        self._gains: dict[float, Floats] = {}

    def add(self, score: float) -> float:
        """Take in one item's score; the logarithm of the evidence after it."""
        if score not in self._gains:
            self._gains[score] = _gains(score, self._m, self._bets)
        self._logs = self._logs + self._gains[score]
        return _log_mean(self._logs)


def log_e(tally: Tally, m: float, bets: Bets = BETS) -> float:
    """Natural logarithm of the evidence against "θ is at most m", 0 < m < 1; 0 for no items.

    >>> round(log_e({1.0: 11}, 0.5), 3), round(log_e({0.5: 40}, 0.5), 3)
    (3.066, 0.0)
    """
    logs = np.zeros(bets.stakes)
    for score, count in tally.items():
        if count:
            logs = logs + count * _gains(score, m, bets)
    return _log_mean(logs)


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


def log_e_paths(scores: Sequence[float], m: float, bets: Bets = BETS) -> Floats:
    """`log_e_path` of all items at once, for those who ask for many values of m."""
    kinds, which = np.unique(np.asarray(scores, dtype=np.float64), return_inverse=True)
    gains = np.stack([_gains(float(score), m, bets) for score in kinds])
    logs = np.cumsum(gains[which], axis=0)
    top = logs.max(axis=1)
    return top + np.log(np.exp(logs - top[:, None]).sum(axis=1) / bets.stakes)


@lru_cache
def _stakes(bets: Bets) -> Floats:
    """λ_k m: the share of the wealth that a score of 0 costs."""
    return bets.boldest * (np.arange(1, bets.stakes + 1) - 0.5) / bets.stakes


def _gains(score: float, m: float, bets: Bets) -> Floats:
    """By what a score moves the logarithm of each stake's wealth."""
    assert 0 <= score <= 1
    assert 0 < m < 1
    return np.log1p(_stakes(bets) * (score / m - 1))


def _log_mean(logs: Floats) -> float:
    """The logarithm of the mean over stakes."""
    top = float(logs.max())
    return top + math.log(float(np.exp(logs - top).sum()) / len(logs))
