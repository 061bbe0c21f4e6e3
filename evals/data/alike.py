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

MANY = 64
"""Texts in one group above which they are put in smaller ones."""

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
        groups = self.groups(forms, near)
        distinct = np.flatnonzero((copies < 0) & (self._read.sizes > 0))
        for group in _runs(groups[distinct], distinct):
            kept = [int(group[0])]
            for text in group[1:].tolist():
                similar = self._similarity(text, kept)
                nearest = int(similar.argmax())
                if similar[nearest] >= near:
                    copies[text] = kept[nearest]
                else:
                    kept.append(text)
        return copies

    def groups(self, forms: Numbers, near: float = NEAR) -> Numbers:
        """The group of each text: those that are near, and what they are joined by; the number of its first text."""
        first = first_of(forms)
        distinct = np.flatnonzero((first == np.arange(len(forms))) & (self._read.sizes > 0))
        joined = _Groups(first)
        for bucket in self._buckets(distinct):
            for part in [bucket] if len(bucket) <= MANY else self._sharing_rare(bucket, near):
                self._join(joined, part, near)
        return joined.roots()

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

    def _sharing_rare(self, bucket: Numbers, near: float) -> Iterator[Numbers]:
        """The texts of a bucket that share one of their rarest 5-grams: of so many that similar ones must share one."""
        sizes = self._read.sizes[bucket]
        grams = np.concatenate([self._read.grams_of(text) for text in bucket.tolist()])
        owner = np.repeat(np.arange(len(bucket)), sizes)
        _, number, count = np.unique(grams, return_inverse=True, return_counts=True)
        order = np.lexsort((number, count[number], owner))
        rank = np.arange(len(grams)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        rare = order[rank < np.repeat(sizes - np.ceil(near * sizes).astype(np.int64) + 1, sizes)]
        yield from (bucket[part] for part in _runs(number[rare], owner[rare]))

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
    return np.memmap(path, kind, "r") if path.stat().st_size else np.empty(0, kind)


_SHARING = "SELECT list(text ORDER BY text) FROM band_of_texts GROUP BY band HAVING count(*) > 1 ORDER BY min(text)"


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
