"""How far the work is, told to whoever wants to know."""

from collections.abc import Callable
from typing import TypeAlias

__all__ = ["Progress", "untold"]

Progress: TypeAlias = Callable[[str, int, int], None]
"""Is told what is being done, how much of it is done, and of how much."""


def untold(_what: str, _done: int, _of: int) -> None:
    """Tell nobody."""
