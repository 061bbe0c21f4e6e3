"""Draw rows of general data, until they have so many tokens: by chance from a seed, and the same part of each file."""

import random
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from evals.data.alike import Numbers

__all__ = ["drawn", "spread", "supported", "wanted"]


def wanted(share: float, domain: int) -> int:
    """Tokens of general data that are `share` of all beside so many of the domain; one at least of a share above 0.

    >>> wanted(0.2, 1000), wanted(0.8, 1000), wanted(0.0, 1000)
    (250, 4000, 0)
    """
    return max(1, round(share * domain / (1 - share))) if share else 0


def supported(general: int, domain: int) -> float:
    """The largest share for which so many tokens of general data suffice, rounded down to four digits.

    >>> supported(1, 2), supported(250, 1000)
    (0.3333, 0.2)
    """
    return 10_000 * general // (general + domain) / 10_000 if general else 0.0


def spread(files: Sequence[int], seed: str) -> list[int]:
    """An order of rows by chance, in which each beginning has about the same part of each file's rows.

    `files` are the numbers of the rows' files. Of a file with n rows the first k places have k·n / rows, to one row.

    >>> order = spread([0] * 90 + [1] * 10, "1")
    >>> [sum(place < 90 for place in order[:count]) for count in (10, 50, 100)]
    [9, 45, 90]
    """
    draw = random.Random(seed)  # noqa: S311 - a draw, no secret
    members: defaultdict[int, list[int]] = defaultdict(list)
    for place, file in enumerate(files):
        members[file].append(place)
    keyed: list[tuple[float, int]] = []
    for rows in members.values():
        draw.shuffle(rows)
        offset = draw.random()
        keyed += [((number + offset) / len(rows), place) for number, place in enumerate(rows)]
    return [place for _, place in sorted(keyed)]


def drawn(tokens: Numbers, files: Sequence[int], least: int, seed: int) -> list[int]:
    """Places of the rows that come nearest to `least` tokens, in the order drawn; one with tokens where any is wanted.

    No row is drawn again before all are: a pass takes each once, in an order of its own. `tokens` are those of each
    row, of which one must have some where `least` is not 0.

    >>> sorted(drawn(np.array([5, 5, 5]), [0, 0, 0], 22, seed=0))[:4]
    [0, 0, 1, 2]
    """
    chosen, left, passes = list[int](), least, 0
    while left > 0:
        order = spread(files, f"{seed}/{passes}")
        ends = np.cumsum([0, *tokens[order].tolist()])
        if ends[-1] >= left:
            nearest = int(np.abs(ends - left).argmin())
            order = order[: nearest if chosen else max(nearest, int((ends > 0).argmax()))]
        chosen += order
        left, passes = left - int(ends[-1]), passes + 1
    return chosen
