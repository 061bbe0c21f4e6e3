"""Green, yellow or red: what a checkpoint's comparison, and those before it, say together.

One checkpoint below .05 is no news: of twenty, one is. Why each number is what it is, and how often the light is
wrong, stands in docs/design/0011-forgetting.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypeAlias

__all__ = ["MARGIN", "Check", "Colour", "Compared", "Light", "Reason", "light", "within_margin"]

Colour: TypeAlias = Literal["green", "yellow", "red"]

Reason: TypeAlias = Literal["nothing", "drift", "once", "twice", "severe"]
"""Which rule speaks, for words in other languages."""

MARGIN = 0.03
"""Drop that is put up with, unless a suite says another: three points."""

YELLOW_P = 0.05
TWICE_P = 0.01
SEVERE_P = 0.001


class Compared(Protocol):
    """What the light looks at; a `Comparison` is one."""

    @property
    def mid_p(self) -> float:
        """One-sided p of the drop."""
        ...

    @property
    def drop(self) -> float:
        """Accuracy lost against the base."""
        ...


class Check(NamedTuple):
    """An earlier checkpoint's numbers, as they were recorded."""

    mid_p: float
    """One-sided p of the drop."""

    drop: float
    """Accuracy lost against the base."""


@dataclass(frozen=True, slots=True)
class Light:
    """A colour and why."""

    colour: Colour
    """`green`, `yellow` or `red`."""

    reason: Reason
    """Which rule speaks."""

    why: str
    """The same in a sentence."""


def light(history: Sequence[Compared], margin: float = MARGIN, *, drifted: bool = False) -> Light:
    """The light of the last of these checkpoints, which come in order and on one path of the run.

    `drifted` says that the likelihood of the right answers fell at the last one (`drift`): that alone is yellow.

    >>> light([Check(0.004, 0.03)]).colour, light([Check(0.004, 0.03), Check(0.009, 0.03)]).colour
    ('yellow', 'red')
    """
    now = history[-1]
    before = history[-2] if len(history) > 1 else None
    if now.mid_p < SEVERE_P and now.drop >= margin / 2:
        return Light("red", "severe", f"{_drop(now)}, at least half the margin of {_points(margin)}")
    if before is not None and now.mid_p < TWICE_P and before.mid_p < TWICE_P:
        return Light("red", "twice", f"{_drop(now)}, and below {TWICE_P} at the checkpoint before as well")
    if now.mid_p < YELLOW_P:
        return Light("yellow", "once", f"{_drop(now)}; one checkpoint alone can be chance")
    if drifted:
        return Light("yellow", "drift", "the right answers became less likely, though few of them were lost so far")
    return Light("green", "nothing", f"no sign of forgetting: p is {_p(now.mid_p)}")


def within_margin(bound: float, margin: float = MARGIN) -> bool:
    """Whether a gate passes: the drop's one-sided upper 95 % bound (`Comparison.bound`) is below the margin.

    Few questions make a wide interval, and do not pass; "no significant drop" would pass the more easily.

    >>> within_margin(0.029), within_margin(0.03)
    (True, False)
    """
    return bound < margin


def _drop(now: Compared) -> str:
    return f"accuracy fell by {_points(now.drop)} against the base, p is {_p(now.mid_p)}"


def _points(share: float) -> str:
    points = f"{100 * share:.1f}".removesuffix(".0")
    return f"{points} point{'' if points == '1' else 's'}"


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.0005 else "below 0.0005"
