"""What so many pairs can show at best, said before anyone judges one."""

from evals.review.policy import ReviewPolicy
from evals.stats.critical import clean_needed
from evals.stats.decision import summarise

__all__ = ["expectations"]

MOST = 100_000
"""Pairs beyond which no policy lets a campaign go on."""


def expectations(pairs: int, policy: ReviewPolicy) -> list[str]:
    """Sentences on a number of pairs that is too small to decide or to release by, or larger than what is ever judged.

    >>> expectations(59, ReviewPolicy()), expectations(300, ReviewPolicy())
    ([], [])
    >>> [sentence] = expectations(301, ReviewPolicy())
    >>> sentence
    'the campaign ends after 300 pairs at the most, so 1 of the 301 will not be judged'
    >>> [sentence] = expectations(58, ReviewPolicy())
    >>> sentence
    '58 pairs are too few to show that critical errors are 5 % at most, as a release asks: that takes 59 without one'
    """
    judged = min(pairs, policy.n_max)
    return [*_beyond(pairs - judged, pairs), *(_undecided(judged, policy) or _errors(judged, policy))] if pairs else []


def _beyond(left: int, pairs: int) -> list[str]:
    most = f"the campaign ends after {pairs - left:,} pairs at the most"
    return [f"{most}, so {left:,} of the {pairs:,} will not be judged"] * (left > 0)


def _undecided(judged: int, policy: ReviewPolicy) -> list[str]:
    if summarise({1.0: judged}, policy.rules).decision == "superior":
        return []
    best = "a candidate that wins each of them would still not be shown to be better"
    return [f"{_count(judged)} too few for a decision: {best}"]


def _errors(judged: int, policy: ReviewPolicy) -> list[str]:
    limit, alpha = policy.critical_limit, policy.alpha
    if clean_needed(limit, alpha, most=judged) is not None:
        return []
    takes = clean_needed(limit, alpha, most=MOST)
    why = "no campaign is long enough" if takes is None else f"that takes {takes:,} without one"
    shown = f"that critical errors are {100 * limit:g} % at most, as a release asks"
    return [f"{_count(judged)} too few to show {shown}: {why}"]


def _count(pairs: int) -> str:
    return "1 pair is" if pairs == 1 else f"{pairs:,} pairs are"
