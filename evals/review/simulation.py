"""How many pairs will a campaign need? Many made-up ones, by the same rules and the same statistics.

Each item is won, tied or lost by chance, so that θ = P(win) + P(tie) / 2. A second grader says the same of it
with probability `SAME`, and else draws anew: θ stays what it was. A look is taken after every item, as in a real one.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.review.errors import CampaignError
from evals.review.policy import ReviewPolicy
from evals.stats.decision import Decision, Evidence, Rules, decide, is_over
from evals.stats.evidence import BETS

__all__ = ["SAME", "Ended", "Plan", "Simulated", "check_plan", "drawn_scores", "simulate_campaigns"]

SAME = 0.8
"""How often a second grader says what the first one said; the rest is drawn anew."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is made up."""

    theta: float
    """P(win) + P(tie) / 2 of the candidate."""

    ties: float
    """P(tie)."""

    pairs: int
    """Pairs there are."""

    graders: int
    """Graders; with two or more, some pairs are judged twice."""

    seed: int = 0
    """Of all that is drawn."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How one campaign ended."""

    decision: Decision
    """What was decided."""

    pairs: int
    """Pairs it took."""

    verdicts: int
    """Verdicts on them."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """How many campaigns ended."""

    campaigns: int
    """How many were made up."""

    least: int
    """Pairs before which good news ended none."""

    decisions: dict[Decision, float]
    """Share of each decision that came."""

    mean_pairs: float
    """Pairs a campaign took, on average."""

    pairs: tuple[int, int, int]
    """Pairs that 10 %, 50 % and 90 % of the campaigns took at the most."""

    mean_verdicts: float
    """Verdicts a campaign took, on average."""

    verdicts: tuple[int, int, int]
    """Verdicts that 10 %, 50 % and 90 % took at the most."""

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON."""
        quantiles = ("p10", "p50", "p90")
        return {
            "campaigns": self.campaigns, "least_pairs": self.least, "decisions": dict(self.decisions),
            "pairs": {"mean": self.mean_pairs, **dict(zip(quantiles, self.pairs, strict=True))},
            "verdicts": {"mean": self.mean_verdicts, **dict(zip(quantiles, self.verdicts, strict=True))},
        }  # fmt: skip


def check_plan(plan: Plan) -> None:
    """Raise CampaignError for chances that cannot be."""
    if not (0 <= plan.ties <= 1 and plan.ties / 2 <= plan.theta <= 1 - plan.ties / 2):
        raise CampaignError(
            f"θ = {plan.theta:g} with {plan.ties:g} of ties cannot be; θ is P(win) + P(tie) / 2, "
            f"so it lies between {plan.ties / 2:g} and {1 - plan.ties / 2:g}"
        )


def simulate_campaigns(plan: Plan, policy: ReviewPolicy, campaigns: int) -> Simulated:
    """Make up campaigns and follow each to its end. Raises CampaignError for chances that cannot be."""
    check_plan(plan)
    rules = policy.rules_of(plan.pairs)
    scores, wanted = drawn_scores(plan, policy, campaigns, rules.cap)
    ended = _ends(scores, wanted.cumsum(axis=1), rules)
    counts = Counter[Decision](one.decision for one in ended).most_common()
    shares: dict[Decision, float] = {decision: count / campaigns for decision, count in counts}
    return Simulated(
        campaigns, rules.least, shares,
        *_spread([one.pairs for one in ended]), *_spread([one.verdicts for one in ended]),
    )  # fmt: skip


def drawn_scores(plan: Plan, policy: ReviewPolicy, campaigns: int, items: int) -> tuple[Array, NDArray[np.int64]]:
    """Scores of items and how many verdicts each has, a row a campaign."""
    draw = np.random.default_rng(plan.seed)
    shape = (campaigns, items)
    first = _verdicts(plan, draw.random(shape))
    second = np.where(draw.random(shape) < SAME, first, _verdicts(plan, draw.random(shape)))
    twice = (draw.random(shape) < policy.overlap) & (plan.graders > 1)
    return np.where(twice, (first + second) / 2, first), 1 + twice.astype(np.int64)


def _verdicts(plan: Plan, lot: Array) -> Array:
    loss = 1 - plan.theta - plan.ties / 2
    return np.where(lot < loss, 0.0, np.where(lot < loss + plan.ties, 0.5, 1.0))


def _ends(scores: Array, verdicts: NDArray[np.int64], rules: Rules) -> list[Ended]:
    tests = [_Wealth(m, len(scores), turned=turned) for m, turned in (
        (0.5, False), (rules.allowed_theta, False), (1 - rules.allowed_theta, True), (1 - rules.futile_theta, True),
    )]  # fmt: skip
    found: dict[int, Ended] = {}
    for place in range(scores.shape[1]):
        most, n = np.stack([test.after(scores[:, place]) for test in tests], axis=1), place + 1
        for row in _perhaps_over(most, rules, n):
            evidence = Evidence(*most[row].tolist())
            decision = decide(evidence, rules, capped=n >= rules.cap)
            if row not in found and is_over(decision, evidence, rules, n=n):
                found[row] = Ended(decision, n, int(verdicts[row, place]))
        if len(found) == len(scores):
            break
    return [found[row] for row in range(len(scores))]


def _perhaps_over(most: Array, rules: Rules, n: int) -> list[int]:
    """Campaigns in which any threshold that ends one after `n` items was reached."""
    better, _, harm, futile = most.T
    good = (better >= rules.needed) & (n >= rules.least)
    reached = good | (harm >= rules.needed) | (futile >= rules.futile_needed)
    return np.flatnonzero(reached | (n >= rules.cap)).tolist()


class _Wealth:
    """An e-process of `evals.stats.evidence` on many campaigns at once; its largest value so far."""

    def __init__(self, m: float, campaigns: int, *, turned: bool) -> None:
        self._stakes = BETS.boldest * (np.arange(BETS.stakes) + 0.5) / BETS.stakes
        self._m, self._turned = m, turned
        self._logs = np.zeros((campaigns, BETS.stakes))
        self._most = np.full(campaigns, -np.inf)

    def after(self, scores: Array) -> Array:
        """The largest evidence so far, as a logarithm, with one more item in each campaign."""
        seen = 1 - scores if self._turned else scores
        self._logs += np.log1p(self._stakes * (seen / self._m - 1)[:, None])
        top = self._logs.max(axis=1)
        self._most = np.maximum(self._most, top + np.log(np.exp(self._logs - top[:, None]).mean(axis=1)))
        return self._most


def _spread(counts: list[int]) -> tuple[float, tuple[int, int, int]]:
    low, half, high = np.quantile(counts, [0.1, 0.5, 0.9], method="inverted_cdf").tolist()
    return float(np.mean(counts)), (int(low), int(half), int(high))
