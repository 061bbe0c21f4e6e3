"""Early warnings: how likely the right answers are, and how surprising general text is.

The likelihood of the right answer moves long before the answer flips: the same loss is seen with five to ten times
fewer questions. It also moves where a model only became less sure of itself, so it makes a light yellow, never red.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import fmean, stdev
from typing import Literal, NamedTuple, TypeAlias

from evals.text.errors import DataError

__all__ = ["Band", "Drift", "Likelihoods", "TextLoss", "band", "drift", "gold_log_prob", "t_quantile", "t_tail"]

Band: TypeAlias = Literal["negligible", "normal", "raised", "alarm"]

LEAST_FALL = 0.03
"""Nats; a smaller fall is told to nobody, however sure it is."""

YELLOW_P = 0.05

BANDS: tuple[tuple[float, Band], ...] = ((0.03, "negligible"), (0.10, "normal"), (0.25, "raised"))
"""Upper ends in nats a token, after 63 published fine-tunes of a 3B model (PEFT's method comparison): full
fine-tuning at 1e-5 cost 0.03, LoRA 0.05 to 0.11, methods gone wrong 0.8 and more."""


class Likelihoods(NamedTuple):
    """One question's choices as both models see them."""

    id: str
    """The question's id."""

    base: Sequence[float]
    """Log-likelihood of each choice to the base, in nats."""

    tuned: Sequence[float]
    """The same to the tuned model."""

    answer: int
    """Place of the right choice, from 0."""


@dataclass(frozen=True, slots=True)
class Drift:
    """How much likelier the right answers became, in nats a question; negative where they became less likely."""

    n: int
    """Questions."""

    mean: float
    """Mean change of the right choice's log-probability among the choices."""

    low: float
    """Lower end of its two-sided 95 % interval (paired t)."""

    high: float
    """Upper end."""

    p: float
    """One-sided p that it fell (paired t)."""

    flagged: bool
    """Whether it fell by 0.03 nats or more with p below .05."""


def drift(questions: Sequence[Likelihoods]) -> Drift:
    """Compare the log-probability of the right choices, question by question; two questions or more.

    Raises DataError naming a question with a likelihood that is no finite number, and for fewer than two questions.
    """
    n = len(questions)
    if n < 2:
        raise DataError(f"a drift needs two questions or more, and there {'is one' if n else 'are none'}")
    changes = [_change(question) for question in questions]
    mean, error = fmean(changes), stdev(changes) / math.sqrt(n)
    reach = t_quantile(0.975, n - 1) * error
    p = t_tail(-mean / error, n - 1) if error else (0.0 if mean < 0 else 1.0)
    return Drift(n, mean, mean - reach, mean + reach, p, flagged=p < YELLOW_P and mean <= -LEAST_FALL)


def gold_log_prob(lls: Sequence[float], answer: int) -> float:
    """Log-probability of the right choice, if one of the choices must be said: log softmax.

    >>> gold_log_prob([-3.0, -3.0], 0) == math.log(0.5)
    True
    """
    top = max(lls)
    return lls[answer] - top - math.log(sum(math.exp(ll - top) for ll in lls))


@dataclass(frozen=True, slots=True)
class TextLoss:
    """How surprising a text is to a model."""

    nats: float
    """Negative log-likelihood of all tokens together."""

    tokens: int
    """How many tokens were predicted."""

    size: int
    """Length of the text in bytes of UTF-8."""

    @property
    def nats_per_token(self) -> float:
        """NLL a token: comparable between models of one tokenizer only."""
        return self.nats / self.tokens

    @property
    def bits_per_byte(self) -> float:
        """NLL in bits a byte: comparable whatever the tokenizers.

        >>> TextLoss(nats=math.log(2) * 40, tokens=10, size=40).bits_per_byte
        1.0
        """
        return self.nats / (math.log(2) * self.size)


def band(rise: float) -> Band:
    """What a rise of the NLL on general text means, in nats a token; a fall is negligible.

    >>> band(0.02), band(0.05), band(0.2), band(1.8)
    ('negligible', 'normal', 'raised', 'alarm')
    """
    for end, name in BANDS:
        if rise < end:
            return name
    return "alarm"


def t_tail(t: float, degrees: int) -> float:
    """P(T > t) of Student's t: with t = √ν tan θ its density is cos^(ν-1) θ, summed by Simpson's rule.

    >>> round(t_tail(2.0, 10), 6), t_tail(0.0, 3)
    (0.036694, 0.5)
    """
    constant = math.exp(math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)) / math.sqrt(math.pi)
    end = math.atan(abs(t) / math.sqrt(degrees))
    inside = constant * _simpson(lambda angle: math.cos(angle) ** (degrees - 1), end)
    tail = max(0.0, 0.5 - inside)
    return tail if t >= 0 else 1 - tail


@cache
def t_quantile(share: float, degrees: int) -> float:
    """The t that Student's t stays below with this probability, 0.5 to 0.9999.

    >>> round(t_quantile(0.975, 10), 4), round(t_quantile(0.975, 1), 3)
    (2.2281, 12.706)
    """
    low, high = 0.0, 10_000.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if t_tail(middle, degrees) > 1 - share else (low, middle)
    return high


def _change(question: Likelihoods) -> float:
    if not all(math.isfinite(ll) for ll in (*question.base, *question.tuned)):
        raise DataError(f"question {question.id} has a log-likelihood that is no finite number; look at the model")
    return gold_log_prob(question.tuned, question.answer) - gold_log_prob(question.base, question.answer)


def _simpson(value: Callable[[float], float], end: float, pieces: int = 1000) -> float:
    """Integral from 0 to `end`."""
    width = end / pieces
    inner = sum((4 if piece % 2 else 2) * value(piece * width) for piece in range(1, pieces))
    return (value(0) + inner + value(end)) * width / 3
