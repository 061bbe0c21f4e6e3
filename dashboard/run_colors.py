"""One colour a run: the same one wherever runs are told apart by it."""

from collections.abc import Iterable

from dashboard.colors import Look

__all__ = ["MOST", "run_colors"]

MOST = 8
"""Runs that can be laid over each other: as many as there are colours."""


def run_colors(ids: Iterable[int], look: Look) -> dict[int, str]:
    """The colour of each run, by its number in the store: its own one, or where an earlier one of these has
    that, the next that is free. At most `MOST` different runs.

    >>> from dashboard.colors import LIGHT
    >>> run_colors([2, 10, 1], LIGHT)
    {2: '#D55E00', 10: '#009E73', 1: '#0072B2'}
    """
    colors = (*look.series, *look.further)
    assert len(colors) == MOST
    found: dict[int, str] = {}
    for run_id in ids:
        own = (run_id - 1) % MOST
        found[run_id] = next(color for color in (*colors[own:], *colors[:own]) if color not in found.values())
    return found
