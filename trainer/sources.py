"""What data files are called: in `data.weights`, and in the loss of each source."""

from collections.abc import Sequence
from pathlib import Path, PurePath

__all__ = ["GENERAL", "names_of"]

GENERAL = "general"
"""What all general data together is called, so no file of `data.train` beside it is."""


def names_of(train: Sequence[Path], general: Sequence[Path]) -> list[str]:
    """A name for each file, those of `train` first: its stem, with as many folders as tell it from the others.

    Files that differ in nothing but their suffix have it in their names. A file named twice is one source.

    >>> names_of([Path("/x/a/chat.jsonl"), Path("/x/b/chat.jsonl"), Path("/x/sums.csv")], [Path("/x/facts.jsonl")])
    ['a/chat', 'b/chat', 'sums', 'facts']
    >>> names_of([Path("/x/general.jsonl"), Path("/x/chat.csv"), Path("/x/chat.jsonl")], [Path("/y/general.jsonl")])
    ['x/general', 'chat.csv', 'chat.jsonl', 'general']
    """
    reserved = {GENERAL} if general else set[str]()
    names = [_name(path, _taken(path, train) | reserved) for path in train]
    return [*names, *(_name(path, _taken(path, general) | {*names}) for path in general)]


def _taken(path: Path, others: Sequence[Path]) -> set[str]:
    return {name for other in others if other != path for name in _tails(other)}


def _name(path: Path, taken: set[str]) -> str:
    return next((name for name in _tails(path) if name not in taken), str(path))


def _tails(path: Path) -> list[str]:
    """The ends of a path, shortest first, without its suffix and then with it."""
    return [
        PurePath(*whole.parts[-length:]).as_posix()
        for whole in (path.with_suffix(""), path)
        for length in range(1, len(whole.parts))
    ]
