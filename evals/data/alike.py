"""Which rows are nearly the same: candidates from bands that DuckDB groups, decided by the similarity of their 5-grams.

Bands are grouped one at a time, and the 5-grams lie in a file that is mapped into memory, so a million short rows take
some hundred megabytes. Where very many texts share a band, they are put in smaller groups first: two sets that are
similar enough share one of their rarest elements (prefix filter; Chaudhuri, Ganti and Kaushik, A primitive operator for
similarity joins in data cleaning, 2006).

Near is as in training, by all 5-grams. A copy is more than near: it is so by its rare 5-grams too (`grams`), and has
the same marks (`marks`), as what is a copy is dropped.
"""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from evals.data.grams import Grams, mapped, rare_grams
from evals.data.marks import Marks
from evals.data.signatures import BANDS, Signed
from store.instance import cursor

__all__ = ["NEAR", "Alike", "Numbers", "first_of"]

NEAR = 0.7
"""Jaccard similarity of 5-grams from which on two texts are near, as in training."""

MANY = 24
"""Texts that share a band above which they are told apart by their rarest 5-grams first."""

SHARED = 8
"""Of their rarest 5-grams near texts must share so many, where they have them: then few others are compared."""

LARGEST = 50_000
"""Texts of one template above which groups are not told apart any more: all are one."""

Numbers: TypeAlias = NDArray[Any]


class Alike:
    """Texts that were added one after the other, numbered from 0, and which of them are alike."""

    def __init__(self, folder: Path) -> None:
        """Keep what is added in files in `folder`, which is there and is removed by the caller."""
        self._folder = folder
        self._files = {name: (folder / f"{name}.bin").open("wb") for name in ("sizes", "grams", "bands")}
        self._banded_at: dict[float, tuple[_Groups, _Groups]] = {}

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

    def copies_of(self, forms: Numbers, near: float = NEAR, marks: Marks | None = None) -> Numbers:
        """Of each text the earlier one that it is a copy of, -1 for one that is no copy; int64 [texts].

        `forms` are digests of the normal forms, the same in all questions: equal ones are copies. Otherwise a text is a
        copy where its similarity to an earlier one, which is no copy itself, is at least `near`, with and without the
        5-grams that stand in very many texts, and where no `marks` tell the two apart.
        """
        first = first_of(forms)
        copies = np.where(first == np.arange(len(forms)), -1, first)
        roots = self._joined(first, near, verified=False)
        distinct = np.flatnonzero((copies < 0) & (self._read.sizes > 0))
        rare = rare_grams(self._read, distinct, self._folder / "rare.bin")
        # What consists of common 5-grams alone has nothing that would show a copy.
        telling = distinct[rare.sizes[distinct] > 0]
        for group in _runs(roots[telling], telling):
            for text, earlier in self._copies_in(group, near, rare, marks):
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
        joined, heaps = self._banded(first, distinct, near)
        for heap in _runs(heaps.roots()[distinct], distinct):
            for group in self._groups_in(heap, near) if verified and len(heap) <= LARGEST else [heap]:
                joined.join_all(group)
        return joined.roots()

    def _banded(self, first: Numbers, distinct: Numbers, near: float) -> tuple["_Groups", "_Groups"]:
        """Texts that are near, and heaps of those that share a band with many; found once for each `near`."""
        if near not in self._banded_at:
            joined, heaps = _Groups(first), _Groups(first)
            for bucket in self._buckets(distinct):
                if len(bucket) > MANY:
                    # Texts of one template share many bands; they are looked at once, and not band by band.
                    heaps.join_all(bucket)
                else:
                    self._join(joined, bucket, near)
            self._banded_at[near] = joined, heaps
        joined, heaps = self._banded_at[near]
        return joined.copy(), heaps

    def _copies_in(self, group: Numbers, near: float, rare: Grams, marks: Marks | None) -> Iterator[tuple[int, int]]:
        """Those of a group that are copies of an earlier one which is kept, each with the nearest of them."""
        kept = _Sharing(*_rarest(rare, group, near))
        for place in range(len(group)):
            text, others = int(group[place]), group[kept.sharing(place)]
            if marks is not None:
                others = others[~marks.apart(text, others)]
            earlier = self._nearest(text, others, near, rare)
            if earlier is None:
                kept.add(place)
            else:
                yield text, earlier

    def _nearest(self, text: int, others: Numbers, near: float, rare: Grams) -> int | None:
        """Of some texts the one that a text is a copy of; None where it is none."""
        # First by the rare 5-grams: of texts of one template they leave few others.
        others = others[_similarity(rare, text, others) >= near] if len(others) else others
        if not len(others):
            return None
        similar = _similarity(self._read, text, others)
        return int(others[similar.argmax()]) if similar.max() >= near else None

    def _in_first(self, group: Numbers, count: int, near: float) -> Iterator[tuple[int, int]]:
        """Those of a group that are near one of the first `count` texts, each with the nearest of them."""
        known = int(np.searchsorted(group, count))
        if not 0 < known < len(group):
            return
        earlier = _Sharing(*_rarest(self._read, group, near))
        for place in range(known):
            earlier.add(place)
        for place in range(known, len(group)):
            others = group[earlier.sharing(place)]
            similar = _similarity(self._read, int(group[place]), others) if len(others) else np.zeros(1)
            if similar.max() >= near:
                yield int(group[place]), int(others[similar.argmax()])

    def _groups_in(self, heap: Numbers, near: float) -> Iterator[Numbers]:
        """Those of a heap that are near, and what they are joined by."""
        earlier, labels = _Overlapping(self._read, heap, near), np.arange(len(heap))
        for place in range(len(heap)):
            others = earlier.overlapping(place)
            # What is joined already need not be compared; in a large group one look is mostly enough.
            while len(others := others[labels[others] != labels[place]]):
                part, others = others[:MANY], others[MANY:]
                similar = _similarity(self._read, int(heap[place]), heap[part])
                for label in np.unique(labels[part[similar >= near]]):
                    labels[labels == label] = labels[place]
            earlier.add(place)
        yield from _runs(labels, heap)

    @cached_property
    def _read(self) -> Grams:
        for file in self._files.values():
            file.flush()
        sizes = np.fromfile(self._folder / "sizes.bin", np.int64)
        return Grams(sizes, np.cumsum(sizes), mapped(self._folder / "grams.bin", np.uint32))

    def _buckets(self, distinct: Numbers) -> Iterator[Numbers]:
        """The texts that share a number in a band, two or more."""
        self._files["bands"].flush()
        bands = mapped(self._folder / "bands.bin", np.uint64).reshape(-1, BANDS)
        with cursor() as database:
            for band in range(BANDS):
                table: Any = pa.Table.from_arrays([distinct, bands[distinct, band]], names=["text", "band"])  # pyright: ignore[reportUnknownMemberType, reportArgumentType] - the stubs know no arrays of numpy
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
                near_it = _similarity(self._read, one, part) >= near
                for other in part[near_it].tolist():
                    joined.join(one, other)
                    reached.append(other)
                part = part[~near_it]


def _rarest(read: Grams, texts: Numbers, near: float) -> tuple[list[Numbers], Numbers]:
    """The rarest 5-grams of each of some texts, as numbers of their own, and how many of them a near text shares.

    Two sets of sizes n and m that are near share near * max(n, m) elements or more; so, in any one order, the first
    n - near * n + k of one and the first m - near * m + k of the other share k. A text's k is SHARED, or all that a
    near one must share where that is less; two texts share the lesser one.
    """
    sizes, grams = read.sizes[texts], read.of_all(texts)
    owner = np.repeat(np.arange(len(texts)), sizes)
    _, number, count = np.unique(grams, return_inverse=True, return_counts=True)
    # The product can come out a little too large, and one 5-gram more does no harm.
    missing = sizes - np.ceil(near * sizes - 1e-9).astype(np.int64)
    at_least = np.minimum(SHARED, sizes - missing)
    order = np.lexsort((number, count[number], owner))
    rank = np.arange(len(grams)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    rarest = order[rank < np.repeat(missing + at_least, sizes)]
    return np.split(number[rarest], np.flatnonzero(np.diff(owner[rarest])) + 1), at_least


def _similarity(read: Grams, one: int, others: Numbers) -> Numbers:
    """Jaccard similarity of a text's 5-grams with those of each of some others."""
    wanted, sizes, compared = read.of(one), read.sizes[others], read.of_all(others)
    place = np.minimum(np.searchsorted(wanted, compared), len(wanted) - 1)
    shared = np.add.reduceat((wanted[place] == compared).astype(np.int64), np.cumsum(sizes) - sizes)
    return shared / (len(wanted) + sizes - shared)


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
        found = np.concatenate([self._texts[start:end] for start, end in spans])
        # Few are sorted; many are counted in an array of all texts, which is of no use for few.
        if 8 * len(found) < len(self._at_least):
            texts, times = np.unique(found, return_counts=True)
        else:
            times = np.bincount(found)
            texts = np.arange(len(times))
        return texts[times >= np.minimum(self._at_least[text], self._at_least[texts])]


class _Overlapping:
    """Texts that come one after the other, and which of the earlier ones can be near one, by the 5-grams that few have.

    Two sets of sizes n and m that are near share near / (1 + near) * (n + m) elements or more. Of those that many of
    the texts have they share what the smaller set has at the most; so the rest has to be shared of the others, and
    those are counted.
    """

    def __init__(self, read: Grams, texts: Numbers, near: float) -> None:
        """Take some texts and the similarity that is wanted of them."""
        self._sizes, self._least = read.sizes[texts], near / (1 + near)
        owner = np.repeat(np.arange(len(texts)), self._sizes)
        _, number, count = np.unique(read.of_all(texts), return_inverse=True, return_counts=True)
        few = count[number] <= max(MANY, len(texts) // MANY)
        kept = np.bincount(owner[few], minlength=len(texts))
        self._common = self._sizes - kept
        self._grams = np.split(number[few], np.cumsum(kept)[:-1])
        sizes = np.bincount(number[few], minlength=len(count))
        self._starts = np.cumsum(sizes) - sizes
        self._ends = self._starts.copy()
        self._texts = np.empty(int(sizes.sum()), np.int64)

    def add(self, text: int) -> None:
        """Have later texts look at this one; they are added in their order."""
        ends = self._ends[self._grams[text]]
        self._texts[ends] = text
        self._ends[self._grams[text]] = ends + 1

    def overlapping(self, text: int) -> Numbers:
        """Those before a text that share enough with it to be near, as far as is known, in order."""
        own = self._grams[text]
        spans = zip(self._starts[own].tolist(), self._ends[own].tolist(), strict=True)
        found = [self._texts[start:end] for start, end in spans]
        shared = np.bincount(np.concatenate(found), minlength=text) if found else np.zeros(text, np.int64)
        common = np.minimum(self._common[text], self._common[:text])
        wanted = self._least * (self._sizes[text] + self._sizes[:text]) - common
        return np.flatnonzero(shared >= wanted - 1e-9)


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

    def copy(self) -> "_Groups":
        """The same, to be joined on."""
        return _Groups(np.array(self._parents, np.int64))

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
