"""The rows of a suite: open questions with references, and general text; questions with choices are `choice_items`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.text.errors import DataError
from evals.text.files import Record, read_records

__all__ = ["OpenItem", "TextItem", "read_open", "read_texts"]


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A question to be answered freely."""

    id: str
    """Name of the question, unique in its file."""

    question: str
    """What is asked."""

    reference: str
    """The answer that a model's answer is compared with."""

    system: str
    """What the model is told beforehand; empty for nothing."""

    row: Mapping[str, Any]
    """The whole row, for metrics of one's own."""


@dataclass(frozen=True, slots=True)
class TextItem:
    """A general text, whose likelihood is looked at."""

    id: str
    """Name of the text, unique in its file; its number there, from 1, where it has none."""

    text: str
    """The words."""


def read_open(path: Path) -> list[OpenItem]:
    """Read open questions. Raises DataError naming file and line: missing columns, blank ones, an id twice."""
    return list(_unique({record.place: _open(record) for record in read_records(path)}).values())


def read_texts(path: Path) -> list[TextItem]:
    """Read general texts. Raises DataError naming file and line: no text, a blank one, an id twice."""
    records = read_records(path)
    found = {record.place: _text_item(record, number) for number, record in enumerate(records, start=1)}
    return list(_unique(found).values())


def _open(record: Record) -> OpenItem:
    place, fields = record
    missing = [column for column in ("id", "question", "reference") if column not in fields]
    if missing:
        raise DataError(f"{place} lacks {', '.join(missing)}; an open question has id, question, reference")
    return OpenItem(
        id=_id(fields["id"], place),
        question=_text(fields["question"], "question", place),
        reference=_text(fields["reference"], "reference", place),
        system=_text(fields["system"], "system", place) if fields.get("system") else "",
        row=fields,
    )


def _text_item(record: Record, number: int) -> TextItem:
    place, fields = record
    if "text" not in fields:
        raise DataError(f"{place} lacks text; a row of general text has text")
    return TextItem(_id(fields.get("id", number), place), _text(fields["text"], "text", place))


def _unique(items: dict[str, Any]) -> dict[str, Any]:
    places: dict[str, str] = {}
    for place, item in items.items():
        if item.id in places:
            raise DataError(f"{place} has the id {item.id} of {places[item.id]}; give each row its own")
        places[item.id] = place
    return items


def _id(value: Any, place: str) -> str:
    return str(value) if type(value) is int else _text(value, "id", place)


def _text(value: Any, what: str, place: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{place}: {what} must be text and not blank")
    return value
