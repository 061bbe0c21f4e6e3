"""Hold rows out so that none is near one that is not."""

import random
from collections import defaultdict
from collections.abc import Sequence

__all__ = ["held_out"]


def held_out(groups: Sequence[int], share: float, seed: int) -> list[int]:
    """Places of the rows to be held out, in order: whole groups, drawn by chance from the seed, up to the share.

    At least one row is wanted of a share above 0. Empty where there is one group only, or each is larger than the
    share: half of what there is to learn is no price for a measurement.

    >>> held_out([0, 1, 1, 2, 3, 4, 5, 6, 7, 8], 0.2, seed=0)
    [6, 8]
    """
    members: defaultdict[int, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        members[group].append(place)
    if share <= 0 or len(members) < 2:
        return []
    left = max(1, round(share * len(groups)))
    order = list(members.values())
    random.Random(seed).shuffle(order)  # noqa: S311 - a draw, no secret
    chosen: list[int] = []
    for rows in order:
        if len(rows) <= left:
            chosen += rows
            left -= len(rows)
    return sorted(chosen)
