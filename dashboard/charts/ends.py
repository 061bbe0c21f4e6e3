"""Where words stand at a point, and the names of lines at their ends."""

from collections.abc import Sequence

__all__ = ["apart", "side"]


def apart(heights: Sequence[float], gap: float) -> list[float]:
    """Ascending heights with at least `gap` between them, the highest where it was.

    >>> apart([1.0, 1.5, 5.0, 5.2], 1.0)
    [0.5, 1.5, 4.2, 5.2]
    """
    spread = list(heights)
    for place in range(len(spread) - 2, -1, -1):
        spread[place] = min(spread[place], spread[place + 1] - gap)
    return spread


def side(place: float, reach: tuple[float, float], usual: str) -> str:
    """Which end of some words stands at a place: the left one near the left edge of a range, the right one near the
    right edge, and what is usual between them.

    >>> [side(place, (0, 100), "center") for place in (5, 50, 95)]
    ['left', 'center', 'right']
    """
    part = (place - reach[0]) / ((reach[1] - reach[0]) or 1)
    return "left" if part < 0.15 else "right" if part > 0.85 else usual
