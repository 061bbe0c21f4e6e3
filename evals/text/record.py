"""A row of a data file as it stands there, not yet understood."""

from typing import Any, NamedTuple, TypeAlias, cast

__all__ = ["Record", "Row", "as_list", "as_object"]

Row: TypeAlias = dict[str, Any]


class Record(NamedTuple):
    """One row of a file, not yet understood."""

    place: str
    """Where it stands, for messages: `data.jsonl line 7`."""

    fields: Row
    """Its columns."""


def as_list(value: Any) -> list[Any] | None:
    """Take a value that can be anything for a list, if it is one."""
    return cast("list[Any]", value) if isinstance(value, list) else None


def as_object(value: Any) -> Row | None:
    """Take a value that can be anything for an object with named fields, if it is one."""
    return cast("Row", value) if isinstance(value, dict) else None
