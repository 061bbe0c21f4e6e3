"""Does the side decide? The order effect of two alternatives (Davidson and Beaver, Biometrics 33 (1977) 693-702).

Decided pairs only, by the side of the candidate: a won and b lost on the left, c won and d lost on the right.

    candidate = (ln a/b + ln c/d) / 2      side = (ln a/b - ln c/d) / 2      error = √(1/a + 1/b + 1/c + 1/d) / 2

That is logistic regression on the side as ±1. Sides are balanced by design, so an effect of the side biases no result;
it says that graders look at the place instead of the text.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from evals.stats.proportion import sign_test

__all__ = ["PositionEffect", "Sides", "position_effect"]


class Sides(NamedTuple):
    """Decided pairs by where the candidate stood."""

    won_left: int
    """The candidate won on the left."""

    lost_left: int
    """It lost there."""

    won_right: int
    """It won on the right."""

    lost_right: int
    """It lost there."""


@dataclass(frozen=True, slots=True)
class PositionEffect:
    """What the candidate and the left side add to the log odds of winning."""

    candidate: float
    """Effect of being the candidate, the sides allowed for."""

    side: float
    """Effect of standing on the left; positive favours the left."""

    error: float
    """Standard error of both."""

    left_share: float
    """Share of the decided pairs in which the left text won."""

    p: float
    """Two-sided exact p of so many wins of the left if the side does not matter."""

    @property
    def z(self) -> float:
        """The side's effect in standard errors."""
        return self.side / self.error


def position_effect(sides: Sides) -> PositionEffect | None:
    """The effect in one grader's pairs, or in everybody's; None where no pair was decided.

    Where one of the four counts is 0 its logarithm does not exist, and ½ is added to all (Haldane 1956).

    >>> found = position_effect(Sides(40, 20, 30, 30))
    >>> round(found.candidate, 4), round(found.side, 4), round(found.error, 4)
    (0.3466, 0.3466, 0.1882)
    """
    if not sum(sides):
        return None
    a, b, c, d = (count + 0.5 * (0 in sides) for count in sides)
    left, right = math.log(a / b), math.log(c / d)
    wins = sides.won_left + sides.lost_right
    return PositionEffect(
        candidate=(left + right) / 2, side=(left - right) / 2, error=math.sqrt(1 / a + 1 / b + 1 / c + 1 / d) / 2,
        left_share=wins / sum(sides), p=sign_test(wins, sum(sides)),
    )  # fmt: skip
