"""Leak check: which of a suite's items stand in the training data.

Texts are compared without width, case, white space and punctuation, by runs of 13 characters, which serve Chinese and
English alike. A question's coverage is the share of its characters that lie in a run found in the training data;
above a half it counts as leaked. What is shorter than 13 characters is leaked where it stands in a training text whole.
Questions made from one template share runs, and count as leaked where the template was trained on: see the row named.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Literal, NamedTuple, TypeAlias

from evals.text import read_samples, words_of

__all__ = [
    "Leak", "LeakReport", "Probe", "Split", "TrainingText", "check_leaks", "comparable", "split", "training_texts",
    "unchecked",
]  # fmt: skip

GRAM = 13
"""Characters in a run, as GPT-3's authors had words."""

LIMIT = 0.5
"""Coverage above which an item is leaked."""

COMMON = 20
"""A run that more items than this share says little about which row an item was copied from, and costs the most."""

Status: TypeAlias = Literal["clean", "leaked", "unchecked"]


class Probe(NamedTuple):
    """A suite's item, as the check sees it."""

    id: str
    """The item's id."""

    text: str
    """What would have been leaked: the question with its right answer, or the text."""


class TrainingText(NamedTuple):
    """A row of training data."""

    source: str
    """Its file."""

    row: int
    """Its row number there, from 0."""

    text: str
    """Its words."""


@dataclass(frozen=True, slots=True)
class Leak:
    """An item that stands in the training data."""

    id: str
    """The item's id."""

    coverage: float
    """Share of its characters found in the training data, above 0.5."""

    source: str
    """File of the row that covers most of it."""

    row: int
    """That row's number, from 0."""


@dataclass(frozen=True, slots=True)
class LeakReport:
    """What the check found."""

    items: int
    """Items looked for."""

    rows: int
    """Training rows looked at."""

    leaked: tuple[Leak, ...]
    """Items that stand in the training data, in the suite's order."""

    status: Status
    """`unchecked` where no training data was named."""

    @property
    def ids(self) -> frozenset[str]:
        """Ids of the leaked items."""
        return frozenset(leak.id for leak in self.leaked)

    @property
    def words(self) -> str:
        """The result in a sentence.

        >>> unchecked(500).words
        'not checked for leaks: no training data is known'
        """
        if self.status == "unchecked":
            return "not checked for leaks: no training data is known"
        found = f"{len(self.leaked):,}" if self.leaked else "none"
        return f"{found} of {self.items:,} items found in the training data ({self.rows:,} rows)"


def check_leaks(probes: Sequence[Probe], texts: Iterable[TrainingText]) -> LeakReport:
    """Look for a suite's items, whose ids are unique, in training texts.

    The texts are read once and not kept: memory is that of the suite. With no texts at all the report says `clean` of 0
    rows; where no training data is known, say `unchecked` instead.
    """
    search = _Search(probes)
    rows = 0
    for text in texts:
        search.see(text)
        rows += 1
    leaked = tuple(search.leaks())
    return LeakReport(len(probes), rows, leaked, "leaked" if leaked else "clean")


def unchecked(items: int) -> LeakReport:
    """The report of a suite that nothing was compared with."""
    return LeakReport(items, 0, (), "unchecked")


def training_texts(paths: Iterable[str | Path], columns: Mapping[str, str] | None = None) -> Iterator[TrainingText]:
    """Every row of training files or data sets, without system turns; `columns` as `read_samples` takes them.

    Raises DataError as that does.
    """
    for path in paths:
        for sample in read_samples(path, columns):
            yield TrainingText(str(path), sample.row, words_of(sample))


def comparable(text: str) -> str:
    """The text by which leaks are found: one width, one case, letters and digits only.

    >>> comparable("Ｔｈｅ fever, 38.5 °C：发热。")
    'thefever385c发热'
    """
    return re.sub(r"\W+", "", unicodedata.normalize("NFKC", text).lower())


class Split(NamedTuple):
    """A mean score with and without the leaked items."""

    score: float
    """Mean of all items."""

    n: int
    """How many they are."""

    clean_score: float | None
    """Mean of those that are not leaked; None where all are."""

    clean_n: int
    """How many they are."""


def split(scores: Mapping[str, float], leaked: Collection[str]) -> Split:
    """Average scores by id, with and without leaked items; one score or more.

    >>> split({"a": 1.0, "b": 0.0}, {"a"})
    Split(score=0.5, n=2, clean_score=0.0, clean_n=1)
    """
    clean = [score for id_, score in scores.items() if id_ not in leaked]
    return Split(fmean(scores.values()), len(scores), fmean(clean) if clean else None, len(clean))


class _Item:
    """An item and the row that covers most of it so far."""

    __slots__ = ("best", "grams", "id", "row", "size", "width")

    def __init__(self, probe: Probe) -> None:
        text = comparable(probe.text)
        self.id, self.size, self.width = probe.id, len(text), min(GRAM, len(text))
        # A text of nothing but signs has no run at all, and covers nothing.
        self.grams = [text[start : start + self.width] for start in range(self.size - self.width + 1)] if text else []
        self.best = 0.0
        self.row: tuple[str, int] | None = None

    def coverage(self, found: Collection[str]) -> float:
        """Share of its characters in a run that is found."""
        covered, end = 0, 0
        for start, gram in enumerate(self.grams):
            if gram in found:
                covered += start + self.width - max(start, end)
                end = start + self.width
        return covered / self.size if self.size else 0.0


class _Search:
    """The suite's runs, and where each was found."""

    def __init__(self, probes: Sequence[Probe]) -> None:
        self._items = [_Item(probe) for probe in probes]
        shared = Counter(gram for item in self._items for gram in set(item.grams))
        self._widths = sorted({item.width for item in self._items if item.grams})
        self._first: dict[str, tuple[str, int] | None] = dict.fromkeys(shared)
        self._telling: defaultdict[str, list[_Item]] = defaultdict(list)
        for item in self._items:
            for gram in set(item.grams):
                if shared[gram] <= COMMON:
                    self._telling[gram].append(item)

    def see(self, training: TrainingText) -> None:
        """Look at a training row."""
        text, first = comparable(training.text), self._first
        found = {
            gram
            for width in self._widths
            for start in range(len(text) - width + 1)
            if (gram := text[start : start + width]) in first
        }
        if not found:
            return
        row = (training.source, training.row)
        for gram in found:
            if first[gram] is None:
                first[gram] = row
        for item in {item.id: item for gram in found for item in self._telling.get(gram, ())}.values():
            coverage = item.coverage(found)
            if coverage > item.best:
                item.best, item.row = coverage, row

    def leaks(self) -> Iterator[Leak]:
        """The leaked items among all."""
        found = {gram for gram, row in self._first.items() if row is not None}
        for item in self._items:
            coverage = item.coverage(found)
            if coverage > LIMIT:
                yield Leak(item.id, coverage, *(item.row or self._usual_row(item)))

    def _usual_row(self, item: _Item) -> tuple[str, int]:
        """Of an item of common runs alone: the row in which most of them were found first."""
        rows = Counter(row for gram in item.grams if (row := self._first[gram]) is not None)
        return rows.most_common(1)[0][0]
