"""Was the review blind? Bang's index (Bang, Ni and Davis, Controlled Clinical Trials 25 (2004) 143-156).

Asked which of two texts was the new model's, graders guess right, wrong, or do not know; the index is
(right - wrong) / all. 0 is blind, 1 is all identified, -1 is all mistaken.

The interval is Tango's score interval, as the index is a difference of two shares of the same guesses. A bootstrap of a
few guesses has width 0 where all are right: it would call blinding broken after a single lucky one.
"""

from dataclasses import dataclass

from evals.forgetting.interval import drop_interval

__all__ = ["Blinding", "blinding_index"]


@dataclass(frozen=True, slots=True)
class Blinding:
    """Bang's index with its interval."""

    index: float
    """-1 to 1."""

    low: float
    """Lower end of the two-sided 95 % interval."""

    high: float
    """Upper end."""

    guesses: int
    """How many were asked for, with those who did not know."""

    @property
    def broken(self) -> bool:
        """Whether graders tell the models apart more often than chance does."""
        return self.low > 0


def blinding_index(right: int, wrong: int, unknown: int) -> Blinding | None:
    """The index of so many guesses; None where nobody was asked.

    >>> found = blinding_index(9, 3, 8)
    >>> found.index, round(found.low, 3), round(found.high, 3), found.broken
    (0.3, -0.042, 0.573, False)
    >>> blinding_index(3, 0, 0).broken, blinding_index(12, 1, 2).broken
    (False, True)
    """
    guesses = right + wrong + unknown
    if not guesses:
        return None
    low, high = drop_interval(right, wrong, guesses)
    return Blinding((right - wrong) / guesses, low, high, guesses)
