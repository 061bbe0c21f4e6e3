"""A run's checkpoints against its base, one after the other: what each forgot, and its light."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from evals.forgetting.drift import Drift, Likelihoods, drift
from evals.forgetting.light import MARGIN, Light, light
from evals.forgetting.paired import Answer, Comparison, compare
from store.evaluations import ItemRow, ItemText

__all__ = ["Asked", "Evidence", "evidence"]


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


def evidence(
    base: Iterable[ItemRow], checkpoints: Sequence[Asked], texts: Iterable[ItemText], margin: float = MARGIN
) -> list[Evidence]:
    """Compare checkpoints of one path, in order, with their base.

    Questions that the base was not asked are left out. Raises DataError where no question is left.
    """
    known, asked = {row.id: row for row in base}, {text.id: text for text in texts}
    found: list[Evidence] = []
    for checkpoint in checkpoints:
        rows = [row for row in checkpoint.items if row.id in known and row.id in asked]
        comparison = compare(
            [_answer(known[row.id], asked[row.id]) for row in rows], [_answer(row, asked[row.id]) for row in rows]
        )
        moved = _drift([(known[row.id], row, asked[row.id].gold) for row in rows])
        history = [*(one.comparison for one in found), comparison]
        found.append(Evidence(comparison, light(history, margin, drifted=bool(moved and moved.flagged)), moved))
    return found


def _answer(row: ItemRow, text: ItemText) -> Answer:
    return Answer(row.id, bool(row.correct), len(text.choices) if text.choices else None, text.category)


def _drift(rows: Sequence[tuple[ItemRow, ItemRow, int | None]]) -> Drift | None:
    pairs = [
        Likelihoods(one.id, base=one.lls, tuned=other.lls, answer=gold)
        for one, other, gold in rows
        if gold is not None and one.lls and other.lls and all(map(math.isfinite, (*one.lls, *other.lls)))
    ]
    return drift(pairs) if len(pairs) > 1 else None
