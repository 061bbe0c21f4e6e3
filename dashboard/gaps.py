"""Where a line is to break: between two points that lie further apart than usual, as steps between were not learned.

A line over steps that were left out, or skipped for a loss that is no number, would show values that never were.
Points that are merely sparse, or a bucket each, lie no further apart than usual, so their line goes on.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import pyarrow as pa

from dashboard.tables import ordered, table_of, values

__all__ = ["Stretch", "breaks", "each_parted", "holes", "parted"]


class Stretch(NamedTuple):
    """Steps that follow one another."""

    first: int
    """The first of them."""

    last: int
    """The last of them."""


def holes(steps: Sequence[int]) -> list[Stretch]:
    """The steps between points, in order, that lie further apart than three of four neighbours do.

    >>> holes([1, 2, 3, 9, 10, 11]), holes([0, 100, 200, 300])
    ([Stretch(first=4, last=8)], [])
    """
    apart = sorted(after - before for before, after in pairwise(steps))
    usual = apart[3 * (len(apart) - 1) // 4] if apart else 0
    return [Stretch(before + 1, after - 1) for before, after in pairwise(steps) if after - before > usual]


def breaks(steps: Sequence[int], left_out: Sequence[Stretch]) -> list[int]:
    """Places of the points before which the line breaks; `left_out` in order.

    >>> breaks([1, 2, 3, 9, 10, 11], [Stretch(4, 8)]), breaks([1, 2, 3, 9, 10, 11], [])
    ([3], [])
    """
    if not left_out:
        return []
    found: list[int] = []
    for hole in holes(steps):
        place = bisect_left(left_out, hole.first, key=lambda item: item.last)
        if place < len(left_out) and left_out[place].first <= hole.last:
            found.append(bisect_right(steps, hole.last))
    return found


def parted(
    line: pa.Table, steps: Sequence[int], left_out: Sequence[Stretch], blank: Sequence[str], along: str = "step"
) -> pa.Table:
    """The table of a line with a row without values where it breaks, for there it ends and begins anew.

    `steps` are those of its rows, in order; `blank` are the columns of its values, `along` that of the bottom axis;
    the others are as in the row before. Without a break it is `line` itself.
    """
    places = breaks(steps, left_out)
    if not places:
        return line
    rows = line.to_pylist()
    for place in reversed(places):
        before, after = rows[place - 1], rows[place]
        middle = (before[along] + after[along]) / 2
        between = int(middle) if isinstance(before[along], int) else middle
        rows.insert(place, {**before, along: between, **dict.fromkeys(blank)})
    return table_of({name: pa.array([row[name] for row in rows], line[name].type) for name in line.column_names})


def each_parted(table: pa.Table, left_out: Sequence[Stretch], blank: Sequence[str], by: Sequence[str]) -> pa.Table:
    """The same of a table of several lines, which the columns `by` tell apart; the lines one after the other."""
    if not left_out:
        return table
    rows = defaultdict[Any, list[int]](list)
    for place, key in enumerate(zip(*(values(table, name) for name in by), strict=True)):
        rows[key].append(place)
    lines = [ordered(table.take(places)) for places in rows.values()]
    return pa.concat_tables(
        [table.slice(0, 0), *(parted(line, values(line, "step"), left_out, blank) for line in lines)]
    )
