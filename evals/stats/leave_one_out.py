"""Does the decision hang on one grader? Each is left out in turn."""

from collections.abc import Sequence
from dataclasses import dataclass

from evals.stats.decision import Decision, Rules, decide, weigh
from evals.stats.items import Tally, Verdict, item_scores, tallied, theta

__all__ = ["LeftOut", "leave_one_out"]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The campaign without one grader."""

    grader: str
    """Who is left out."""

    items: int
    """Items that still have a verdict."""

    theta: float
    """θ of these, estimated."""

    decision: Decision
    """What their evidence alone decides."""

    flips: bool
    """Whether that differs from what the evidence of all graders decides."""


def leave_one_out(verdicts: Sequence[Verdict], rules: Rules) -> list[LeftOut]:
    """One entry a grader, by name, where there are two or more; nobody is left where there is one.

    Counts alone are compared, all and fewer, without what earlier looks had shown. The cap is taken as it is with all
    graders: an item less does not reopen a campaign.
    """
    graders = sorted({verdict.grader for verdict in verdicts})
    if len(graders) < 2:
        return []
    everything = tallied(item_scores(verdicts).values())
    capped = sum(everything.values()) >= rules.cap
    whole = decide(weigh(everything, rules), rules, capped=capped)
    return [_without(grader, _tally_without(grader, verdicts), rules, capped, whole) for grader in graders]


def _tally_without(grader: str, verdicts: Sequence[Verdict]) -> Tally:
    return tallied(item_scores(verdict for verdict in verdicts if verdict.grader != grader).values())


def _without(grader: str, left: Tally, rules: Rules, capped: bool, whole: Decision) -> LeftOut:
    said = decide(weigh(left, rules), rules, capped=capped)
    return LeftOut(grader, sum(left.values()), theta(left), said, said != whole)
