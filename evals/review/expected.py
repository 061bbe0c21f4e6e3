"""What so many pairs can show at best, said before anyone judges one."""

from evals.review.policy import ReviewPolicy
from evals.stats.decision import summarise

__all__ = ["expectations"]


def expectations(pairs: int, policy: ReviewPolicy) -> list[str]:
    """Sentences on a number of pairs that is too small to decide, or larger than what is ever judged.

    >>> expectations(11, ReviewPolicy()), expectations(300, ReviewPolicy())
    ([], [])
    >>> [sentence] = expectations(301, ReviewPolicy())
    >>> sentence
    'the campaign ends after 300 pairs at the most, so 1 of the 301 will not be judged'
    """
    if pairs > policy.n_max:
        beyond = pairs - policy.n_max
        most = f"the campaign ends after {policy.n_max:,} pairs at the most"
        return [f"{most}, so {beyond:,} of the {pairs:,} will not be judged"]
    if pairs and summarise({1.0: pairs}, policy.rules).decision != "superior":
        count = "1 pair is" if pairs == 1 else f"{pairs:,} pairs are"
        return [
            f"{count} too few for a decision: a candidate that wins each of them would still not be shown to be better"
        ]
    return []
