"""What a campaign asks: rows of questions, each of them new, and three to practise on.

    {"id": "q1", "question": "…", "system": "…", "specialty": "cardiology", "reference": "…"}

`id` and `question` are needed. `system` is what both models are told first, `specialty` the field whose experts
judge it. Other columns, such as `reference`, are left alone: experts judge without it.
"""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.text.errors import DataError
from evals.text.files import Record, read_records
from evals.text.near import near_groups, normal_form

__all__ = [
    "LEAST", "PRACTICE", "Question", "draw_practice", "question_sha256", "read_practice", "read_questions",
]  # fmt: skip

PRACTICE = 3
"""Pairs that every grader begins with and that count for nothing."""

LEAST = PRACTICE + 1
"""Questions a campaign needs: those to practise on, and one to judge."""

LONGEST_ID = 200
LONGEST_SPECIALTY = 60


@dataclass(frozen=True, slots=True)
class Question:
    """One question, as both models are asked it."""

    id: str
    """Its id, unique in its file; experts never get it."""

    question: str
    """What is asked."""

    system: str = ""
    """What the models are told beforehand; empty for nothing."""

    specialty: str = ""
    """Field whose experts judge it; empty for everyone."""

    place: str = ""
    """Where it stands, for messages: `questions.jsonl line 7`."""


def question_sha256(text: str) -> str:
    """SHA-256 of a question's comparable text: the same for other cases, widths and white space.

    >>> question_sha256("Fever?") == question_sha256(" ＦＥＶＥＲ？ ")
    True
    """
    return hashlib.sha256(normal_form(text).encode("utf-8", "replace")).hexdigest()


def read_questions(path: Path, *, least: int = LEAST) -> list[Question]:
    """Read the questions of a campaign, `least` or more.

    Raises DataError naming file and line: columns missing or blank, an id twice, a question asked twice or nearly so.
    """
    questions = [_question(record) for record in read_records(path)]
    _require_own_ids(questions)
    _require_distinct(questions)
    if len(questions) < least:
        needed = f"{least} at least: {PRACTICE} to practise on and one to judge" if least == LEAST else f"{least}"
        raise DataError(f"{path} has {_counted(len(questions))}; it needs {needed}")
    return questions


def read_practice(path: Path, asked: Sequence[Question]) -> list[Question]:
    """The first questions of a file, to practise on, none of which is asked. Raises DataError."""
    practice = read_questions(path, least=PRACTICE)[:PRACTICE]
    taken = {question.id for question in asked}
    for question in practice:
        if question.id in taken:
            raise DataError(f"{question.place} has the id {question.id} of a question that is judged; give it its own")
    _require_distinct([*asked, *practice])
    return practice


def draw_practice(questions: Sequence[Question], seed: int) -> tuple[list[Question], list[Question]]:
    """Those to practise on, drawn by the seed, and those that are judged, each in the file's order.

    >>> practice, asked = draw_practice([Question(str(n), "?") for n in range(5)], seed=0)
    >>> len(practice), len(asked)
    (3, 2)
    """
    # The seed alone would draw the order of the pairs from the same numbers.
    drawn = set(random.Random(f"practice {seed}").sample(range(len(questions)), PRACTICE))  # noqa: S311 - a draw anyone may repeat
    practice = [question for place, question in enumerate(questions) if place in drawn]
    return practice, [question for place, question in enumerate(questions) if place not in drawn]


def _question(record: Record) -> Question:
    place, fields = record
    missing = [column for column in ("id", "question") if column not in fields]
    if missing:
        raise DataError(
            f"{place} lacks {' and '.join(missing)}; a question has id and question, and may have system, specialty"
        )
    given = fields["id"]
    return Question(
        id=_text(str(given) if type(given) is int else given, "id", place, LONGEST_ID),
        question=_text(fields["question"], "question", place),
        system=_text(fields["system"], "system", place) if fields.get("system") else "",
        specialty=_text(fields["specialty"], "specialty", place, LONGEST_SPECIALTY) if fields.get("specialty") else "",
        place=place,
    )


def _text(value: object, what: str, place: str, longest: int | None = None) -> str:
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{place}: {what} must be text and not blank")
    text = value.strip()
    if longest is not None and len(text) > longest:
        raise DataError(f"{place}: {what} has {len(text):,} characters; {longest} are enough")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DataError(rf"{place}: {what} holds half of a character (a lone \ud800 to \udfff)") from error
    return text


def _require_own_ids(questions: Sequence[Question]) -> None:
    places: dict[str, str] = {}
    for question in questions:
        if question.id in places:
            raise DataError(f"{question.place} has the id {question.id} of {places[question.id]}; give each its own")
        places[question.id] = question.place


def _require_distinct(questions: Sequence[Question]) -> None:
    first: dict[int, Question] = {}
    for question, group in zip(questions, near_groups([one.question for one in questions]), strict=True):
        other = first.setdefault(group, question)
        if other is not question:
            same = normal_form(other.question) == normal_form(question.question)
            raise DataError(
                f"{question.place} asks {'' if same else 'nearly '}the same as {other.place}; leave one of them out"
            )


def _counted(count: int) -> str:
    return f"{count:,} question{'s' * (count != 1)}"
