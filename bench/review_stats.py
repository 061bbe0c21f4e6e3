"""Blind review: how often a candidate is wrongly called superior, and after how many pairs it is decided.

    python -m bench.review_stats [--runs 10000] [--json FILE]

By simulation, with a look after every verdict. First only superiority is looked for, 1,000 times and without any other
end, at θ = 0.5: the hardest case for the error rate. Then whole campaigns by Assay's rules, up to 300 pairs, with and
without ties. A campaign is over when it is superior, harmful, futile or capped; "not worse" alone ends none. They are
followed twice: by the verdicts alone, and by the default policy, where good news ends none before critical errors are
known well enough. Last, how often that lets a candidate through whose critical errors are at their limit. Targets: at
most 5 % wrongly superior at θ = 0.5, at most 75 pairs on average at θ = 0.65 by the verdicts alone, at most 5 % let
through.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.common import Report, parser
from evals.review.policy import DEFAULT
from evals.stats.critical import anytime_bounds
from evals.stats.decision import Decision, Evidence, Rules, decide, is_over
from evals.stats.evidence import BETS
from evals.stats.proportion import exact_upper

__all__ = ["Ended", "LetThrough", "drawn", "ends", "let_through", "let_through_at_end", "wrongly_superior"]

SEED = 20261201
CHUNK = 1000
LOOKS = 1000
TIES = (0.0, 0.2, 0.4)
THETAS = (0.4, 0.5, 0.55, 0.6, 0.65, 0.7)
DECISIONS = ("superior", "not_worse", "harm", "futile", "inconclusive")

Array = NDArray[np.float64]


class Ended(NamedTuple):
    """How a campaign ended."""

    decision: Decision
    pairs: int


class LetThrough(NamedTuple):
    """By one rule, the campaigns whose critical errors are found to be within their limit."""

    rule: str
    clean: int
    """Pairs it takes if no error is found."""
    share: float
    """Of the campaigns, 0 to 1."""


def main() -> None:
    """Simulate and print the tables."""
    made = parser(__doc__ or "", peers=False)
    made.add_argument("--runs", type=int, default=10_000, help="campaigns of each kind (%(default)s)")
    arguments = made.parse_args()
    report = Report(__doc__ or "", arguments)
    _report_errors(report, arguments.runs)
    _report_campaigns(report, arguments.runs)
    _report_errors_at_the_limit(report, arguments.runs)
    report.finish()


def drawn(theta: float, ties: float, runs: int, looks: int) -> Iterator[Array]:
    """Scores of simulated campaigns, a row each, by the thousand; the same arguments draw the same."""
    chance = np.random.default_rng([SEED, round(1000 * theta), round(1000 * ties)])
    for start in range(0, runs, CHUNK):
        lot = chance.random((min(CHUNK, runs - start), looks))
        loss = 1 - theta - ties / 2
        yield np.where(lot < loss, 0.0, np.where(lot < loss + ties, 0.5, 1.0))


def wrongly_superior(scores: Array, alpha: float) -> int:
    """Of campaigns, a row each, how many ever show superiority at level `alpha`."""
    better = _Wealth(0.5, len(scores))
    most = np.zeros(len(scores))
    for column in scores.T:
        most = np.maximum(most, better.after(column))
    return int((most >= 1 / alpha).sum())


def ends(scores: Array, rules: Rules) -> list[Ended]:
    """Where each campaign ends: decided by `evals.stats.decision`, the evidence being computed once more here."""
    found: dict[int, Ended] = {}
    alive = np.arange(len(scores))
    tests = [
        _Wealth(m, len(scores)) for m in (0.5, rules.allowed_theta, 1 - rules.allowed_theta, 1 - rules.futile_theta)
    ]
    most = np.ones((len(scores), 4))
    for pairs in range(1, rules.cap + 1):
        column = scores[alive, pairs - 1]
        now = [test.after(score) for test, score in zip(tests, (column, column, 1 - column, 1 - column), strict=True)]
        most = np.maximum(most, np.stack(now, axis=1))
        over = _over(most, pairs, rules)
        found |= {int(alive[place]): Ended(decision, pairs) for place, decision in over.items()}
        kept = np.array([place not in over for place in range(len(alive))], bool)
        alive, most = alive[kept], most[kept]
        for test in tests:
            test.keep(kept)
    return [found[run] for run in range(len(scores))]


def _over(most: Array, pairs: int, rules: Rules) -> dict[int, Decision]:
    """The campaigns that end after so many pairs, with their decisions."""
    over: dict[int, Decision] = {}
    for place, logs in enumerate(np.log(most).tolist()):
        evidence = Evidence(*logs)
        decision = decide(evidence, rules, capped=pairs >= rules.cap)
        if is_over(decision, evidence, rules, n=pairs):
            over[place] = decision
    return over


def let_through(share: float, limit: float, rules: Rules, runs: int) -> list[LetThrough]:
    """How often the upper bound of critical errors is found within `limit` where they come in `share` of the pairs.

    Of campaigns that go well. Assay looks once, after `rules.least` pairs, one or more. Beside it: going on from
    there, up to the cap, until the bound of one look fits, and the same by the bound that holds at every look.
    """
    lot = np.random.default_rng([SEED, round(1000 * share)]).random((runs, rules.cap))
    errors = (lot < share).cumsum(axis=1)
    looks = range(rules.least, rules.cap + 1)

    def fits(upper: Callable[[int, int, float], float]) -> tuple[NDArray[np.bool_], list[int]]:
        allowed = [_allowed(upper, n, limit, rules.alpha) for n in looks]
        return errors[:, rules.least - 1 :] <= np.array(allowed), allowed

    once, _ = fits(exact_upper)
    anytime, allowed = fits(lambda found, n, alpha: anytime_bounds(found, n, alpha).upper)
    clean = next(n for n, most in zip(looks, allowed, strict=True) if most >= 0)
    return [
        LetThrough("one look", rules.least, float(once[:, 0].mean())),
        LetThrough("on until the bound of one look fits", rules.least, float(once.any(axis=1).mean())),
        LetThrough("on until the bound at every look fits", clean, float(anytime.any(axis=1).mean())),
    ]


def let_through_at_end(theta: float, ties: float, limit: float, rules: Rules, runs: int) -> float:
    """How often the bound of one look is within `limit` where a campaign ends well, at its own end.

    Critical errors come in `limit` of the pairs, and each loses its pair: so the end depends on the errors as well.
    """
    chance = np.random.default_rng([SEED, round(1000 * theta), round(1000 * ties), round(1000 * limit)])
    found = 0
    for scores in drawn(theta / (1 - limit), ties, runs, rules.cap):
        wrong = chance.random(scores.shape) < limit
        errors = wrong.cumsum(axis=1)
        for row, ended in enumerate(ends(np.where(wrong, 0.0, scores), rules)):
            upper = exact_upper(int(errors[row, ended.pairs - 1]), ended.pairs, rules.alpha)
            found += ended.decision in ("superior", "not_worse") and upper <= limit
    return found / runs


def _allowed(upper: Callable[[int, int, float], float], n: int, limit: float, alpha: float) -> int:
    """The most errors in `n` pairs whose bound is within the limit; -1 where even none are too many."""
    return next(errors for errors in range(-1, n) if upper(errors + 1, n, alpha) > limit)


class _Wealth:
    """The e-process of many campaigns at once, as products instead of sums of logarithms."""

    def __init__(self, m: float, runs: int) -> None:
        stakes = BETS.boldest * (np.arange(BETS.stakes) + 0.5) / BETS.stakes
        self._factors = 1 + stakes * (np.array([[0.0], [0.5], [1.0]]) / m - 1)
        self._wealth = np.ones((runs, BETS.stakes))

    def after(self, scores: Array) -> Array:
        """The evidence of each campaign after its next score."""
        self._wealth *= self._factors[np.rint(2 * scores).astype(np.int64)]
        return self._wealth.mean(axis=1)

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Go on with these campaigns alone."""
        if not kept.all():
            self._wealth = self._wealth[kept]


def _report_errors(report: Report, runs: int) -> None:
    rules = Rules()
    rows: list[dict[str, Any]] = []
    for ties in TIES:
        wrong = sum(wrongly_superior(scores, rules.alpha) for scores in drawn(0.5, ties, runs, LOOKS)) / runs
        rows.append({"ties": ties, "looks": LOOKS, "wrongly superior": wrong})
        report.target(f"wrongly superior at θ 0.5, {LOOKS:,} looks, ties {ties}", "≤ 0.05", wrong, met=wrong <= 0.05)
    report.table(f"only superiority looked for, {runs:,} campaigns without a difference", rows)


def _report_campaigns(report: Report, runs: int) -> None:
    for rules in (Rules(), DEFAULT.rules):
        for ties in TIES[:2]:
            rows = [_row(theta, ties, runs, rules) for theta in THETAS]
            named = f"good news from {rules.least} pairs on" if rules.least else "by the verdicts alone"
            report.table(f"{runs:,} campaigns up to {rules.cap} pairs, ties {ties}, {named}", rows)
            [wrong] = [row["superior"] for row in rows if row["theta"] == 0.5]
            what = f"campaigns wrongly superior at θ 0.5, ties {ties}, {named}"
            report.target(what, "≤ 0.05", wrong, met=wrong <= 0.05)
            if not rules.least:
                [pairs] = [row["mean pairs"] for row in rows if row["theta"] == 0.65]
                report.target(f"mean pairs at θ 0.65, ties {ties}, {named}", "≤ 75", pairs, met=pairs <= 75)


def _report_errors_at_the_limit(report: Report, runs: int) -> None:
    rules, limit = DEFAULT.rules, DEFAULT.critical_limit
    found = let_through(limit, limit, rules, 2 * runs)
    rows = [{"rule": one.rule, "pairs without an error": one.clean, "let through": one.share} for one in found]
    report.table(f"{2 * runs:,} campaigns up to {rules.cap} pairs, critical errors in {limit:g} of the pairs", rows)
    wrong = found[0].share
    ended = [(theta, let_through_at_end(theta, 0.2, limit, rules, runs)) for theta in (0.55, 0.6, 0.65, 0.7)]
    rows = [{"theta": theta, "ended well and let through": share} for theta, share in ended]
    report.table(f"{runs:,} campaigns to their own end, each of these errors loses its pair, ties 0.2", rows)
    report.target("let through in one look at the limit", f"≤ {rules.alpha:g}", wrong, met=wrong <= rules.alpha)


def _row(theta: float, ties: float, runs: int, rules: Rules) -> dict[str, Any]:
    found = [ended for scores in drawn(theta, ties, runs, rules.cap) for ended in ends(scores, rules)]
    counts = Counter(ended.decision for ended in found)
    return {
        "theta": theta, **{decision: counts[decision] / runs for decision in DECISIONS},
        "mean pairs": sum(ended.pairs for ended in found) / runs,
    }  # fmt: skip


if __name__ == "__main__":
    main()
