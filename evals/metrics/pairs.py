"""Predictions and references from files: a text a line, or rows with `prediction` and `reference`."""

from pathlib import Path
from typing import NamedTuple

from evals.text.errors import DataError
from evals.text.files import FILES, Record, read_records
from evals.text.json_rows import BOM

__all__ = ["Pairs", "read_pairs"]


class Pairs(NamedTuple):
    """Texts and what they should have been, in file order."""

    predictions: list[str]
    references: list[str]


def read_pairs(predictions: Path, references: Path | None = None) -> Pairs:
    r"""Read both sides; one file of rows can be both, and is where `references` is None.

    A file whose suffix is a data file's (`FILES`) has rows with the columns `prediction` and `reference`;
    any other is UTF-8 with a text a line. Lines end at \n alone, or \r\n: other characters that Unicode calls
    line breaks are part of a text. An empty line is an empty text.

    Raises DataError for a missing, empty or undecodable file, a missing column, sides of different length, and
    rows whose `id` is not that of the other side's row, or stands twice.
    """
    if references is None and predictions.suffix.lower() not in FILES:
        raise DataError(f"{predictions} has a text a line and no references; name their file with --ref")
    said, wanted = _texts(predictions, "prediction"), _texts(references or predictions, "reference")
    if len(said) != len(wanted):
        raise DataError(
            f"{predictions} has {len(said):,} prediction{'s' * (len(said) != 1)} and {references} {len(wanted):,} "
            f"reference{'s' * (len(wanted) != 1)}; each prediction needs its own"
        )
    _check_ids(said)
    for one, other in zip(said, wanted, strict=True):
        if one.id is not None and other.id is not None and one.id != other.id:
            raise DataError(f"{one.place} has the id {one.id} and {other.place} {other.id}; put both in the same order")
    return Pairs([text.text for text in said], [text.text for text in wanted])


def _check_ids(texts: list["_Text"]) -> None:
    places: dict[str, str] = {}
    for text in texts:
        if text.id is None:
            continue
        if text.id in places:
            raise DataError(f"{text.place} has the id {text.id} of {places[text.id]}; give each row its own")
        places[text.id] = text.place


class _Text(NamedTuple):
    place: str
    text: str
    id: str | None = None


def _texts(path: Path, column: str) -> list[_Text]:
    if path.suffix.lower() in FILES:
        return [_of_row(record, column) for record in read_records(path)]
    return _lines(path, column)


def _of_row(record: Record, column: str) -> _Text:
    name = record.fields.get("id")
    return _Text(record.place, _field(record, column), None if name is None else str(name))


def _field(record: Record, column: str) -> str:
    if column not in record.fields:
        known = ", ".join(record.fields) or "(none)"
        raise DataError(f"{record.place} lacks {column}; its columns are {known}")
    value = record.fields[column]
    if not isinstance(value, str):
        raise DataError(f"{record.place}: {column} must be text, and is {type(value).__name__}")
    return value


def _lines(path: Path, column: str) -> list[_Text]:
    if not path.exists():
        raise DataError(f"there is no file {path}")
    try:
        raw = path.read_bytes().removeprefix(BOM)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    if not raw:
        raise DataError(f"{path} is empty: it has no {column}s")
    # The last line break ends the last line and begins no other.
    lines = raw.removesuffix(b"\n").split(b"\n")
    return [_decoded(line.removesuffix(b"\r"), f"{path} line {number}") for number, line in enumerate(lines, 1)]


def _decoded(raw: bytes, place: str) -> _Text:
    try:
        return _Text(place, raw.decode())
    except UnicodeDecodeError as error:
        raise DataError(f"{place} is not UTF-8 (byte {error.start + 1}); save the file as UTF-8") from error
