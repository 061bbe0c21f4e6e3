"""A run's checkpoints against its base, one after the other: what each forgot, and its light."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from evals.forgetting.drift import Drift, Likelihoods, drift
from evals.forgetting.light import MARGIN, Light, light
from evals.forgetting.paired import Answer, Comparison, compare
from store.evaluations import ItemRow, ItemText

__all__ = ["Asked", "Evidence", "Facts", "evidence", "facts_of", "judged"]


class Asked(NamedTuple):
    """One checkpoint's answers."""

    items: Sequence[ItemRow]
    """What it made of each question it was asked."""


class Evidence(NamedTuple):
    """What one checkpoint forgot."""

    comparison: Comparison
    """It against the base, on the questions that both were asked."""

    light: Light
    """What that means, with the checkpoint before it."""

    drift: Drift | None
    """How the likelihood of the right answers moved; None where too few have one."""


class Facts(NamedTuple):
    """What one checkpoint forgot, whatever came before it."""

    comparison: Comparison
    """It against the base."""

    drift: Drift | None
    """How the likelihood of the right answers moved; None where too few have one."""


def evidence(
    base: Iterable[ItemRow], checkpoints: Sequence[Asked], texts: Iterable[ItemText], margin: float = MARGIN
) -> list[Evidence]:
    """Compare checkpoints of one path, in order, with their base.

    Questions that the base was not asked are left out. Raises DataError where no question is left.
    """
    known, asked = {row.id: row for row in base}, {text.id: text for text in texts}
    return judged([facts_of(known, checkpoint.items, asked) for checkpoint in checkpoints], margin)


def facts_of(base: Mapping[str, ItemRow], items: Sequence[ItemRow], texts: Mapping[str, ItemText]) -> Facts:
    """Compare one checkpoint with its base, whose answers and questions are given by id. Raises as `evidence` does."""
    rows = [row for row in items if row.id in base and row.id in texts]
    comparison = compare(
        [_answer(base[row.id], texts[row.id]) for row in rows], [_answer(row, texts[row.id]) for row in rows]
    )
    return Facts(comparison, _drift([(base[row.id], row, texts[row.id].gold) for row in rows]))


def judged(path: Sequence[Facts], margin: float = MARGIN) -> list[Evidence]:
    """The light of each checkpoint of one path, in order."""
    history = [facts.comparison for facts in path]
    lights = [
        light(history[: place + 1], margin, drifted=bool(one.drift and one.drift.flagged))
        for place, one in enumerate(path)
    ]
    return [Evidence(one.comparison, shown, one.drift) for one, shown in zip(path, lights, strict=True)]


def _answer(row: ItemRow, text: ItemText) -> Answer:
    return Answer(row.id, bool(row.correct), len(text.choices) if text.choices else None, text.category)


def _drift(rows: Sequence[tuple[ItemRow, ItemRow, int | None]]) -> Drift | None:
    pairs = [
        Likelihoods(one.id, base=one.lls, tuned=other.lls, answer=gold)
        for one, other, gold in rows
        if gold is not None and one.lls and other.lls and all(map(math.isfinite, (*one.lls, *other.lls)))
    ]
    return drift(pairs) if len(pairs) > 1 else None
