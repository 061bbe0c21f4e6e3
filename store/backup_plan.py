"""What goes into a backup: which checkpoints, what they stand on, and every other file of the store."""

import os
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, cast

from store.artifacts import MANIFEST, TEMPORARY
from store.backup_list import LeftOut
from store.database import Snapshot
from store.moved import found_again

__all__ = ["CHOICES", "Chosen", "Item", "Named", "choose", "files_of", "names_of", "other_files"]

CHOICES = ("pinned", "stable", "all")
"""Which checkpoints a backup can hold; pinned ones are in each."""

CHECKPOINTS, SPOOL = "checkpoints", "spool"

LOCKS = frozenset({"recording.lock", ".training"})
"""Files that stand for a process at work."""

_NAMES = (("model", "path"), ("model", "adapter"), ("data", "train"), ("data", "general"), ("eval", "suites"))
"""Keys of a configuration that name what a run stands on."""


class Item(NamedTuple):
    """A file to be copied."""

    source: Path
    """Where it is."""

    name: str
    """Its place in the store, relative to the root."""

    size: int
    """Bytes of it that count; a spool has more by now."""


@dataclass
class Chosen:
    """Which checkpoints go in, and which do not."""

    taken: dict[str, str] = field(default_factory=dict[str, str])
    """Digest by path, relative to the store's root."""

    left_out: dict[str, LeftOut] = field(default_factory=dict[str, LeftOut])
    """The others, by path."""

    known: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    """Branch and step of all of them, by path."""

    def leave_out(self, path: str, why: str) -> None:
        """Say of a checkpoint that it does not go in."""
        self.taken.pop(path, None)
        self.left_out[path] = LeftOut(*self.known[path], why)


@dataclass
class Named:
    """What the runs' configurations name by absolute paths."""

    outside: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """What lies outside the store, with the runs that name it."""

    roots: list[str] = field(default_factory=list[str])
    """Other ways to write the store's folder, as through a link."""


def choose(snapshot: Snapshot, root: Path, which: str) -> Chosen:
    """Choose among the checkpoints of a store; one that a chosen one stands on comes along."""
    rows = snapshot.rows(_CHECKPOINTS)
    digests = {row["path"]: row["sha256"] or "" for row in rows}
    chosen = Chosen(known={row["path"]: (row["branch"], row["step"]) for row in rows})
    wanted = [row["path"] for row in rows if which == "all" or row["pinned"] or row["state"] == which]
    while wanted:
        path = wanted.pop()
        if path in chosen.taken or path in chosen.left_out:
            continue
        if (root / path / MANIFEST).is_file():
            chosen.taken[path] = digests[path]
            wanted += [base for base in _bases(root / path, root) if base in digests]
        else:
            chosen.leave_out(path, "its folder was gone")
    why = {"pinned": "it was not pinned", "stable": "it was neither stable nor pinned"}.get(which, "")
    for path in digests.keys() - chosen.taken.keys() - chosen.left_out.keys():
        chosen.leave_out(path, why)
    return chosen


def files_of(root: Path, path: str) -> list[Item]:
    """Every file of a checkpoint."""
    return list(_items(root, _walk(root / path, lambda _: False)))


def other_files(
    root: Path, database: str, offsets: dict[tuple[str, str], int], unloaded: Collection[str]
) -> list[Item]:
    """Every file of a store but the database and its company, checkpoints, and locks.

    Of each spool as much as the database has loaded (`offsets`, by run and file), so that the two agree; the files
    that could not be loaded (`unloaded`), whole.
    """

    def is_left(folder: Path) -> bool:
        parts = folder.relative_to(root).parts
        return parts[-1].startswith(TEMPORARY) or (len(parts) == 2 and parts[1] in (CHECKPOINTS, SPOOL))

    found = (file for file in _walk(root, is_left) if file.name not in LOCKS)
    items = list(
        _items(root, (file for file in found if file.parent != root or not file.name.lstrip(".").startswith(database)))
    )
    for path in sorted(root.glob(f"*/{SPOOL}/*.jsonl")):
        whole = path.stat().st_size
        size = whole if path.name in unloaded else offsets.get((path.parent.parent.name, path.name), 0)
        if size:
            items.append(Item(path, path.relative_to(root).as_posix(), min(size, whole)))
    return items


def names_of(root: Path) -> Named:
    """Look through the configurations of all runs, and find what lies outside the store."""
    named = Named()
    for file in sorted(root.glob("*/config.toml")):
        for text in _named_in(file):
            path = Path(found_again(text, file.parent))
            inside = path.resolve().is_relative_to(root)
            if not inside:
                named.outside.setdefault(text, []).append(file.parent.name)
            elif not path.is_relative_to(root) and (other := _above(path, root)) not in named.roots:
                named.roots.append(other)
    return named


def _above(path: Path, root: Path) -> str:
    """The folder that `path` has in the place of the store's root."""
    rest = path.resolve().relative_to(root).parts
    return str(path.parents[len(rest) - 1]) if rest and path.parts[-len(rest) :] == rest else str(root)


def _bases(checkpoint: Path, root: Path) -> Iterator[str]:
    """Folders inside the store that a checkpoint's configuration names, relative to the root."""
    for text in _named_in(checkpoint / "config.toml"):
        place = Path(found_again(text, checkpoint)).resolve()
        if place.is_relative_to(root):
            yield place.relative_to(root).as_posix()


def _named_in(file: Path) -> Iterator[str]:
    try:
        tables: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # Not of `assay train`, or damaged, which is told where it would be used.
        return
    for section, key in _NAMES:
        table = tables.get(section)
        value: Any = cast("dict[str, Any]", table).get(key) if isinstance(table, dict) else None
        for text in cast("list[Any]", value) if isinstance(value, list) else [value]:
            if isinstance(text, str) and Path(text).is_absolute():
                yield text


def _walk(top: Path, is_left: Callable[[Path], bool]) -> Iterator[Path]:
    """Files below a folder, those behind links too, each folder once."""
    seen: set[str] = set()
    for place, folders, files in os.walk(top, followlinks=True):
        here = Path(place)
        folders[:] = sorted(name for name in folders if not is_left(here / name) and _is_new(here / name, seen))
        yield from (here / name for name in sorted(files) if (here / name).is_file())


def _is_new(folder: Path, seen: set[str]) -> bool:
    real = os.path.realpath(folder)
    if real in seen:
        return False
    seen.add(real)
    return True


def _items(root: Path, files: Iterable[Path]) -> Iterator[Item]:
    for file in files:
        # What a run at work removes meanwhile was not to stay.
        with suppress(FileNotFoundError):
            yield Item(file, file.relative_to(root).as_posix(), file.stat().st_size)


_CHECKPOINTS = """
SELECT c.path, c.branch, c.step, c.sha256, c.state, EXISTS (
  FROM pin p WHERE p.released IS NULL AND (p.target = c.path OR p.target = c.sha256)
) AS pinned
FROM checkpoint c WHERE c.state <> 'deleted' ORDER BY c.path DESC
"""
