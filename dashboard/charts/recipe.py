"""Altair noted down instead of done: a chart that differs from an earlier one in its data only is not made anew.

Making and checking a chart takes Altair tens of milliseconds, and a live page has many, each second. A chart module
writes what it would write with Altair, with this module's `alt` in its place. Each call is noted; what was noted is
done once, and found again for a later chart whose calls are the same but for the tables they are given.

    if TYPE_CHECKING:
        import altair as alt
    else:
        from dashboard.charts.recipe import alt
"""

import json
from collections import OrderedDict
from threading import Lock
from typing import Any, cast

import altair as real  # noqa: ICN001 - `alt` is what stands for it
import pyarrow as pa

__all__ = ["Recipe", "alt", "parted", "written"]

KEPT = 256
"""Specifications kept: a chart in another language, theme, scale or range is another one."""

Spec = dict[str, Any]

_specs: OrderedDict[str, str] = OrderedDict()
_lock = Lock()


class Recipe:
    """Something of Altair's or made with it: its kind (altair, get, call or set), and what it is made of."""

    kind: str
    parts: tuple[Any, ...]

    def __init__(self, kind: str, *parts: Any) -> None:
        self._be(kind, *parts)

    def _be(self, kind: str, *parts: Any) -> None:
        self.__dict__.update(kind=kind, parts=parts)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)  # Python looks for these itself, to see what an object can do
        if self.kind == "altair" and name == "datum":
            return real.datum  # an expression costs nothing, and says itself what it is
        return Recipe("get", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._be("set", Recipe(self.kind, *self.parts), name, value)

    def __call__(self, *arguments: Any, **options: Any) -> "Recipe":
        """Note a call."""
        return Recipe("call", self, arguments, options)

    def to_dict(self) -> Spec:
        """The specification of a chart with its data in it, made anew."""
        return cast("Spec", _made(self, {}).to_dict())


alt: Any = Recipe("altair")
"""Stands for the module `altair`."""


def parted(chart: real.LayerChart) -> tuple[Spec, dict[str, pa.Table]]:
    """A chart's specification with names in the place of its data, and the tables of these names."""
    spec, tables = written(chart)
    return json.loads(spec), tables


def written(chart: real.LayerChart) -> tuple[str, dict[str, pa.Table]]:
    """The same with the specification as JSON, from which a copy is made several times faster than from itself."""
    if not isinstance(chart, Recipe):
        raise TypeError("only a chart made with this module's `alt` can be taken apart")
    notes = _Notes(chart)
    key = "\n".join(notes.lines)
    with _lock:
        if key not in _specs:
            _specs[key] = json.dumps(_made(chart, notes.names).to_dict())
        _specs.move_to_end(key)
        if len(_specs) > KEPT:
            _specs.popitem(last=False)
        return _specs[key], notes.tables


class _Notes:
    """A recipe in writing, a line a step, in which all tables are alike."""

    def __init__(self, recipe: Recipe) -> None:
        self.lines: list[str] = []
        self.tables: dict[str, pa.Table] = {}
        self.names: dict[int, str] = {}
        self._places: dict[int, int] = {}
        self._note(recipe)

    def _note(self, item: Any) -> str:
        if isinstance(item, Recipe):
            if id(item) not in self._places:
                line = f"{item.kind} {' '.join(map(self._note, item.parts))}"
                self._places[id(item)] = len(self.lines)
                self.lines.append(line)
            return f"#{self._places[id(item)]}"
        if isinstance(item, pa.Table):
            name = self.names.setdefault(id(item), f"table{len(self.names)}")
            self.tables[name] = item
            return name
        if isinstance(item, list | tuple):
            return f"[{', '.join(map(self._note, cast('list[Any]', item)))}]"
        if isinstance(item, dict):
            named = cast("dict[str, Any]", item).items()
            return f"{{{', '.join(f'{name!r}: {self._note(value)}' for name, value in named)}}}"
        return repr(item)


def _made(item: Any, names: dict[int, str], done: dict[int, Any] | None = None) -> Any:
    """Do what is noted, each step once; tables that have a name are named instead."""
    done = {} if done is None else done
    if isinstance(item, Recipe):
        if id(item) not in done:
            done[id(item)] = _step(item.kind, [_made(part, names, done) for part in item.parts])
        return done[id(item)]
    if isinstance(item, pa.Table):
        return real.NamedData(name=names[id(item)]) if names else item
    if isinstance(item, list | tuple):
        return [_made(part, names, done) for part in cast("list[Any]", item)]
    if isinstance(item, dict):
        return {name: _made(value, names, done) for name, value in cast("dict[str, Any]", item).items()}
    return item


def _step(kind: str, parts: list[Any]) -> Any:
    if kind == "altair":
        return real
    if kind == "get":
        return getattr(parts[0], parts[1])
    if kind == "call":
        return parts[0](*parts[1], **parts[2])
    setattr(*parts)
    return parts[0]
