"""From a list of turns, under whatever names, to ours; what is wrong is a ValueError in words."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from evals.text.record import Row, as_list, as_object
from evals.text.sample import Turn

__all__ = ["SPEAKERS", "Tags", "conversation", "list_in", "text_in"]

SPEAKERS = {
    "system": "system", "user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant",
    "chatgpt": "assistant", "bing": "assistant", "bard": "assistant",
}  # fmt: skip
"""Our role of each name that files have for a speaker."""

_TOOLS = frozenset({"tool", "function", "observation", "function_call", "tool_call", "tool_response", "ipython"})
"""Speakers whose turns are no words to learn."""

_KINDS: dict[type, str] = {
    type(None): "null", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object",
}  # fmt: skip


class Tags(NamedTuple):
    """How a turn is written down."""

    roles: tuple[str, ...] = ("role", "from")
    """Keys that can hold the speaker, the first one present wins."""

    contents: tuple[str, ...] = ("content", "value")
    """Keys that can hold the words, the first one present wins."""

    speakers: Mapping[str, str] = SPEAKERS
    """Our role of each speaker."""


def conversation(value: Any, column: str, tags: Tags) -> Iterator[Turn]:
    """Read a list of turns. Raises ValueError in words."""
    turns = list_in(value, column)
    if not turns:
        raise ValueError(f"`{column}` must be a list of turns")
    for number, item in enumerate(turns, start=1):
        where = f"turn {number} of `{column}`"
        turn = as_object(item) or {}
        role = next((key for key in tags.roles if key in turn), None)
        content = next((key for key in tags.contents if key in turn), None)
        if role is None or content is None:
            raise ValueError(f"{where} must have {_either(tags.roles)}, and {_either(tags.contents)}")
        yield Turn(_speaker(turn, turn[role], where, tags), _words(turn[content], where))


def list_in(value: Any, column: str) -> list[Any] | None:
    """Take a value for a list; tables of text hold lists as JSON. Raises ValueError where that is broken."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"`{column}` is broken JSON: {error}") from error
    return as_list(value)


def text_in(value: Any, what: str) -> str:
    """Take a value for text. Raises ValueError saying what it is instead."""
    if not isinstance(value, str):
        kind = _KINDS.get(type(value)) or type(value).__name__  # pyright: ignore[reportUnknownArgumentType] - JSON can hold anything
        raise ValueError(f"{what} must be text, and is {kind}")  # noqa: TRY004 - one error for all that can be wrong with a row
    return value


def _speaker(turn: Row, name: Any, where: str, tags: Tags) -> str:
    role = tags.speakers.get(name) if isinstance(name, str) else None
    unknown_tool = role is None and isinstance(name, str) and name in _TOOLS
    if unknown_tool or turn.get("tool_calls") or turn.get("function_call"):
        raise ValueError(f"{where} is by or for a tool ({name!r}), which Assay does not train on; take the row out")
    if role is None:
        raise ValueError(f"{where} is by {name!r}; known are {', '.join(tags.speakers)}")
    return role


def _words(value: Any, where: str) -> str:
    """Text, or OpenAI's list of parts, whose texts follow one another with nothing between."""
    parts = as_list(value)
    return text_in(value, where) if parts is None else "".join(_part(item, where) for item in parts)


def _part(item: Any, where: str) -> str:
    part = as_object(item)
    if part is None:
        return text_in(item, where)
    if part.get("type", "text") != "text":
        raise ValueError(f"{where} holds a part of type {part['type']!r}; Assay reads parts of type 'text'")
    return text_in(part.get("text"), where)


def _either(keys: tuple[str, ...]) -> str:
    return " or ".join(f"`{key}`" for key in keys)
