"""Values of JSON that anyone's program may have written, taken for what they should be."""

from collections.abc import Mapping
from typing import Any, cast

__all__ = ["listed", "part"]


def part(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object under a name; an empty one where there is none.

    >>> part({"data": {"train": "a"}, "seed": 1}, "data"), part({"seed": 1}, "seed")
    ({'train': 'a'}, {})
    """
    value = fields.get(name)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """A list, or the one value as a list.

    >>> listed(["a", "b"]), listed("a"), listed(None)
    (['a', 'b'], ['a'], [])
    """
    if isinstance(value, list):
        return cast("list[Any]", value)
    return [] if value is None else [value]
