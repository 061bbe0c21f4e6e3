"""How a batch is dealt out to the processes."""

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Part", "deal", "parts_of"]


class Part(NamedTuple):
    """Examples that one process reads at once."""

    places: list[int]
    """Where they are in the batch."""

    counts: bool
    """Whether they are learned; else they are read so that all processes do the same number of passes."""


def deal(lengths: Sequence[int], rank: int, size: int) -> list[int]:
    """Places of a batch that one of `size` processes reads; dealt out by length, so that all have as much to do.

    >>> [deal([9, 2, 5, 7, 1], rank, 2) for rank in range(2)]
    [[4, 2, 0], [1, 3]]
    """
    order = sorted(range(len(lengths)), key=lambda place: (lengths[place], place))
    return order[rank::size]


def parts_of(lengths: Sequence[int], rank: int, size: int, micro_batch: int) -> list[Part]:
    """The same cut into parts of `micro_batch` at the most, as many in every process.

    >>> parts_of([9, 2, 5, 7, 1], rank=1, size=2, micro_batch=2)
    [Part(places=[1, 3], counts=True), Part(places=[4], counts=False)]
    """
    mine, most = deal(lengths, rank, size), -(-len(lengths) // size)
    passes = -(-most // micro_batch)
    parts = [Part(mine[begin : begin + micro_batch], True) for begin in range(0, len(mine), micro_batch)]
    spare = Part([min(range(len(lengths)), key=lambda place: (lengths[place], place))], False)
    return [*parts, *[spare] * (passes - len(parts))]
