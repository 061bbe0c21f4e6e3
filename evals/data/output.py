"""Rows as they are written: one format for all, a JSON object a line."""

import json
from typing import Any, Literal, TypeAlias, get_args

from evals.text import Sample, Turn

__all__ = ["LAYOUTS", "Layout", "NotAlpacaError", "line_of"]

Layout: TypeAlias = Literal["chat", "alpaca"]

LAYOUTS: tuple[Layout, ...] = get_args(Layout)
"""The formats there are."""


class NotAlpacaError(ValueError):
    """A conversation does not alternate between questions and answers."""


def line_of(sample: Sample, turns: tuple[Turn, ...], source: str | None, layout: Layout) -> bytes:
    """A row with its own id, source and task, and these turns. Raises NotAlpacaError.

    >>> line_of(Sample(0, (), id="7"), (Turn("user", "1 + 1?"), Turn("assistant", "2")), None, "chat").decode()[:43]
    '{"id": "7", "messages": [{"role": "user", "'
    """
    labels = {"id": sample.id, "source": sample.source or source, "task": sample.task}
    row: dict[str, Any] = {name: value for name, value in labels.items() if value is not None}
    if turns[0].role == "text":
        row["text"] = "\n".join(turn.content for turn in turns)
    elif layout == "chat":
        row["messages"] = [{"role": turn.role, "content": turn.content} for turn in turns]
    else:
        row |= _alpaca(turns)
    # Half a character, which JSON can hold and UTF-8 cannot, is written as JSON writes it.
    return _encoded(row) + b"\n"


def _encoded(row: dict[str, Any]) -> bytes:
    try:
        return json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(row).encode()


def _alpaca(turns: tuple[Turn, ...]) -> dict[str, Any]:
    system = [turn.content for turn in turns if turn.role == "system"]
    said = [turn for turn in turns if turn.role != "system"]
    if [turn.role for turn in said] != ["user", "assistant"] * (len(said) // 2) or len(system) > 1:
        raise NotAlpacaError
    pairs = [[said[place].content, said[place + 1].content] for place in range(0, len(said), 2)]
    row: dict[str, Any] = {"instruction": pairs[-1][0], "input": "", "output": pairs[-1][1]}
    if system:
        row["system"] = system[0]
    return row | ({"history": pairs[:-1]} if len(pairs) > 1 else {})
