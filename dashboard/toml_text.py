"""A configuration as a person writes it: TOML, tables after plain values."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

__all__ = ["toml_text"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml_text(config: Mapping[str, Any]) -> str:
    """Write it as TOML, in its own order; TOML has no null, so what is null becomes a comment.

    >>> print(toml_text({"run": {"name": "a", "tags": ["b"]}, "seed": 0, "parent": None}))
    seed = 0
    # parent is not set
    <BLANKLINE>
    [run]
    name = "a"
    tags = ["b"]
    """
    return "\n".join(_table(_nested(config), ())).strip("\n")


def _nested(config: Mapping[str, Any]) -> dict[str, Any]:
    """The tables with each that is named `outer.inner` inside its outer one, as `assay train` reads them.

    >>> _nested({"guard": {"mode": "act"}, "guard.remedies": {"lr": 0.5}, "a.b": {}})
    {'guard': {'mode': 'act', 'remedies': {'lr': 0.5}}, 'a.b': {}}
    """
    found = dict(config)
    for name, table in config.items():
        section, _, key = name.partition(".")
        outer = found.get(section)
        if key and _is_table(table) and isinstance(outer, dict) and key not in outer:
            found[section] = {**cast("dict[str, Any]", outer), key: found.pop(name)}
    return found


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    plain = {key: value for key, value in table.items() if not _is_table(value)}
    if path and (plain or not table):
        yield from ("", f"[{'.'.join(map(_key, path))}]")
    for key, value in plain.items():
        yield f"# {_key(key)} is not set" if value is None else f"{_key(key)} = {_value(value)}"
    for key, value in table.items():
        if _is_table(value):
            yield from _table(value, (*path, key))


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def _value(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(_value(item) for item in cast('list[Any]', value))}]"
    if isinstance(value, dict):
        inside = (f"{_key(key)} = {_value(item)}" for key, item in cast("dict[str, Any]", value).items())
        return f"{{ {', '.join(inside)} }}" if value else "{}"
    return '"null"' if value is None else json.dumps(value, ensure_ascii=False)
