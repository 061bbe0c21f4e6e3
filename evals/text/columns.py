"""Our names for the columns of someone's file: `{"instruction": "question", "output": "answer"}`."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from evals.text.conversation import SPEAKERS, Tags
from evals.text.errors import DataError, hint
from evals.text.record import Record, Row

__all__ = ["COLUMNS", "TAGS", "check_names", "in_their_words", "renamed", "shown", "tags_of"]

COLUMNS = (
    "messages", "conversations", "instruction", "input", "output", "history", "prompt", "completion", "text",
    "system", "id", "source", "task",
)  # fmt: skip
"""What a column of a file can be to us."""

TAGS = ("role_tag", "content_tag", "user_tag", "assistant_tag", "system_tag")
"""Keys of a turn, and names of its speakers, as LLaMA-Factory calls them."""


def check_names(columns: Mapping[str, str]) -> None:
    """Raise DataError for a name of ours that we do not have, with the nearest one that we have."""
    for name in columns:
        if name not in (*COLUMNS, *TAGS):
            raise DataError(f"the column mapping names {name}, which Assay does not know; {hint(name, COLUMNS + TAGS)}")


def renamed(records: list[Record], columns: Mapping[str, str], path: Path) -> list[Record]:
    """Give the columns of all records our names; one mapped to nothing ("") is left out.

    Raises DataError for a column that no row of the file has.
    """
    mapped = {ours: theirs for ours, theirs in columns.items() if ours in COLUMNS}
    present = dict.fromkeys(name for record in records for name in record.fields)
    for ours, theirs in mapped.items():
        if theirs and theirs not in present:
            raise DataError(
                f"{path} has no column {theirs}, which the column mapping names for {ours}; "
                f"it has the columns {', '.join(present) or '(none)'}"
            )
    return [Record(record.place, _renamed(record.fields, mapped)) for record in records] if mapped else records


def _renamed(fields: Row, mapped: Mapping[str, str]) -> Row:
    taken = {*mapped, *mapped.values()}
    new = {ours: fields[theirs] for ours, theirs in mapped.items() if theirs in fields and theirs}
    return new | {name: value for name, value in fields.items() if name not in taken}


def tags_of(columns: Mapping[str, str]) -> Tags:
    """How the turns of a file with this mapping are written down."""
    named = {columns[f"{role}_tag"]: role for role in ("user", "assistant", "system") if columns.get(f"{role}_tag")}
    role, content = columns.get("role_tag"), columns.get("content_tag")
    return Tags(
        roles=(role,) if role else Tags().roles,
        contents=(content,) if content else Tags().contents,
        speakers=SPEAKERS | named,
    )


def shown(names: Iterable[str], columns: Mapping[str, str]) -> str:
    """List columns for a message, each mapped one with its name in the file."""
    return ", ".join(f"{name} (here {columns[name]})" if _differs(name, columns) else name for name in names)


def in_their_words(sentence: str, columns: Mapping[str, str]) -> str:
    """Say of the mapped columns a sentence begins with, or has in backticks, what the file calls them.

    >>> in_their_words("output must be text, and is null", {"output": "answer"})
    'output must be text, and is null (output is the column answer)'
    """
    names = re.findall(r"^\w+|(?<=`)\w+(?=`)", sentence)
    odd = [name for name in COLUMNS if name in names and _differs(name, columns)]
    return sentence + "".join(f" ({name} is the column {columns[name]})" for name in odd)


def _differs(name: str, columns: Mapping[str, str]) -> bool:
    return columns.get(name) not in (None, "", name)
