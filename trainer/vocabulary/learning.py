"""Which tokens to add: BPE goes on where the tokenizer's own training ended, on the tokens that it makes of a corpus.

The pair of neighbours that occurs most often becomes a token, and so on (Sennrich et al. 2016, arXiv 1508.07909; from a
trained tokenizer on: arXiv 2512.03989). Only whole tokens are joined, so none is ever split.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import NamedTuple, TypeAlias

__all__ = ["NewToken", "Run", "learn_tokens"]

Run: TypeAlias = tuple[str, ...]
"""Neighbouring tokens that may be joined, as the tokenizer spells them."""


class NewToken(NamedTuple):
    """A token to be added."""

    token: str
    """As the tokenizer spells it."""

    parts: tuple[str, ...]
    """The two tokens it is joined of, old or new; itself alone where it is a character that had no token."""

    occurrences: int
    """How often they stood side by side when it was made, or how often the character occurs."""


def learn_tokens(
    runs: Mapping[Run, int], most: int, least: int, *, is_new: Callable[[str], bool],
    progress: Callable[[int], object] = lambda _: None,
) -> list[NewToken]:  # fmt: skip
    """At most `most` tokens that occur `least` times or more, the most frequent first.

    `runs` are counted; a part of one that has no token yet is a character. `is_new` says of a spelling that it may be
    added. Equally frequent ones come in the order of their spelling.

    >>> runs = {("阿", "莫", "西", "林"): 3, ("西", "林"): 2}
    >>> found = learn_tokens(runs, 5, 3, is_new=lambda token: len(token) > 1)
    >>> [(item.token, item.occurrences) for item in found]
    [('西林', 5), ('莫西林', 3), ('阿莫西林', 3)]
    """
    corpus = _Corpus(runs, is_new)
    found: list[NewToken] = []
    while len(found) < most and (best := corpus.most_frequent(least)):
        found.append(best)
        corpus.take(best)
        progress(len(found))
    return found


class _Corpus:
    """Runs of tokens, and how often each pair of neighbours occurs in them."""

    def __init__(self, runs: Mapping[Run, int], is_new: Callable[[str], bool]) -> None:
        self._runs, self._weights = list(map(list, runs)), list(runs.values())
        self._is_new = is_new
        self._taken: set[str] = set()
        self._counts: Counter[Run] = Counter()
        self._places: defaultdict[Run, set[int]] = defaultdict(set)
        for place, (run, weight) in enumerate(zip(self._runs, self._weights, strict=True)):
            for pair in pairwise(run):
                self._counts[pair] += weight
                self._places[pair].add(place)
        lone = {part for run in self._runs for part in run if is_new(part)}
        for run, weight in zip(self._runs, self._weights, strict=True):
            self._counts.update({(part,): weight * count for part, count in Counter(run).items() if part in lone})
        # Characters come first among the equally frequent: nothing is joined with one that has no token yet.
        self._heap = [(-count, len(parts), parts) for parts, count in self._counts.items() if self._fits(parts)]
        heapq.heapify(self._heap)

    def most_frequent(self, least: int) -> NewToken | None:
        """The most frequent of what may be added; None where none occurs often enough."""
        while self._heap and -self._heap[0][0] >= least:
            known, length, parts = heapq.heappop(self._heap)
            count = self._counts[parts]
            if count < -known:
                heapq.heappush(self._heap, (-count, length, parts))
            elif self._fits(parts):
                return NewToken("".join(parts), parts, count)
        return None

    def take(self, token: NewToken) -> None:
        """Join the parts of a token wherever they are neighbours."""
        self._taken.add(token.token)
        if len(token.parts) == 1:
            return
        made: set[Run] = set()
        for place in self._places.pop(token.parts):
            made |= self._join(place, token)
        for parts in made:
            if self._fits(parts):
                heapq.heappush(self._heap, (-self._counts[parts], len(parts), parts))

    def _join(self, place: int, token: NewToken) -> set[Run]:
        """Join the parts of a token in one run; the pairs that it is in then."""
        run, weight, counts = self._runs[place], self._weights[place], self._counts
        left, right = token.parts
        made: set[Run] = set()
        joined: list[str] = []
        at = 0
        while at < len(run):
            if run[at] != left or run[at + 1 : at + 2] != [right]:
                joined.append(run[at])
                at += 1
                continue
            counts[token.parts] -= weight
            # What stood before it may be the same token, joined just now.
            for before in joined[-1:]:
                counts[before, left] -= weight
                counts[before, token.token] += weight
                made.add((before, token.token))
            for after in run[at + 2 : at + 3]:
                counts[right, after] -= weight
                counts[token.token, after] += weight
                made.add((token.token, after))
            joined.append(token.token)
            at += 2
        self._runs[place] = joined
        for parts in made:
            self._places[parts].add(place)
        return made

    def _fits(self, parts: Run) -> bool:
        token = "".join(parts)
        return token not in self._taken and self._is_new(token)
