"""Fewer questions for slow machines: 100 of 250 of 500 of all, each within the next.

Which questions they are hangs on their ids, their categories and the seed alone, so that every checkpoint of every run
is asked the same ones, whatever order the file has. The categories have the shares that they have in the whole.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol, TypeVar

from evals.forgetting.light import Colour

__all__ = ["SIZES", "Categorised", "next_size", "subset"]

SIZES = (100, 250, 500)
"""Questions in each subset; behind the last one are all."""


class Categorised(Protocol):
    """What a subset is chosen by; a `ChoiceItem` has it."""

    @property
    def id(self) -> str:
        """Name of the question, unique."""
        ...

    @property
    def category(self) -> str:
        """Its subject."""
        ...


Item = TypeVar("Item", bound=Categorised)


def subset(items: Sequence[Item], size: int, seed: int = 0) -> list[Item]:
    """Choose `size` of the questions, in the order they are given; all of them where there are no more.

    A smaller subset of the same questions and seed lies within a larger one.
    """
    ranked = sorted(_ranks(items, seed).items(), key=lambda entry: entry[1])
    chosen = {id_ for id_, _ in ranked[:size]}
    return [item for item in items if item.id in chosen]


def next_size(size: int, total: int, colour: Colour) -> int:
    """How many questions to ask the same checkpoint next, of `total`: more where it is yellow.

    Equal to `size` where this was enough: the light is clear, or all were asked.

    >>> next_size(100, 400, "yellow"), next_size(250, 400, "yellow"), next_size(250, 400, "green")
    (250, 400, 250)
    """
    if colour != "yellow":
        return min(size, total)
    return min(next((larger for larger in SIZES if larger > size), total), total)


def _ranks(items: Sequence[Categorised], seed: int) -> dict[str, tuple[float, str]]:
    """Each question's place in the queue: how far down its category's own queue it is, as a share."""
    by_category: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for item in items:
        by_category[item.category].append((_lot(item.id, seed), item.id))
    return {
        id_: ((place + 0.5) / len(lots), lot)
        for lots in by_category.values()
        for place, (lot, id_) in enumerate(sorted(lots))
    }


def _lot(id_: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}\n{id_}".encode("utf-8", "replace")).hexdigest()
