"""Values of other people's classes: their own code runs here alone, and may raise whatever it likes."""

import math
import traceback
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any, Generic, TypeVar, cast

__all__ = ["Failure", "attempt", "plain", "shown"]

_DEEP = 50
_LONG = 2000
_MANY_BITS = 1024

T = TypeVar("T")


class Failure(Generic[T]):
    """What `attempt` gives where the call raised."""

    def __init__(self, error: Exception) -> None:
        """Keep what it says, not the error: that would keep its frames, and those their tensors."""
        self.kind = type(error).__name__
        """Name of the exception's type."""
        self.said = str(error).partition("\n")[0]
        """First line of what it says."""
        self.told = "".join(traceback.format_exception(error))
        """Its traceback, as text."""

    def __repr__(self) -> str:
        return f"<{self.kind} when it was read>"


def attempt(call: Callable[..., T], *arguments: Any) -> "T | Failure[T]":
    """Call code that is not ours; the caller looks at the Failure and says what it left out."""
    try:
        return call(*arguments)
    except Exception as error:  # noqa: BLE001 - a foreign class may raise anything; the caller tells the person
        return Failure(error)


def shown(value: Any, length: int = 80) -> str:
    """Its repr, or how that failed; `length` characters at most."""
    return str(attempt(repr, value))[:length]


def plain(value: Any) -> Any:
    """The same value in what JSON knows, whatever it is: nothing is left out, nothing raises.

    Numbers of numpy and torch become Python's, a mapping a dict, other collections lists, non-finite
    numbers and keys strings; what remains is its repr.

    >>> plain({1: float("nan"), ("a", 2): {PurePath("x")}})
    {'1': 'nan', "('a', 2)": ['x']}
    """
    made = attempt(_plain, value, 0)
    return shown(value, _LONG) if isinstance(made, Failure) else made


def _plain(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, str | int | float):
        return _scalar(value)
    if isinstance(value, PurePath):
        return str(value)
    if depth < _DEEP and isinstance(value, Mapping):
        pairs = cast("Mapping[Any, Any]", value).items()
        return {_key(key): _inside(item, depth) for key, item in list(pairs)}
    if depth < _DEEP and isinstance(value, list | tuple | set | frozenset):
        return [_inside(item, depth) for item in list(cast("list[Any]", value))]
    item = getattr(value, "item", None)
    number = attempt(item) if callable(item) else None
    return _scalar(number) if isinstance(number, int | float | str) else shown(value, _LONG)


def _inside(value: Any, depth: int) -> Any:
    made = attempt(_plain, value, depth + 1)
    return shown(value, _LONG) if isinstance(made, Failure) else made


def _key(key: Any) -> str:
    made = attempt(str, key)
    return str(made)


def _scalar(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, int) and value.bit_length() > _MANY_BITS:
        return f"a whole number of {value.bit_length()} bits"
    return value
