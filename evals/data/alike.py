"""Which rows are nearly the same: candidates from bands that DuckDB groups, decided by the similarity of their 5-grams.

Bands are grouped one at a time, and the 5-grams lie in a file that is mapped into memory, so a million short rows take
some hundred megabytes. Where very many texts share a band, they are put in smaller groups first: two sets that are
similar enough share one of their rarest elements (prefix filter; Chaudhuri, Ganti and Kaushik, A primitive operator for
similarity joins in data cleaning, 2006).
"""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from evals.data.signatures import BANDS, Signed
from store.instance import cursor

__all__ = ["NEAR", "Alike", "Numbers", "first_of"]

NEAR = 0.7
"""Jaccard similarity of 5-grams from which on two texts are near, as in training."""

MANY = 24
"""Texts that share a band above which they are told apart by their rarest 5-grams first."""

SHARED = 8
"""Of their rarest 5-grams near texts must share so many, where they have them: then few others are compared."""

Numbers: TypeAlias = NDArray[Any]


class Alike:
    """Texts that were added one after the other, numbered from 0, and which of them are alike."""

    def __init__(self, folder: Path) -> None:
        """Keep what is added in files in `folder`, which is there and is removed by the caller."""
        self._folder = folder
        self._files = {name: (folder / f"{name}.bin").open("wb") for name in ("sizes", "grams", "bands")}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            file.close()

    def add(self, signed: Signed) -> None:
        """Add texts; not after the first question about them."""
        for name, numbers in signed._asdict().items():
            self._files[name].write(numbers.tobytes())

    def copies_of(self, forms: Numbers, near: float = NEAR) -> Numbers:
        """Of each text the earlier one that it is a copy of, -1 for one that is no copy; int64 [texts].

        `forms` are digests of the normal forms: equal ones are copies. Otherwise a text is a copy where its similarity
        to an earlier one, which is no copy itself, is at least `near`.
        """
        first = first_of(forms)
        copies = np.where(first == np.arange(len(forms)), -1, first)
        roots = self._joined(first, near, verified=False)
        distinct = np.flatnonzero((copies < 0) & (self._read.sizes > 0))
        for group in _runs(roots[distinct], distinct):
            for text, earlier in self._copies_in(group, near):
                copies[text] = earlier
        # An exact copy of what is a copy itself is one of the row that is kept.
        return np.where((copies >= 0) & (copies[first] >= 0), copies[first], copies)

    def in_first(self, forms: Numbers, count: int, near: float = NEAR) -> Numbers:
        """Of each text behind the first `count` the one of those that it is a copy of, -1 for none; int64 [texts].

        Of the first `count` none is one. `forms` and `near` are those of `copies_of`; the first texts are all compared
        with, whether they are copies of each other or not.
        """
        first = first_of(forms)
        found = np.where((first < count) & (np.arange(len(first)) >= count), first, -1)
        roots = self._joined(first, near, verified=False)
        distinct = np.flatnonzero((first == np.arange(len(first))) & (self._read.sizes > 0))
        for group in _runs(roots[distinct], distinct):
            for text, earlier in self._in_first(group, count, near):
                found[text] = earlier
        # An exact copy of a text is in what that text is in.
        return np.where(first >= count, found[first], found)

    def groups(self, forms: Numbers, near: float = NEAR) -> Numbers:
        """The group of each text: those that are near, and what they are joined by; the number of its first text."""
        return self._joined(first_of(forms), near, verified=True)

    def _joined(self, first: Numbers, near: float, *, verified: bool) -> Numbers:
        """The first text of each text's group.

        Where not all need be `verified`, texts that share a band with many are in one group without being compared.
        """
        distinct = np.flatnonzero((first == np.arange(len(first))) & (self._read.sizes > 0))
        joined, heaps = _Groups(first), _Groups(first)
        for bucket in self._buckets(distinct):
            if len(bucket) > MANY:
                # Texts of one template share many bands; they are looked at once, and not band by band.
                heaps.join_all(bucket)
            else:
                self._join(joined, bucket, near)
        for heap in _runs(heaps.roots()[distinct], distinct):
            for group in self._groups_in(heap, near) if verified else [heap]:
                joined.join_all(group)
        return joined.roots()

    def _copies_in(self, group: Numbers, near: float) -> Iterator[tuple[int, int]]:
        """Those of a group that are near an earlier one which is kept, each with the nearest of them."""
        kept = _Sharing(*self._rarest(group, near))
        for place in range(len(group)):
            others = kept.sharing(place)
            similar = self._similarity(int(group[place]), group[others].tolist()) if len(others) else np.zeros(1)
            if similar.max() >= near:
                yield int(group[place]), int(group[others[similar.argmax()]])
            else:
                kept.add(place)

    def _in_first(self, group: Numbers, count: int, near: float) -> Iterator[tuple[int, int]]:
        """Those of a group that are near one of the first `count` texts, each with the nearest of them."""
        known = int(np.searchsorted(group, count))
        if not 0 < known < len(group):
            return
        earlier = _Sharing(*self._rarest(group, near))
        for place in range(known):
            earlier.add(place)
        for place in range(known, len(group)):
            others = earlier.sharing(place)
            similar = self._similarity(int(group[place]), group[others].tolist()) if len(others) else np.zeros(1)
            if similar.max() >= near:
                yield int(group[place]), int(group[others[similar.argmax()]])

    def _groups_in(self, heap: Numbers, near: float) -> Iterator[Numbers]:
        """Those of a heap that are near, and what they are joined by."""
        earlier, labels = _Sharing(*self._rarest(heap, near)), np.arange(len(heap))
        for place in range(len(heap)):
            others = earlier.sharing(place)
            # What is joined already need not be compared; in a large group one look is mostly enough.
            while len(others := others[labels[others] != labels[place]]):
                part, others = others[:MANY], others[MANY:]
                similar = self._similarity(int(heap[place]), heap[part].tolist())
                for label in np.unique(labels[part[similar >= near]]):
                    labels[labels == label] = labels[place]
            earlier.add(place)
        yield from _runs(labels, heap)

    @cached_property
    def _read(self) -> "_Read":
        for file in self._files.values():
            file.flush()
        sizes = np.fromfile(self._folder / "sizes.bin", np.int64)
        return _Read(
            sizes,
            np.cumsum(sizes),
            _mapped(self._folder / "grams.bin", np.uint32),
            _mapped(self._folder / "bands.bin", np.uint64).reshape(-1, BANDS),
        )

    def _buckets(self, distinct: Numbers) -> Iterator[Numbers]:
        """The texts that share a number in a band, two or more."""
        with cursor() as database:
            for band in range(BANDS):
                table: Any = pa.Table.from_arrays([distinct, self._read.bands[distinct, band]], names=["text", "band"])  # pyright: ignore[reportUnknownMemberType, reportArgumentType] - the stubs know no arrays of numpy
                database.register("band_of_texts", table)
                found = database.sql(_SHARING).fetchall()
                database.unregister("band_of_texts")
                yield from (np.array(row[0]) for row in found)

    def _join(self, joined: "_Groups", part: Numbers, near: float) -> None:
        """Join those that are near; a text is compared with those that nothing has reached yet."""
        while len(part) > 1 and len({joined.root(text) for text in part.tolist()}) > 1:
            reached, part = [int(part[0])], part[1:]
            while reached and len(part):
                one = reached.pop()
                near_it = self._similarity(one, part.tolist()) >= near
                for other in part[near_it].tolist():
                    joined.join(one, other)
                    reached.append(other)
                part = part[~near_it]

    def _rarest(self, texts: Numbers, near: float) -> tuple[list[Numbers], Numbers]:
        """The rarest 5-grams of each of some texts, as numbers of their own, and how many of them a near text shares.

        Two sets of sizes n and m that are near share near * max(n, m) elements or more; so, in any one order, the first
        n - near * n + k of one and the first m - near * m + k of the other share k. A text's k is SHARED, or all that a
        near one must share where that is less; two texts share the lesser one.
        """
        sizes = self._read.sizes[texts]
        grams = np.concatenate([self._read.grams_of(text) for text in texts.tolist()])
        owner = np.repeat(np.arange(len(texts)), sizes)
        _, number, count = np.unique(grams, return_inverse=True, return_counts=True)
        # The product can come out a little too large, and one 5-gram more does no harm.
        missing = sizes - np.ceil(near * sizes - 1e-9).astype(np.int64)
        at_least = np.minimum(SHARED, sizes - missing)
        order = np.lexsort((number, count[number], owner))
        rank = np.arange(len(grams)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        rarest = order[rank < np.repeat(missing + at_least, sizes)]
        return np.split(number[rarest], np.flatnonzero(np.diff(owner[rarest])) + 1), at_least

    def _similarity(self, one: int, others: list[int]) -> Numbers:
        """Jaccard similarity of a text's 5-grams with those of each of some others."""
        wanted, sizes = self._read.grams_of(one), self._read.sizes[others]
        compared = np.concatenate([self._read.grams_of(other) for other in others])
        place = np.minimum(np.searchsorted(wanted, compared), len(wanted) - 1)
        shared = np.add.reduceat((wanted[place] == compared).astype(np.int64), np.cumsum(sizes) - sizes)
        return shared / (len(wanted) + sizes - shared)


class _Read(NamedTuple):
    """What was added, read again."""

    sizes: Numbers
    ends: Numbers
    grams: Numbers
    bands: Numbers

    def grams_of(self, text: int) -> Numbers:
        """The 5-grams of a text."""
        end = int(self.ends[text])
        return self.grams[end - int(self.sizes[text]) : end]


def _mapped(path: Path, kind: type[np.generic]) -> Numbers:
    # An empty file cannot be mapped.
    # A plain view: slices of a memmap take five times as long.
    return np.memmap(path, kind, "r").view(np.ndarray) if path.stat().st_size else np.empty(0, kind)


_SHARING = "SELECT list(text ORDER BY text) FROM band_of_texts GROUP BY band HAVING count(*) > 1 ORDER BY min(text)"


class _Sharing:
    """Texts that come one after the other, and which of the earlier ones share enough with one."""

    def __init__(self, grams: list[Numbers], at_least: Numbers) -> None:
        """Take each text's rarest 5-grams, numbers from 0, and how many of them a near text shares."""
        self._grams, self._at_least = grams, at_least
        sizes = np.bincount(np.concatenate(grams))
        self._starts = np.cumsum(sizes) - sizes
        self._ends = self._starts.copy()
        self._texts = np.empty(int(sizes.sum()), np.int64)

    def add(self, text: int) -> None:
        """Have later texts look at this one."""
        ends = self._ends[self._grams[text]]
        self._texts[ends] = text
        self._ends[self._grams[text]] = ends + 1

    def sharing(self, text: int) -> Numbers:
        """Those that were added and share as many 5-grams with a text as near ones do, in order."""
        own = self._grams[text]
        spans = zip(self._starts[own].tolist(), self._ends[own].tolist(), strict=True)
        times = np.bincount(np.concatenate([self._texts[start:end] for start, end in spans]))
        return np.flatnonzero(times >= np.minimum(self._at_least[text], self._at_least[: len(times)]))


class _Groups:
    """Texts and which of them are joined so far."""

    def __init__(self, parents: Numbers) -> None:
        self._parents: list[int] = parents.tolist()

    def root(self, text: int) -> int:
        """The first text of a group."""
        parents = self._parents
        while parents[text] != text:
            parents[text] = parents[parents[text]]
            text = parents[text]
        return text

    def join(self, one: int, other: int) -> None:
        """Make one group of two."""
        first, second = sorted((self.root(one), self.root(other)))
        self._parents[second] = first

    def join_all(self, texts: Numbers) -> None:
        """Make one group of all of them."""
        one, *others = texts.tolist()
        for other in others:
            self.join(one, other)

    def roots(self) -> Numbers:
        """The first text of each text's group."""
        return np.fromiter(map(self.root, range(len(self._parents))), np.int64, len(self._parents))


def first_of(digests: Numbers) -> Numbers:
    """Where each digest stands first.

    >>> first_of(np.array([7, 5, 7, 9, 5])).tolist()
    [0, 1, 0, 3, 1]
    """
    _, first, inverse = np.unique(digests, return_index=True, return_inverse=True)
    return first[inverse]


def _runs(keys: Numbers, values: Numbers) -> Iterator[Numbers]:
    """The values of each key that has two or more, in order."""
    order = np.lexsort((values, keys))
    cuts = np.flatnonzero(np.diff(keys[order])) + 1
    return (part for part in np.split(values[order], cuts) if len(part) > 1)
