"""How many more pairs until a campaign ends: a forecast, and often none.

The pairs to come are drawn from those judged, with one win, one tie and one loss beside them so that a few lucky pairs
foretell no certainty. Each path is followed to its end by the campaign's rules, for the overall verdicts and by every
criterion. What was shown by those judged stays shown, and good news ends no path before as many pairs as the rules ask
for, or as there are.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evals.stats.course import Judged
from evals.stats.decision import Rules
from evals.stats.evidence import BETS

__all__ = ["LEAST", "PATHS", "Needed", "pairs_needed"]

LEAST = 8
"""Pairs below which nothing is foretold."""

PATHS = 200
"""Paths followed."""

Array = NDArray[np.float64]

Row: TypeAlias = tuple[float | None, ...]


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


def pairs_needed(
    judged: Sequence[Judged], rules: Rules, most: int, *, criteria: Sequence[str] = (), seed: int, paths: int = PATHS
) -> Needed:
    """Foretell from the items judged so far, where at most `most` pairs can still come.

    >>> won = Judged(1.0)
    >>> pairs_needed([won] * 9, Rules(), 100, seed=1).state, pairs_needed([won], Rules(), 100, seed=1).state
    ('foreseen', 'early')
    """
    if most < 1:
        return Needed("over")
    if len(judged) < LEAST:
        return Needed("early", most=most)
    rows: list[Row] = [(item.score, *(item.criteria.get(name) for name in criteria)) for item in judged]
    ends = np.sort(_ends(rows, rules, most, seed, paths))
    decided = [int(end) for end in ends if end <= most]
    if len(decided) * 2 < paths:
        return Needed("unforeseeable", most=most)
    tenth, half, ninth = (paths // 10, (paths - 1) // 2, paths * 9 // 10)
    high = int(ends[ninth]) if ends[ninth] <= most else None
    return Needed("foreseen", int(ends[half]), int(ends[tenth]), high, most)


def _ends(judged: Sequence[Row], rules: Rules, most: int, seed: int, paths: int) -> NDArray[np.int64]:
    """After how many more pairs each path ends; one more than `most` where it does not."""
    draw, width, wait = np.random.default_rng(seed), len(judged[0]), min(rules.least - len(judged), most)
    beside: list[Row] = [(value,) * width for value in (0.0, 0.5, 1.0)]
    rows = sorted({*judged, *beside}, key=_by_score)
    known = Counter(judged)
    chances = np.array([known[row] + (row in beside) for row in rows], np.float64)
    drawn = draw.choice(len(rows), size=(most, paths), p=chances / chances.sum())
    seen = [rows.index(row) for row in judged]
    wealth = [
        _Wealth([row[at] for row in rows], seen, m, paths, turned=turned) for at, m, turned in _tests(rules, width)
    ]
    ends = np.full(paths, most + 1)
    for place, now in enumerate(drawn, 1):
        better, futile, *parts = (one.after(now) for one in wealth)
        held = np.logical_and.reduce([part >= rules.needed for part in parts])
        given_up = futile >= rules.futile_needed
        over = np.where(held, ((better >= rules.needed) | given_up) & (place >= wait), given_up)
        ends[over & (ends > most)] = place
        if (ends <= most).all():
            break
    return ends


def _by_score(row: Row) -> list[float]:
    """What is missing comes first."""
    return [-1.0 if value is None else value for value in row]


def _tests(rules: Rules, width: int) -> list[tuple[int, float, bool]]:
    """Of which scores each process is, which value of θ it bets against, and whether on the baseline's side."""
    held = [(at, rules.allowed_theta, False) for at in range(width)]
    return [(0, 0.5, False), (0, 1 - rules.futile_theta, True), *held]


class _Wealth:
    """One e-process on many paths at once; its largest value so far."""

    def __init__(
        self, values: Sequence[float | None], seen: Sequence[int], m: float, paths: int, *, turned: bool
    ) -> None:  # fmt: skip
        self._gains = np.stack([_gains(1 - value if turned and value is not None else value, m) for value in values])
        self._logs, self._most = np.zeros((1, BETS.stakes)), np.full(1, -np.inf)
        for row in seen:
            self.after(np.array([row]))
        self._logs, self._most = np.repeat(self._logs, paths, axis=0), np.repeat(self._most, paths)

    def after(self, drawn: NDArray[np.int64]) -> Array:
        """The largest evidence so far, as a logarithm, with one more item on each path."""
        self._logs += self._gains[drawn]
        top = self._logs.max(axis=1)
        now = top + np.log(np.exp(self._logs - top[:, None]).mean(axis=1))
        self._most = np.maximum(self._most, now)
        return self._most


def _gains(score: float | None, m: float) -> Array:
    """As `evals.stats.evidence` has them: what a score adds to the logarithm of each stake's wealth; none adds 0."""
    if score is None:
        return np.zeros(BETS.stakes)
    stakes = BETS.boldest * (np.arange(BETS.stakes) + 0.5) / BETS.stakes
    return np.log1p(stakes * (score / m - 1))
