"""Answers to prompts that are only shown, by prompt and in the order of the checkpoints; pure functions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.model_text import plain_text

__all__ = ["ASKED", "Answer", "Prompt", "Stretch", "before", "prompts", "stretches"]

ASKED = "asked"
"""Suite of the questions that people ask from the page."""

DIGEST = 12

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the base or a checkpoint answered."""

    row: Row
    """is_base, branch, step, active."""

    text: str
    """What it said."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt with all answers to it."""

    key: str
    """Its name in the address."""

    suite: str
    """`samples` or `asked`."""

    question: str
    """The prompt."""

    reference: str | None
    """The wanted answer, where one is known."""

    answers: tuple[Answer, ...]
    """The base's first, then by step."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Checkpoints one after the other that said the same."""

    answers: tuple[Answer, ...]
    """Them, in order."""

    before: Answer | None
    """What the first of them is compared with; None where nothing came before."""

    @property
    def is_unchanged(self) -> bool:
        """Whether they say what was said before."""
        return self.before is not None and _same(self.before, self.answers[0])


def prompts(rows: Iterable[Row]) -> list[Prompt]:
    """The prompts of rows of `queries.samples.answers`: what was asked last first, then held-out ones in order."""
    by_key: dict[str, list[Row]] = {}
    for row in rows:
        by_key.setdefault(f"{row['suite_sha256'][:DIGEST]}-{row['item']}", []).append(row)
    found = [(_prompt(key, part), max(row["created"] for row in part)) for key, part in by_key.items()]
    asked = sorted((one for one in found if one[0].suite == ASKED), key=lambda one: one[1], reverse=True)
    return [one for one, _ in asked] + [one for one, _ in found if one.suite != ASKED]


def _prompt(key: str, rows: Sequence[Row]) -> Prompt:
    first = rows[0]
    answers = tuple(Answer(row, row["answer"]) for row in rows)
    return Prompt(key, first["suite"], first["question"], first["reference"], answers)


def before(answers: Sequence[Answer], place: int) -> Answer | None:
    """The answer that one is compared with: the newest before it on its own history; None where there is none."""
    row = answers[place].row
    earlier = [one for one in answers[:place] if one.row["is_base"] or one.row["step"] < row["step"]]
    return next((one for one in reversed(earlier) if one.row["active"] or one.row["branch"] == row["branch"]), None)


def stretches(answers: Sequence[Answer]) -> list[Stretch]:
    """Answers in order; neighbours that say what was said before them are taken together."""
    found: list[Stretch] = []
    for place, one in enumerate(answers):
        new = Stretch((one,), before(answers, place))
        last = found[-1] if found else None
        if last and last.is_unchanged and new.is_unchanged and one.row["active"] == last.answers[-1].row["active"]:
            found[-1] = Stretch((*last.answers, one), last.before)
        else:
            found.append(new)
    return found


def _same(one: Answer, other: Answer) -> bool:
    return plain_text(one.text) == plain_text(other.text)
