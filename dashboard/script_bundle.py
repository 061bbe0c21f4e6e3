"""Our scripts as one: each file becomes a function, and what it imports is handed to it.

Only the forms that our own files use are known: `import { a, b } from "./x.js"`, `import a from "./x.js"`, and `export`
before a class, a function or a constant.
"""

import re
from pathlib import Path

__all__ = ["bundled"]

_IMPORT = re.compile(r'^import (?P<what>\{[^}]+\}|\w+) from "(?P<file>\.[^"]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?P<default>default )?(?P<kind>class|function|const) (?P<name>\w+)", re.MULTILINE)


def bundled(entry: Path) -> str:
    """A script that does what `entry` does, without importing anything. Raises ValueError for a form not known here."""
    order: list[Path] = []
    _visit(entry.resolve(), order)
    made = "".join(
        f"const m{number} = (() => {{\n{_function(path, order)}}})();\n" for number, path in enumerate(order)
    )
    return f'(() => {{\n"use strict";\n{made}}})();\n'


def _visit(path: Path, order: list[Path]) -> None:
    """Each file behind those it imports."""
    for found in _IMPORT.finditer(path.read_text(encoding="utf-8")):
        other = (path.parent / found["file"]).resolve()
        if other not in order:
            _visit(other, order)
    order.append(path)


def _function(path: Path, order: list[Path]) -> str:
    code = path.read_text(encoding="utf-8")
    exported = {("default" if found["default"] else found["name"]): found["name"] for found in _EXPORT.finditer(code)}

    def handed(found: re.Match[str]) -> str:
        number = order.index((path.parent / found["file"]).resolve())
        what = found["what"]
        return f"const {what} = m{number};" if what.startswith("{") else f"const {what} = m{number}.default;"

    inside = _EXPORT.sub(r"\g<kind> \g<name>", _IMPORT.sub(handed, code))
    if left := re.search(r"^(?:import|export)\b.*$", inside, re.MULTILINE):
        raise ValueError(f"{path.name}: {left[0]}")
    given = ", ".join(f"{name}: {inner}" if name != inner else name for name, inner in exported.items())
    return f"{inside}return {{ {given} }};\n"
