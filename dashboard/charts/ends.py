"""Where the names of lines stand at their ends."""

from collections.abc import Sequence

__all__ = ["apart"]


def apart(heights: Sequence[float], gap: float) -> list[float]:
    """Ascending heights with at least `gap` between them, the highest where it was.

    >>> apart([1.0, 1.5, 5.0, 5.2], 1.0)
    [0.5, 1.5, 4.2, 5.2]
    """
    spread = list(heights)
    for place in range(len(spread) - 2, -1, -1):
        spread[place] = min(spread[place], spread[place + 1] - gap)
    return spread
