"""Questions with choices, from a file: one object a row.

    {"id": "q1", "lang": "en", "category": "facts", "question": "…?", "choices": ["yes", "no"], "answer": 0}

The answer is the place of the right choice, counted from 0.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.text.errors import DataError
from evals.text.files import Record, read_records

__all__ = ["ChoiceItem", "read_items"]

COLUMNS = ("id", "lang", "category", "question", "choices", "answer")
"""All of them are needed; others are left alone."""


@dataclass(frozen=True, slots=True)
class ChoiceItem:
    """A question with choices, one of them right."""

    id: str
    """Name of the question, unique in its file; by it two models' answers are paired."""

    lang: str
    """Language it is asked in: `en`, `zh`, …"""

    category: str
    """Subject, by which results are broken down."""

    question: str
    """The question, without its choices."""

    choices: tuple[str, ...]
    """Two or more possible answers, none of them blank."""

    answer: int
    """Place of the right one in `choices`, from 0."""


def read_items(path: Path) -> list[ChoiceItem]:
    """Read every question of a .jsonl or .json file, in file order.

    Raises DataError naming file and line: missing, empty or broken file, missing columns, fewer than
    two choices, choices that are blank or no text, an answer that is no place of a choice, an id twice.
    """
    places: dict[str, str] = {}
    items: list[ChoiceItem] = []
    for record in read_records(path):
        item = _item(record)
        if item.id in places:
            raise DataError(f"{record.place} has the id {item.id} of {places[item.id]}; give each question its own")
        places[item.id] = record.place
        items.append(item)
    return items


def _item(record: Record) -> ChoiceItem:
    place, fields = record
    missing = [column for column in COLUMNS if column not in fields]
    if missing:
        raise DataError(f"{place} lacks {', '.join(missing)}; a question has {', '.join(COLUMNS)}")
    choices = _choices(fields["choices"], place)
    return ChoiceItem(
        id=_id(fields["id"], place),
        lang=_text(fields["lang"], "lang", place),
        category=_text(fields["category"], "category", place),
        question=_text(fields["question"], "question", place),
        choices=choices,
        answer=_answer(fields["answer"], len(choices), place),
    )


def _id(value: Any, place: str) -> str:
    return str(value) if type(value) is int else _text(value, "id", place)


def _text(value: Any, what: str, place: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{place}: {what} must be text and not blank")
    return value


def _choices(value: Any, place: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise DataError(f"{place}: choices must be a list of texts")
    found = tuple(_text(choice, f"choice {number}", place) for number, choice in enumerate(value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - JSON can hold anything
    if len(found) < 2:
        raise DataError(f"{place}: a question needs two choices or more, this one has {len(found)}")
    return found


def _answer(value: Any, choices: int, place: str) -> int:
    if type(value) is not int or not 0 <= value < choices:
        raise DataError(f"{place}: answer must be the place of a choice, 0 to {choices - 1}, and is {value!r}")
    return value
