"""The 5-grams of many texts in a file that is mapped into memory, with and without those that stand in very many texts.

An instruction that stands before every question, or a form that every row fills in, makes rows alike in which nothing
else is. Its 5-grams say nothing of whether a row is a copy.
"""

from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Grams", "mapped", "rare_grams"]

Numbers: TypeAlias = NDArray[Any]

SHARE = 0.005
"""Share of the texts above which a 5-gram is common, as a sentence is: each of many tasks has its own instruction."""

LEAST = 10
"""Texts up to which a 5-gram is not common, however few there are: so many may be copies of one."""

SAMPLE = 20_000
"""Texts of which 5-grams are counted; their share is that of all to a twentieth of a percent."""

CHUNK = 1 << 22
"""5-grams that are in memory at once."""


class Grams(NamedTuple):
    """The 5-grams of texts, which are numbered from 0."""

    sizes: Numbers
    """How many different ones each text has, int64 [texts]."""

    ends: Numbers
    """Where those of each text end, int64 [texts]."""

    grams: Numbers
    """All of them, one text after the other, each text's in order and once, uint32."""

    def of(self, text: int) -> Numbers:
        """Those of a text."""
        end = int(self.ends[text])
        return self.grams[end - int(self.sizes[text]) : end]

    def of_all(self, texts: Numbers) -> Numbers:
        """Those of some texts, one after the other."""
        return np.concatenate([self.of(text) for text in texts.tolist()])


def mapped(path: Path, kind: type[np.generic]) -> Numbers:
    """The numbers in a file, of which only those that are looked at are read."""
    # An empty file cannot be mapped.
    # A plain view: slices of a memmap take five times as long.
    return np.memmap(path, kind, "r").view(np.ndarray) if path.stat().st_size else np.empty(0, kind)


def rare_grams(whole: Grams, distinct: Numbers, path: Path) -> Grams:
    """The 5-grams without those that are common among the `distinct` texts; they are written to a new file."""
    common = _common(whole, distinct)
    if not len(common):
        return whole
    ends = np.zeros(len(whole.ends), np.int64)
    kept = 0
    with path.open("wb") as file:
        for start in range(0, len(whole.grams), CHUNK):
            part = whole.grams[start : start + CHUNK]
            rare = ~_is_in(part, common)
            counts = np.cumsum(rare)
            first, last = np.searchsorted(whole.ends, [start, start + len(part)], side="right")
            ends[first:last] = kept + counts[whole.ends[first:last] - start - 1]
            kept += int(counts[-1])
            file.write(part[rare].tobytes())
    return Grams(np.diff(ends, prepend=0), ends, mapped(path, np.uint32))


def _common(whole: Grams, distinct: Numbers) -> Numbers:
    """The 5-grams that very many texts have, in order."""
    sample = distinct[:: max(1, -(-len(distinct) // SAMPLE))]
    if len(sample) <= LEAST:
        return np.empty(0, np.uint32)
    grams, counts = np.unique(whole.of_all(sample), return_counts=True)
    return grams[counts > max(LEAST, SHARE * len(sample))]


def _is_in(grams: Numbers, common: Numbers) -> Numbers:
    place = np.minimum(np.searchsorted(common, grams), len(common) - 1)
    return common[place] == grams
