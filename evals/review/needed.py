"""How many more pairs until a campaign ends: a forecast, and often none.

The pairs to come are drawn from those judged, with one win, one tie and one loss beside them so that a few lucky pairs
foretell no certainty. Each path is followed to its end by the campaign's rules for the overall verdicts.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from evals.stats.decision import Rules
from evals.stats.evidence import BETS

__all__ = ["LEAST", "PATHS", "Needed", "pairs_needed"]

LEAST = 8
"""Pairs below which nothing is foretold."""

PATHS = 200
"""Paths followed."""

Array = NDArray[np.float64]


class Needed(NamedTuple):
    """What is foreseen."""

    state: Literal["over", "early", "foreseen", "unforeseeable"]
    """over: no more are needed; early: too few are judged; foreseen: most paths are decided before the pairs run out;
    unforeseeable: most are not."""

    pairs: int | None = None
    """More pairs in half of the paths; None unless foreseen."""

    low: int | None = None
    """In one path of ten no more than these."""

    high: int | None = None
    """In nine of ten; None where these are undecided at the end."""

    most: int = 0
    """Pairs that can still come."""


def pairs_needed(scores: Sequence[float], rules: Rules, most: int, *, seed: int, paths: int = PATHS) -> Needed:
    """Foretell from the scores judged so far, where at most `most` pairs can still come.

    >>> pairs_needed([1.0] * 9, Rules(), 100, seed=1).state, pairs_needed([1.0], Rules(), 100, seed=1).state
    ('foreseen', 'early')
    """
    if most < 1:
        return Needed("over")
    if len(scores) < LEAST:
        return Needed("early", most=most)
    ends = np.sort(_ends(scores, rules, most, seed, paths))
    decided = [int(end) for end in ends if end <= most]
    if len(decided) * 2 < paths:
        return Needed("unforeseeable", most=most)
    tenth, half, ninth = (paths // 10, (paths - 1) // 2, paths * 9 // 10)
    high = int(ends[ninth]) if ends[ninth] <= most else None
    return Needed("foreseen", int(ends[half]), int(ends[tenth]), high, most)


def _ends(scores: Sequence[float], rules: Rules, most: int, seed: int, paths: int) -> NDArray[np.int64]:
    """After how many more pairs each path ends; one more than `most` where it does not."""
    draw = np.random.default_rng(seed)
    values = sorted({*scores, 0.0, 0.5, 1.0})
    chances = np.array([scores.count(value) + (value in (0.0, 0.5, 1.0)) for value in values], np.float64)
    drawn = draw.choice(len(values), size=(most, paths), p=chances / chances.sum())
    wealth = [_Wealth(values, scores, m, paths, turned=turned) for m, turned in _questions(rules)]
    ends = np.full(paths, most + 1)
    for place, now in enumerate(drawn, 1):
        better, held, futile = (one.after(now) for one in wealth)
        over = (better >= rules.needed) & (held >= rules.needed) | (futile >= rules.futile_needed)
        ends[over & (ends > most)] = place
        if (ends <= most).all():
            break
    return ends


def _questions(rules: Rules) -> list[tuple[float, bool]]:
    """Which value of θ each process bets against, and whether on the baseline's side."""
    return [(0.5, False), (rules.allowed_theta, False), (1 - rules.futile_theta, True)]


class _Wealth:
    """One e-process on many paths at once; its largest value so far."""

    def __init__(self, values: Sequence[float], scores: Sequence[float], m: float, paths: int, *, turned: bool) -> None:
        self._gains = np.stack([_gains(1 - value if turned else value, m) for value in values])
        known: Mapping[float, int] = Counter(scores)
        start = np.array([known.get(value, 0) for value in values], np.float64) @ self._gains
        self._logs = np.repeat(start[None, :], paths, axis=0)
        self._most = np.full(paths, -np.inf)

    def after(self, drawn: NDArray[np.int64]) -> Array:
        """The largest evidence so far, as a logarithm, with one more item on each path."""
        self._logs += self._gains[drawn]
        top = self._logs.max(axis=1)
        now = top + np.log(np.exp(self._logs - top[:, None]).mean(axis=1))
        self._most = np.maximum(self._most, now)
        return self._most


def _gains(score: float, m: float) -> Array:
    """As `evals.stats.evidence` has them: what a score adds to the logarithm of each stake's wealth."""
    stakes = BETS.boldest * (np.arange(BETS.stakes) + 0.5) / BETS.stakes
    return np.log1p(stakes * (score / m - 1))
