"""The sentences of alarms: the rule in words, and with what a value was compared."""

import math

from assay.spikes.baseline import Reading

__all__ = [
    "WEIGHTS",
    "and_loss",
    "drifting",
    "early",
    "halvings",
    "jump",
    "no_number",
    "over_budget",
    "signal",
    "stays_high",
]

WEIGHTS = "not a number: a weight of the model is none, so no step from here can help"

_NAMES = {"loss": "the loss", "grad_norm": "the gradient norm"}


def no_number(series: str, value: float, in_row: int, *, parameters_finite: bool) -> str:
    """T0.

    >>> no_number("loss", float("nan"), 1, parameters_finite=True)
    'not a number: the loss is nan'
    """
    said = f"not a number: {_NAMES[series]} is {value}"
    if not parameters_finite:
        return f"{said}, and so is a weight of the model"
    return f"{said}, the {_ordinal(in_row)} such step in a row" if in_row > 1 else said


def jump(series: str, found: Reading, usual: float, limit: float) -> str:
    """T1."""
    return f"jump: {_NAMES[series]} {_number(found.value)} is above {_number(limit)}; {_usual(usual, found.held)}"


def and_loss(value: float, usual: float) -> str:
    """What is added where a gradient that jumps is skipped for."""
    return f"; the loss is up as well, {_number(value)} against {_number(usual)}"


def stays_high(found: Reading, usual: float, limit: float, steps: str) -> str:
    """T2; `steps` as in `8 of the last 10`."""
    return (
        f"stays high: the loss, now {_number(found.value)}, was above {_number(limit)} in {steps} steps; "
        f"{_usual(usual, found.held)}"
    )


def drifting(found: Reading, usual: float) -> str:
    """T3."""
    return f"drifting: the loss, now {_number(found.value)}, keeps above what it was; {_usual(usual, found.held)}"


def early(found: Reading, usual: float) -> str:
    """P, before there is a baseline."""
    ratio = found.value / usual if usual > 0 else math.inf
    return (
        f"precursor: the gradient norm {_number(found.value)} is {ratio:.0f} times {_number(usual)}, the median of the "
        f"first {found.held} steps"
    )


def signal(name: str, value: float, usual: float, count: int) -> str:
    """P, a signal of a group of layers."""
    return f"precursor: {name} {_number(value)} is above twice what it was; {_usual(usual, count, 'steps')}"


def halvings(count: int, steps: int) -> str:
    """P, the loss scale."""
    return f"precursor: the loss scale was halved {count} times in the last {steps} steps"


def over_budget(skipped: int, points: int) -> str:
    """What is added to the sentence of a jump that may not be skipped any more."""
    return f"; {skipped} of the last {points} steps were skipped for such jumps already, which is all that may be"


def _usual(usual: float, count: int, steps: str = "accepted steps") -> str:
    return f"the median of the last {count} {steps} is {_number(usual)}"


def _number(value: float) -> str:
    return f"{value:.4g}"


def _ordinal(count: int) -> str:
    return {2: "second", 3: "third"}.get(count, f"{count}th")
