"""Where words stand at a point, and the names of lines at their ends."""

from collections.abc import Sequence

__all__ = ["apart", "shifts", "side"]

GAP = 13
"""Pixels from one name to the next."""


def apart(heights: Sequence[float], gap: float, reach: tuple[float, float]) -> list[float]:
    """Ascending heights with `gap` between them, less where there is no room for it: none is outside `reach`, and the
    highest is where it was where that is possible.

    >>> apart([1.0, 1.5, 5.0, 5.2], 1.0, (0, 9))
    [0.5, 1.5, 4.2, 5.2]
    >>> apart([1.0, 1.5, 2.0], 1.0, (0.5, 9)), apart([1.0, 1.0, 1.0], 2.0, (0.0, 2.0))
    ([0.5, 1.5, 2.5], [0.0, 1.0, 2.0])
    """
    low, high = reach
    gap = min(gap, (high - low) / max(1, len(heights) - 1))
    spread = list(heights)
    for place in range(len(spread) - 1, -1, -1):
        spread[place] = min(spread[place], high)
        high = spread[place] - gap
    for place, height in enumerate(spread):
        spread[place] = max(height, low)
        low = spread[place] + gap
    return spread


def shifts(heights: Sequence[float], extent: tuple[float, float], pixels: float, room: float) -> list[float]:
    """Pixels by which names at ascending heights are moved down, so that they neither touch nor leave the plot.

    The plot shows `extent` on so many `pixels`, with `room` free above and below. What is moved by pixels takes no part
    in the axis, which therefore shows the data alone.

    >>> shifts([1.0, 1.0, 3.0], (1.0, 3.0), 100, 10)
    [10.0, -3.0, 0.0]
    >>> shifts([0.0, 0.0], (0.0, 0.0), 100, 10)
    [13.0, 0.0]
    """
    low, high = extent
    places = [pixels * ((height - low) / (high - low) if high > low else 0.5) for height in heights]
    moved = apart(places, GAP, (-room, pixels + room))
    return [before - after for before, after in zip(places, moved, strict=True)]


def side(place: float, reach: tuple[float, float], usual: str) -> str:
    """Which end of some words stands at a place: the left one near the left edge of a range, the right one near the
    right edge, and what is usual between them.

    >>> [side(place, (0, 100), "center") for place in (5, 50, 95)]
    ['left', 'center', 'right']
    """
    part = (place - reach[0]) / ((reach[1] - reach[0]) or 1)
    return "left" if part < 0.15 else "right" if part > 0.85 else usual
