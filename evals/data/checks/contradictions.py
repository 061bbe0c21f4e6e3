"""One question, several answers: some contradict each other, others are only different."""

from collections.abc import Iterator, Sequence

import numpy as np

from evals.data.alike import Numbers
from evals.data.facts import Facts, finding_of
from evals.data.finding import EXAMPLES, Finding
from evals.data.marks import SHORT
from evals.data.row import DataRow

__all__ = ["contradictions"]


def contradictions(rows: Sequence[DataRow], facts: Facts) -> list[Finding]:
    """Rows that answer a question which another row answers otherwise.

    They contradict each other where one says yes and another no, or where all are short and differ. Other answers may
    well all be right, which is said as info.
    """
    against, several = list[int](), list[int]()
    other: dict[int, int] = {}
    for group in _same_question(facts):
        answers = facts.answered[group]
        if len(np.unique(answers)) > 1:
            (against if _contradict(facts, group) else several).extend(group.tolist())
            # Each is shown beside one that answers otherwise.
            other.update((row, int(group[answers != facts.answered[row]][0])) for row in group[:EXAMPLES].tolist())

    def text(place: int) -> str:
        beside = rows[other[place]] if place in other else None
        answer = rows[place].answer
        return answer if beside is None else f"{answer[:24]} | {beside.place}: {beside.answer}"

    return [
        finding_of("contradictory-answers", "warning", rows, np.sort(np.array(against, np.int64)), text),
        finding_of("several-answers", "info", rows, np.sort(np.array(several, np.int64)), text),
    ]


def _same_question(facts: Facts) -> Iterator[Numbers]:
    """The rows of each question that two or more ask, with the same system turn."""
    asked = np.flatnonzero((facts.asked != 0) & (facts.answered != 0))
    keys = np.stack((facts.asked[asked], facts.systems[asked]))
    order = np.lexsort((asked, *keys))
    cuts = np.flatnonzero((np.diff(keys[:, order], axis=1) != 0).any(axis=0)) + 1
    return (part for part in np.split(asked[order], cuts) if len(part) > 1)


def _contradict(facts: Facts, group: Numbers) -> bool:
    stances = facts.stances[group]
    return bool((stances.min() < 0 < stances.max()) or (facts.answer_sizes[group] <= SHORT).all())
