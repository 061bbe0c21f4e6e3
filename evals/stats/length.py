"""Did the longer text win for its length? θ at equal lengths, from a logistic regression.

    logit P(win) = β + γ z,   z = d / s,   d = (candidate's length - baseline's) / (their sum)

with s the root mean square of d: a contextual Bradley-Terry model of two players, as FastChat's style control has it. d
is not centred, as β is to speak of equal lengths and not of the usual difference. Ties and means count as the share
they are (quasi-likelihood: Papke and Wooldridge, Journal of Applied Econometrics 11 (1996) 619-632), with the error
that holds for them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean
from typing import NamedTuple, TypeAlias

__all__ = ["LengthEffect", "Measured", "length_effect"]

_Z975 = NormalDist().inv_cdf(0.975)
_STEPS = 50
_FAR = 15.0
"""Log odds that no number of items shows: the likelihood has no highest point and the search runs away."""


class Measured(NamedTuple):
    """An item with the lengths of its texts."""

    score: float
    """Of the candidate, 0 to 1."""

    candidate: int
    """Characters of the candidate's answer."""

    baseline: int
    """Characters of the baseline's."""


@dataclass(frozen=True, slots=True)
class LengthEffect:
    """θ with the lengths allowed for."""

    theta: float
    """As judged, estimated."""

    adjusted: float
    """At equal lengths."""

    low: float
    """Lower end of its two-sided 95 % interval."""

    high: float
    """Upper end."""

    gamma: float
    """What one typical difference in length adds to the log odds; positive favours the longer text."""


def length_effect(items: Sequence[Measured]) -> LengthEffect | None:
    """Regress on the lengths; None where that has no answer.

    It has none with fewer than three items, where the difference is the same in every pair (an effect of the length and
    one of the model then cannot be told apart), and where it foretells every verdict.
    """
    shares = [_difference(item) for item in items]
    if len(items) < 3 or max(shares) - min(shares) < 1e-9:
        return None
    scale = math.sqrt(fmean(share * share for share in shares))
    rows = [(share / scale, item.score) for share, item in zip(shares, items, strict=True)]
    fitted = _fit(rows)
    if fitted is None:
        return None
    beta, gamma, error = fitted
    return LengthEffect(
        theta=fmean(item.score for item in items), adjusted=_logistic(beta), low=_logistic(beta - _Z975 * error),
        high=_logistic(beta + _Z975 * error), gamma=gamma,
    )  # fmt: skip


def _difference(item: Measured) -> float:
    total = item.candidate + item.baseline
    return (item.candidate - item.baseline) / total if total else 0.0


_Row: TypeAlias = tuple[float, float]
"""z and the score."""


def _fit(rows: Sequence[_Row]) -> tuple[float, float, float] | None:
    """β, γ and β's robust error by Newton's method; None where it does not settle."""
    beta = gamma = 0.0
    for _ in range(_STEPS):
        step = _step(rows, beta, gamma)
        if step is None:
            return None
        beta, gamma = beta + step[0], gamma + step[1]
        if abs(beta) > _FAR or abs(gamma) > _FAR:
            return None
        if max(map(abs, step)) < 1e-10:
            return beta, gamma, _error(rows, beta, gamma)
    return None


def _step(rows: Sequence[_Row], beta: float, gamma: float) -> tuple[float, float] | None:
    """Newton's step: the inverse information times the score."""
    away = [score - _logistic(beta + gamma * z) for z, score in rows]
    inverse = _inverse(_information(rows, beta, gamma))
    if inverse is None:
        return None
    up, along = math.fsum(away), math.fsum(rest * z for rest, (z, _) in zip(away, rows, strict=True))
    (a, b), (_, d) = inverse
    return a * up + b * along, b * up + d * along


_Square: TypeAlias = tuple[tuple[float, float], tuple[float, float]]


def _information(rows: Sequence[_Row], beta: float, gamma: float) -> _Square:
    chances = [_logistic(beta + gamma * z) for z, _ in rows]
    return _products([(chance * (1 - chance), z) for chance, (z, _) in zip(chances, rows, strict=True)])


def _error(rows: Sequence[_Row], beta: float, gamma: float) -> float:
    """β's error from the items' own residuals: that of the binomial is too large where ties are many."""
    spread = _products([((score - _logistic(beta + gamma * z)) ** 2, z) for z, score in rows])
    inverse = _inverse(_information(rows, beta, gamma))
    assert inverse is not None, "it was inverted to get here"
    a, b = inverse[0]
    return math.sqrt(a * a * spread[0][0] + 2 * a * b * spread[0][1] + b * b * spread[1][1])


def _products(weighted: Sequence[_Row]) -> _Square:
    """Σ weight (1, z) (1, z)ᵀ."""
    one = math.fsum(weight for weight, _ in weighted)
    cross = math.fsum(weight * z for weight, z in weighted)
    return (one, cross), (cross, math.fsum(weight * z * z for weight, z in weighted))


def _inverse(matrix: _Square) -> _Square | None:
    (a, b), (_, d) = matrix
    determinant = a * d - b * b
    if determinant <= 1e-12 * a * d or not a:
        return None
    return (d / determinant, -b / determinant), (-b / determinant, a / determinant)


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else 1 - 1 / (1 + math.exp(value))
