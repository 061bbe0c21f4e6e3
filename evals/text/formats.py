"""The formats of rows: one entry of FORMATS each, recognised by its columns."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

from evals.text.errors import DataError
from evals.text.sample import Turn

__all__ = ["FORMATS", "Format", "format_of"]

Row: TypeAlias = dict[str, Any]


class Format(NamedTuple):
    """A way to write a row down."""

    name: str
    """What people call it."""

    needs: tuple[str, ...]
    """Columns without which a row is not in this format."""

    shown: str
    """Its columns as messages show them."""

    turns: Callable[[Row], Iterator[Turn]]
    """Reads a row's turns. Raises ValueError in words."""


def format_of(columns: list[str], place: str) -> Format:
    """Recognise the format of a row with these columns. Raises DataError naming what was found."""
    for candidate in FORMATS:
        if set(candidate.needs) <= set(columns):
            return candidate
    accepted = "; ".join(f"{item.shown} ({item.name})" for item in FORMATS)
    raise DataError(f"{place} has the columns {', '.join(columns) or '(none)'}; Assay reads {accepted}")


def _chat(row: Row) -> Iterator[Turn]:
    yield from _conversation(row["messages"], "messages", "role", "content")


def _sharegpt(row: Row) -> Iterator[Turn]:
    if "system" in row:
        yield from _optional("system", row, "system")
    yield from _conversation(row["conversations"], "conversations", "from", "value")


def _alpaca(row: Row) -> Iterator[Turn]:
    yield from _optional("system", row, "system")
    for number, pair in enumerate(row.get("history") or []):
        if not isinstance(pair, list) or len(pair) != 2:  # pyright: ignore[reportUnknownArgumentType] - JSON can hold anything
            raise ValueError("`history` must be a list of [question, answer] pairs")
        for role, said in zip(("user", "assistant"), pair, strict=True):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - as above
            yield Turn(role, _text(said, f"history {number + 1}"))
    question, extra = _text(row["instruction"], "instruction"), _text(row.get("input") or "", "input")
    yield Turn("user", f"{question}\n{extra}" if question and extra else question or extra)
    yield Turn("assistant", _text(row["output"], "output"))


def _pair(row: Row) -> Iterator[Turn]:
    if isinstance(row["prompt"], list):
        yield from _conversation(row["prompt"], "prompt", "role", "content")
        yield from _conversation(row["completion"], "completion", "role", "content")
        return
    yield from _optional("system", row, "system")
    yield Turn("user", _text(row["prompt"], "prompt"))
    yield Turn("assistant", _text(row["completion"], "completion"))


def _plain(row: Row) -> Iterator[Turn]:
    yield Turn("text", _text(row["text"], "text"))


FORMATS = (
    Format("chat", ("messages",), "messages", _chat),
    Format("ShareGPT", ("conversations",), "conversations", _sharegpt),
    Format("Alpaca", ("instruction", "output"), "instruction, input, output", _alpaca),
    Format("pairs", ("prompt", "completion"), "prompt, completion", _pair),
    Format("plain text", ("text",), "text", _plain),
)
"""All formats, the first that fits wins."""

_SPEAKERS = {
    "system": "system", "user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant",
}  # fmt: skip


def _conversation(turns: Any, column: str, role_key: str, text_key: str) -> Iterator[Turn]:
    if not isinstance(turns, list) or not turns:
        raise ValueError(f"`{column}` must be a list of turns")
    for number, turn in enumerate(turns, start=1):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - JSON can hold anything
        if not isinstance(turn, dict) or role_key not in turn or text_key not in turn:
            raise ValueError(f"turn {number} of `{column}` must have `{role_key}` and `{text_key}`")
        speaker: Any = turn[role_key]  # pyright: ignore[reportUnknownVariableType] - as above
        role = _SPEAKERS.get(speaker) if isinstance(speaker, str) else None
        if role is None:
            raise ValueError(f"turn {number} of `{column}` is by {speaker!r}; known are {', '.join(_SPEAKERS)}")
        yield Turn(role, _text(turn[text_key], f"turn {number} of `{column}`"))  # pyright: ignore[reportUnknownArgumentType] - as above


def _optional(role: str, row: Row, column: str) -> Iterator[Turn]:
    if row.get(column):
        yield Turn(role, _text(row[column], column))


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{what} must be text, and is {_kind(value)}")  # noqa: TRY004 - one error for all that can be wrong with a row
    return value


def _kind(value: Any) -> str:
    names = {
        type(None): "null",
        bool: "true or false",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), type(value).__name__)  # pyright: ignore[reportUnknownArgumentType] - JSON can hold anything


_KINDS: dict[type, str] = {
    type(None): "null", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object",
}  # fmt: skip
