"""From verdicts to the unit of inference, the item: its score is the mean of its planned verdicts.

Treating the verdicts of one item as independent makes wrong claims three times as frequent, so nothing here counts
verdicts. What a third expert says after a disagreement is no planned verdict, and is shown beside.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Literal, NamedTuple, TypeAlias

__all__ = [
    "Outcome", "PlannedItem", "ScoredItem", "Tally", "Verdict", "behind_the_prefix", "completed_prefix", "counted",
    "item_scores", "mirrored", "score_of", "tallied", "theta", "win_difference",
]  # fmt: skip

Outcome: TypeAlias = Literal["win", "tie", "both_bad", "loss"]
"""Of the candidate against the baseline."""

Tally: TypeAlias = Mapping[float, int]
"""How many items have which score; all that the sequential tests look at."""

_SCORES: dict[Outcome, float] = {"win": 1.0, "tie": 0.5, "both_bad": 0.5, "loss": 0.0}


class Verdict(NamedTuple):
    """What one grader said of one item."""

    item: str
    """The item's id."""

    grader: str
    """Who judged."""

    score: float
    """1 where the candidate is better, 0 where the baseline is, ½ between them."""


class PlannedItem(NamedTuple):
    """One place of a campaign's seeded order."""

    item: str
    """The item's id."""

    planned: int = 1
    """Verdicts wanted: 2 where graders overlap."""

    skipped: int = 0
    """Wanted verdicts that nobody will give any more: skipped for good."""


class ScoredItem(NamedTuple):
    """An item all of whose verdicts are in."""

    item: str
    """The item's id."""

    score: float
    """Mean of its verdicts, 0 to 1."""


def score_of(outcome: Outcome) -> float:
    """A verdict as a number; a tie and "both unacceptable" say alike that neither is better.

    >>> [score_of(outcome) for outcome in ("win", "tie", "both_bad", "loss")]
    [1.0, 0.5, 0.5, 0.0]
    """
    return _SCORES[outcome]


def item_scores(verdicts: Iterable[Verdict]) -> dict[str, float]:
    """The mean verdict of each item, in the order of their first verdicts.

    >>> item_scores([Verdict("a", "ann", 1.0), Verdict("b", "ann", 0.0), Verdict("a", "bo", 0.5)])
    {'a': 0.75, 'b': 0.0}
    """
    return {item: fmean(given) for item, given in _by_item(verdicts).items()}


def completed_prefix(order: Sequence[PlannedItem], verdicts: Iterable[Verdict]) -> list[ScoredItem]:
    """The scored items before the first one that still waits for a verdict.

    Slow items may differ from fast ones: "all that are in by now" is a biased sample at a look, the longest complete
    prefix of one random order is not. An item that was only skipped has no score and holds nobody up.

    >>> order = [PlannedItem("a"), PlannedItem("b", planned=2), PlannedItem("c")]
    >>> completed_prefix(order, [Verdict("c", "bo", 1.0), Verdict("a", "ann", 0.5), Verdict("b", "ann", 1.0)])
    [ScoredItem(item='a', score=0.5)]
    """
    given = _by_item(verdicts)
    prefix: list[ScoredItem] = []
    for place in order:
        scores = given.get(place.item, [])
        assert len(scores) + place.skipped <= place.planned, f"item {place.item} has verdicts that were not planned"
        if len(scores) + place.skipped < place.planned:
            break
        if scores:
            prefix.append(ScoredItem(place.item, fmean(scores)))
    return prefix


def behind_the_prefix(order: Sequence[PlannedItem], verdicts: Iterable[Verdict]) -> int:
    """Scored items that have all their verdicts and come after one that has not: they wait, and are not weighed yet.

    >>> order = [PlannedItem("a"), PlannedItem("b", planned=2), PlannedItem("c")]
    >>> behind_the_prefix(order, [Verdict("c", "bo", 1.0), Verdict("a", "ann", 0.5), Verdict("b", "ann", 1.0)])
    1
    """
    kept = list(verdicts)
    counts = Counter(verdict.item for verdict in kept)
    complete = sum(0 < counts[place.item] >= place.planned - place.skipped for place in order)
    return complete - len(completed_prefix(order, kept))


def tallied(scores: Iterable[float]) -> Tally:
    """Count equal scores."""
    return Counter(scores)


def counted(wins: int, ties: int, losses: int) -> Tally:
    """The tally of items with one verdict each."""
    return {1.0: wins, 0.5: ties, 0.0: losses}


def mirrored(tally: Tally) -> Tally:
    """The same verdicts seen from the baseline's side."""
    return {1 - score: count for score, count in tally.items()}


def theta(tally: Tally) -> float:
    """P(win) + P(tie) / 2, estimated: the mean score of one item or more.

    >>> theta(counted(6, 2, 2))
    0.7
    """
    return sum(score * count for score, count in tally.items()) / sum(tally.values())


def win_difference(tally: Tally) -> float:
    """P(win) - P(loss), estimated, -1 to 1; of single verdicts (wins - losses) / items.

    >>> win_difference(counted(6, 2, 2))
    0.4
    """
    return sum((2 * score - 1) * count for score, count in tally.items()) / sum(tally.values())


def _by_item(verdicts: Iterable[Verdict]) -> dict[str, list[float]]:
    given: dict[str, list[float]] = {}
    for verdict in verdicts:
        given.setdefault(verdict.item, []).append(verdict.score)
    return given
