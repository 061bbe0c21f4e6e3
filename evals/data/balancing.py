"""Even out subtasks: of those that are much larger than the middle one, only some rows are kept."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median

__all__ = ["LEAST", "TIMES", "largest_size", "surplus"]

TIMES = 10.0
"""Rows of the largest subtask, as a multiple of those of the middle one; what the check of balance puts up with."""

LEAST = 100
"""Rows that a subtask may have, however few the others have: small ones teach too little to be cut down."""


def surplus(tasks: Sequence[str | None], times: float, seed: int) -> list[int]:
    """Places of the rows to be left out so that no subtask has too many, drawn by chance from the seed, in order.

    Rows that name no subtask are left alone.

    >>> len(surplus(["a"] * 300 + ["b"] * 20 + ["c"] * 40 + [None] * 500, 5.0, seed=0))
    100
    """
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, task in enumerate(tasks):
        if task is not None:
            places[task].append(place)
    most = largest_size({task: len(rows) for task, rows in places.items()}, times)
    draw = random.Random(seed)  # noqa: S311 - a draw, no secret
    # Subtasks in the order of their names, so that the draw does not hang on which row comes first.
    left_out = [draw.sample(rows, len(rows) - most) for _, rows in sorted(places.items()) if len(rows) > most]
    return sorted(place for rows in left_out for place in rows)


def largest_size(sizes: Mapping[str, int], times: float) -> int:
    """The most rows a subtask may have.

    >>> largest_size({"a": 300, "b": 20, "c": 40}, 5.0), largest_size({"a": 3, "b": 20}, 5.0), largest_size({}, 5.0)
    (200, 100, 100)
    """
    return max(LEAST, int(times * median(sizes.values()))) if sizes else LEAST
