"""The store of `bench.big_store`: very many values of many runs, some of them recorded at the same time.

As loading puts them, piece by piece in the order of steps; the runs under way take turns, so that in the file the
values of each lie among those of the others.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from bench.live_page_store import LONG, RARE_NAMES, STEP_NAMES, begin, pieces
from store.database import Store

__all__ = ["Made", "Sizes", "fill", "runs_of"]

LONGEST = 2
"""Runs with a quarter of all steps each; the others share the rest."""

PIECE_STEPS = 4000
"""Steps that go in at once: fewer values than DuckDB keeps in a group of rows, so that each is of several runs."""


class Sizes(NamedTuple):
    """How large it is."""

    values: int
    """Values of metrics, about."""

    runs: int
    """Runs, three or more."""

    together: int
    """Runs recorded at the same time."""


class Made(NamedTuple):
    """A run of the store."""

    number: int
    """Its id."""

    steps: int
    """Its length."""

    ended: bool
    """Whether it has ended."""

    @property
    def name(self) -> str:
        """What it is called."""
        return f"run-{self.number:03d}" if self.ended else LONG


def runs_of(sizes: Sizes) -> list[Made]:
    """All runs in the order they begin: a long one under way, one as long that has ended, then the short ones, of
    which the longest has nine times the steps of the shortest.

    >>> [run.steps for run in runs_of(Sizes(2_502_100, 6, 1))]
    [25000, 25000, 2500, 22500, 15833, 9167]
    """
    steps = round(sizes.values / (len(STEP_NAMES) + sum(1 / every for every in RARE_NAMES.values())))
    shorts = sizes.runs - LONGEST
    mean = (steps - LONGEST * (steps // 4)) / shorts
    # Not in the order of their lengths: some of each length lie anywhere in the file.
    shares = [0.2 + 1.6 * (place * 7 % shorts) / max(1, shorts - 1) for place in range(shorts)]
    long = [Made(sizes.runs, steps // 4, ended=False), Made(1, steps // 4, ended=True)]
    return [*long, *(Made(number, max(1, round(mean * share)), ended=True) for number, share in enumerate(shares, 2))]


def fill(path: Path, sizes: Sizes) -> None:
    """Make the store at a path that has none."""
    store = Store.at(path)
    begin(store)
    waiting = iter(runs_of(sizes))
    under_way = _begun(store, waiting, sizes.together)
    while under_way:
        going_on = [run for run in under_way if next(run, None) is not None]
        under_way = [*going_on, *_begun(store, waiting, len(under_way) - len(going_on))]


def _begun(store: Store, waiting: Iterator[Made], count: int) -> list[Iterator[int]]:
    return [pieces(store, run.number, run.steps, PIECE_STEPS, ended=run.ended) for run in islice(waiting, count)]
