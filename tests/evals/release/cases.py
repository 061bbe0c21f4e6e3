"""A breach, and the reason for which it is refused."""

from collections.abc import Callable
from typing import NamedTuple

from tests.evals.release.world import World

__all__ = ["Case"]


class Case(NamedTuple):
    """One line of the table."""

    name: str
    """What is done."""

    reason: str
    """Words of the sentence that refuses it, which no other line has."""

    act: Callable[[World], str]
    """Does it to a world of one's own, and gives the sentence."""
