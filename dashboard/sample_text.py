"""The words of samples, read from their files only where they are still those the run recorded."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from dashboard.fields import listed, part
from evals.text import Sample, Turn, locate
from evals.text.errors import DataError

__all__ = ["LARGEST", "Columns", "Texts", "columns_of", "read_texts"]

LARGEST = 200_000_000
"""Bytes of the largest file that is read for the sake of a few rows."""

Columns: TypeAlias = tuple[tuple[str, str], ...]
"""Our names of a file's columns, and theirs."""

Reader: TypeAlias = Callable[[Path, int, Columns], list[Sample]]
"""Reads all samples of a file that changed last at a time, in nanoseconds. Raises DataError."""


class Texts(NamedTuple):
    """What was found."""

    turns: dict[tuple[str, int], tuple[Turn, ...]]
    """By file and row; only those whose hash is the recorded one."""

    problems: dict[str, str]
    """What is wrong with a file: `gone`, `changed` or `large`."""


def read_texts(rows: Iterable[Mapping[str, Any]], origin: Mapping[str, Any], read: Reader) -> Texts:
    """Find the words of rows with `path`, `row` and `hash`; rows without a path are passed over."""
    found = Texts({}, {})
    wanted: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["path"] is not None:
            wanted.setdefault(row["path"], []).append(row)
    for path, members in wanted.items():
        _read_file(path, members, columns_of(path, origin), read, found)
    return found


def _read_file(path: str, members: list[Mapping[str, Any]], columns: Columns, read: Reader, found: Texts) -> None:
    try:
        state = Path(path).stat()
        if state.st_size > LARGEST:
            found.problems[path] = "large"
            return
        samples = read(Path(path), state.st_mtime_ns, columns)
    except OSError:
        found.problems[path] = "gone"
        return
    except DataError:
        samples = list[Sample]()  # no row is what it was
    for row in members:
        place: int = row["row"]
        if place < len(samples) and samples[place].hash == row["hash"]:
            found.turns[path, place] = samples[place].turns
        else:
            found.problems[path] = "changed"


def columns_of(path: str, origin: Mapping[str, Any]) -> Columns:
    """What the run called the file's columns, as its configuration (`origin["config"]`) says."""
    data = part(part(origin, "config"), "data")
    named = {str(ours): str(theirs) for ours, theirs in part(data, "columns").items()}
    folder = Path(str(part(origin, "provenance").get("folder", "/")))
    for spec in _specs(data):
        try:
            located = locate(folder / Path(spec).expanduser(), named)
        except DataError:
            continue
        if located.path.absolute() == Path(path):
            return tuple(sorted(located.columns.items()))
    return tuple(sorted(named.items()))


def _specs(data: Mapping[str, Any]) -> list[str]:
    given = [data.get(name) for name in ("train", "general", "validation")]
    return [spec for item in given for spec in listed(item) if isinstance(spec, str) and spec]
