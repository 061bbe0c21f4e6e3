"""The formats of rows: one entry of FORMATS each, recognised by its columns."""

from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

from evals.text.conversation import Tags, conversation, list_in, text_in
from evals.text.record import Row, as_list
from evals.text.sample import Turn

__all__ = ["FORMATS", "Format", "format_of"]


class Format(NamedTuple):
    """A way to write a row down."""

    name: str
    """What people call it."""

    needs: tuple[str, ...]
    """Columns without which a file is not in this format."""

    shown: str
    """Its columns as messages show them."""

    turns: Callable[[Row, Tags], Iterator[Turn]]
    """Reads a row's turns. Raises ValueError in words."""

    may_lack: tuple[str, ...] = ()
    """Those of the columns it needs that a single row can do without."""


def format_of(columns: Collection[str], mapped: Collection[str] = ()) -> Format | None:
    """Recognise the format of rows with these columns; one with a mapped column, which was asked for, goes first."""
    fitting = [item for item in FORMATS if set(item.needs) <= set(columns)]
    return next((item for item in fitting if set(item.needs) & set(mapped)), fitting[0] if fitting else None)


def _chat(row: Row, tags: Tags) -> Iterator[Turn]:
    return _with_system(row, list(conversation(row["messages"], "messages", tags)))


def _sharegpt(row: Row, tags: Tags) -> Iterator[Turn]:
    return _with_system(row, list(conversation(row["conversations"], "conversations", tags)))


def _with_system(row: Row, turns: list[Turn]) -> Iterator[Turn]:
    """Turns with the column `system` before them, where they bring no system turn themselves."""
    if turns[0].role != "system":
        yield from _optional("system", row, "system")
    yield from turns


def _alpaca(row: Row, _tags: Tags) -> Iterator[Turn]:
    yield from _optional("system", row, "system")
    yield from _history(row.get("history"))
    question, extra = text_in(row["instruction"], "instruction"), text_in(row.get("input") or "", "input")
    yield Turn("user", f"{question}\n{extra}" if question and extra else question or extra)
    answer = row.get("output")
    yield Turn("assistant", "" if answer is None else text_in(answer, "output"))


def _history(value: Any) -> Iterator[Turn]:
    pairs = list_in(value, "history") if value else []
    for number, item in enumerate([None] if pairs is None else pairs, start=1):
        pair = as_list(item)
        if pair is None or len(pair) != 2:
            raise ValueError("`history` must be a list of [question, answer] pairs")
        for role, said in zip(("user", "assistant"), pair, strict=True):
            yield Turn(role, text_in(said, f"history {number}"))


def _pair(row: Row, tags: Tags) -> Iterator[Turn]:
    turns = [*_side(row, "prompt", "user", tags), *_side(row, "completion", "assistant", tags)]
    return _with_system(row, turns)


def _side(row: Row, column: str, role: str, tags: Tags) -> Iterator[Turn]:
    if as_list(row[column]) is None:
        yield Turn(role, text_in(row[column], column))
    else:
        yield from conversation(row[column], column, tags)


def _plain(row: Row, _tags: Tags) -> Iterator[Turn]:
    yield Turn("text", text_in(row["text"], "text"))


FORMATS = (
    Format("chat", ("messages",), "messages", _chat),
    Format("ShareGPT", ("conversations",), "conversations", _sharegpt),
    Format("Alpaca", ("instruction", "output"), "instruction, input, output", _alpaca, may_lack=("output",)),
    Format("pairs", ("prompt", "completion"), "prompt, completion", _pair),
    Format("plain text", ("text",), "text", _plain),
)
"""All formats, the first that fits wins."""


def _optional(role: str, row: Row, column: str) -> Iterator[Turn]:
    if row.get(column):
        yield Turn(role, text_in(row[column], column))
