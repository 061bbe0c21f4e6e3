"""Near-duplicates: texts that share most of their runs of five characters.

MinHash with locality-sensitive hashing (Leskovec, Rajaraman and Ullman, Mining of Massive Datasets,
chapter 3) finds pairs that may be near; the Jaccard similarity of their sets of 5-grams decides. The
bands lie in memory one at a time.
"""

import unicodedata
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from datasketch import MinHash  # pyright: ignore[reportMissingTypeStubs] - it ships none
from numpy.typing import NDArray

__all__ = ["band_size", "near_groups", "normal_form"]

GRAM = 5
"""Characters in an n-gram; they serve Chinese and English alike."""
HASHES = 256
SEED = 1
RECALL = 0.99
"""Share of the pairs exactly at the threshold that are to be found; of those above it, more."""

Numbers: TypeAlias = NDArray[Any]


def near_groups(texts: Sequence[str], threshold: float = 0.7) -> list[int]:
    """Group near-duplicates, and what they are joined by; each text gets its group's number, by first appearance.

    Texts are compared in their `normal_form`. Those shorter than five characters are near only to their
    equals. `threshold` is the least Jaccard similarity of two texts that are near, above 0 and at most 1.

    >>> near_groups(["The fever began on Monday.", "the fever began  on monday", "Hi", "HI"])
    [0, 0, 1, 1]
    """
    assert 0 < threshold <= 1
    forms = [normal_form(text) for text in texts]
    distinct = list(dict.fromkeys(forms))
    groups = _Groups(distinct, threshold)
    long = [place for place, form in enumerate(distinct) if len(form) >= GRAM]
    for bucket in _buckets([distinct[place] for place in long], band_size(threshold)):
        groups.join_near([long[item] for item in bucket])
    group_of = {form: groups.root(place) for place, form in enumerate(distinct)}
    numbers: dict[int, int] = {}
    return [numbers.setdefault(group_of[form], len(numbers)) for form in forms]


def normal_form(text: str) -> str:
    r"""The text without differences of case, width and white space.

    >>> normal_form("ＡＢ　c\n d ")
    'ab c d'
    """
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def band_size(threshold: float) -> int:
    """Hashes a band: the most with which a pair at the threshold still shares a band `RECALL` of the time.

    With r hashes a band and b bands that is 1 - (1 - threshold^r)^b.

    >>> band_size(0.7), band_size(0.9), band_size(1.0)
    (6, 14, 256)
    """
    sizes = range(HASHES, 1, -1)
    return next((size for size in sizes if 1 - (1 - threshold**size) ** (HASHES // size) >= RECALL), 1)


class _Groups:
    """Texts and which of them are joined so far."""

    def __init__(self, texts: list[str], threshold: float) -> None:
        self._texts, self._threshold = texts, threshold
        self._parents = list(range(len(texts)))

    def root(self, place: int) -> int:
        """The text that stands for a group."""
        while self._parents[place] != place:
            self._parents[place] = self._parents[self._parents[place]]
            place = self._parents[place]
        return place

    def join_near(self, bucket: list[int]) -> None:
        """Join those texts of a bucket that are near; one is compared with those that nothing has reached yet."""
        if len({self.root(place) for place in bucket}) == 1:
            return
        known: dict[str, int] = {}
        numbered = [
            np.array([known.setdefault(gram, len(known)) for gram in _grams(self._texts[place])]) for place in bucket
        ]
        unreached: Numbers = np.arange(len(bucket))
        while len(unreached) > 1:
            reached: list[int] = [int(unreached[0])]
            unreached = unreached[1:]
            while reached and len(unreached):
                one = reached.pop()
                similar = _similarity(numbered[one], [numbered[other] for other in unreached], len(known))
                near = similar >= self._threshold
                found: list[int] = unreached[near].tolist()
                for other in found:
                    self._parents[self.root(bucket[other])] = self.root(bucket[one])
                reached += found
                unreached = unreached[~near]


def _buckets(texts: list[str], size: int) -> Iterator[list[int]]:
    """The groups of texts that agree in a band of hashes, in order."""
    signatures = _signatures(texts)
    for start in range(0, HASHES - size + 1, size):
        places: defaultdict[bytes, list[int]] = defaultdict(list)
        for place, band in enumerate(signatures[:, start : start + size]):
            places[band.tobytes()].append(place)
        yield from (bucket for bucket in places.values() if len(bucket) > 1)


def _signatures(texts: list[str]) -> Numbers:
    # crc32 is the same in every process, unlike hash(); datasketch mixes its bits.
    grams = ([gram.encode("utf-8", "replace") for gram in _grams(text)] for text in texts)
    hashes: Any = MinHash.generator(grams, num_perm=HASHES, seed=SEED, hashfunc=zlib.crc32, scheme="affine32")  # pyright: ignore[reportUnknownMemberType] - it has no types
    found = [item.hashvalues for item in hashes]
    return np.stack(found) if found else np.empty((0, HASHES), np.uint32)


def _grams(text: str) -> frozenset[str]:
    return frozenset(text[start : start + GRAM] for start in range(len(text) - GRAM + 1))


def _similarity(one: Numbers, others: list[Numbers], known: int) -> Numbers:
    """Jaccard similarity of a set of n-grams with each of the others; n-grams are numbers below `known`."""
    inside = np.zeros(known, np.int32)
    inside[one] = 1
    sizes = np.array([len(other) for other in others])
    shared = np.add.reduceat(inside[np.concatenate(others)], np.cumsum(sizes) - sizes)
    return shared / (len(one) + sizes - shared)
