"""What if the skipped items had been judged? They are missing from the result, never silently.

Experts may skip what is hard, and what is hard may be where the candidate fails. So the result is given twice more:
every skipped item a tie, and every one lost by the candidate. With many skips a claim must hold in the worst case too.
"""

from dataclasses import dataclass

from evals.stats.items import Tally, theta

__all__ = ["SkipSensitivity", "skip_sensitivity"]

FEW = 0.05
"""Share of skips up to which the worst case is only shown."""


@dataclass(frozen=True, slots=True)
class SkipSensitivity:
    """θ with the skipped items put in."""

    share: float
    """Share of the items that were skipped."""

    theta: float
    """θ of the judged items, estimated."""

    as_ties: float
    """The same with each skipped item a tie."""

    as_losses: float
    """The same with each skipped item lost by the candidate."""

    holds: bool
    """Whether skips cannot have made the claim: they are few, or the worst case is on the claim's side as well."""


def skip_sensitivity(tally: Tally, skipped: int, *, above: float = 0.5, few: float = FEW) -> SkipSensitivity:
    """Put `skipped` items back; the claim is that θ is above `above`: ½ for superior, less for not worse.

    >>> found = skip_sensitivity({1.0: 24, 0.0: 16}, 10)
    >>> found.share, found.theta, found.as_ties, found.as_losses, found.holds
    (0.2, 0.6, 0.58, 0.48, False)
    """
    judged, middle = sum(tally.values()), theta(tally)
    total = judged + skipped
    ties, losses = (middle * judged + skipped / 2) / total, middle * judged / total
    return SkipSensitivity(
        share=skipped / total, theta=middle, as_ties=ties, as_losses=losses,
        holds=skipped / total <= few or middle <= above or losses > above,
    )  # fmt: skip
