"""What a campaign's items have decided: superior, not worse, harm, futile, inconclusive, or nothing yet.

Four e-processes, each of which may be looked at after every verdict (`evidence`):

    superior     against θ ≤ ½                      at 1/α
    not worse    against θ ≤ ½ - margin / 2         at 1/α, overall and by every criterion
    harm         against θ ≥ ½ - margin / 2         at 1/α, overall or by any criterion
    futile       against θ ≥ 0.6                    at 1/0.1: an effect worth the experts' time is unlikely

The margin is one of P(win) - P(loss) = 2θ - 1, hence its half. All criteria must pass, so each is tested at α without
correction (intersection-union test: Berger, Technometrics 24 (1982) 295-300).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from evals.stats.confidence import Bounds, bounds
from evals.stats.evidence import e_value, log_e
from evals.stats.items import Tally, mirrored, win_difference

__all__ = ["Decision", "Evidence", "Rules", "Summary", "decide", "is_over", "summarise", "weigh"]

Decision: TypeAlias = Literal["superior", "not_worse", "harm", "futile", "inconclusive", "continue"]


@dataclass(frozen=True, slots=True)
class Rules:
    """A campaign's rules, fixed before its first verdict."""

    margin: float = 0.15
    """Loss in P(win) - P(loss) that is put up with, above 0 and below 1."""

    alpha: float = 0.05
    """How often each claim may be wrong, above 0 and below 1."""

    futile_theta: float = 0.6
    """The smallest θ that is worth looking for."""

    futile_alpha: float = 0.1
    """How often a candidate that good may be given up."""

    cap: int = 300
    """Items after which the campaign ends, whatever was found."""

    least: int = 0
    """Items before which good news ends nothing, so that critical errors are known well enough; 0 for none."""

    @property
    def allowed_theta(self) -> float:
        """θ of a candidate that is worse by the margin exactly."""
        return 0.5 - self.margin / 2

    @property
    def needed(self) -> float:
        """The evidence that decides, as a logarithm: log 1/α."""
        return -math.log(self.alpha)

    @property
    def futile_needed(self) -> float:
        """The evidence that calls a campaign futile, as a logarithm."""
        return -math.log(self.futile_alpha)


class Evidence(NamedTuple):
    """What the items say to each of the four questions, as natural logarithms of e-values."""

    superior: float
    """That the candidate is better."""

    not_worse: float
    """That it is not worse by more than the margin."""

    harm: float
    """That it is worse by more than the margin."""

    futile: float
    """That it is not as much better as is worth looking for."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A campaign by its counts alone."""

    e_superior: float
    """Evidence that the candidate is better."""

    e_noninferior: float
    """Evidence that it is not worse by more than the margin."""

    bounds: Bounds
    """One-sided bounds of θ, each at 1 - α, from these counts alone."""

    win_difference: float
    """P(win) - P(loss), estimated."""

    decision: Decision
    """What is decided."""

    def as_dict(self) -> dict[str, Any]:
        """As `assay review stats --json` has it."""
        return {
            "e_superior": self.e_superior,
            "e_noninferior": self.e_noninferior,
            "lower": self.bounds.lower,
            "upper": self.bounds.upper,
            "win_difference": self.win_difference,
            "decision": self.decision,
        }


def weigh(tally: Tally, rules: Rules) -> Evidence:
    """The four logarithms for these items, without what earlier looks had found."""
    other = mirrored(tally)
    return Evidence(
        superior=log_e(tally, 0.5),
        not_worse=log_e(tally, rules.allowed_theta),
        harm=log_e(other, 1 - rules.allowed_theta),
        futile=log_e(other, 1 - rules.futile_theta),
    )


def decide(
    overall: Evidence, rules: Rules, *, capped: bool, criteria: Sequence[Evidence] = (), critical: bool = False
) -> Decision:
    """The strongest claim that the evidence carries; harm comes before any good news.

    `capped` says that no more items are to come, `critical` that the candidate's critical errors are shown to be too
    many (`critical`).
    """
    each = [overall, *criteria]
    if critical or any(one.harm >= rules.needed for one in each):
        return "harm"
    if all(one.not_worse >= rules.needed for one in each):
        return "superior" if overall.superior >= rules.needed else "not_worse"
    if overall.futile >= rules.futile_needed:
        return "futile"
    return "inconclusive" if capped else "continue"


def is_over(decision: Decision, overall: Evidence, rules: Rules, *, n: int) -> bool:
    """Whether more verdicts are pointless after `n` items.

    Good news ends nothing before `least` items. `not_worse` alone ends nothing even then: it always comes before
    `superior`, which may still follow while it is neither futile nor capped.
    """
    if n >= rules.cap:
        return True
    if decision in ("superior", "not_worse") and n < rules.least:
        return False
    if decision == "not_worse":
        return overall.futile >= rules.futile_needed
    return decision != "continue"


def summarise(tally: Tally, rules: Rules) -> Summary:
    """Evidence, bounds and decision of one item or more.

    >>> summarise({1.0: 30, 0.5: 10, 0.0: 10}, Rules()).decision
    'superior'
    """
    return Summary(
        e_superior=e_value(tally, 0.5),
        e_noninferior=e_value(tally, rules.allowed_theta),
        bounds=bounds(tally, rules.alpha),
        win_difference=win_difference(tally),
        decision=decide(weigh(tally, rules), rules, capped=sum(tally.values()) >= rules.cap),
    )
