"""Hugging Face's trainer_state.json, in the output folder and in each of its checkpoints.

A state holds the whole history so far (log_history), so the histories overlap and one is read: that of
the highest global_step. A folder's own state, written when training ends, wins over a checkpoint's of
the same step, as it has the closing row. The file is rewritten in place, so it may be torn when read.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from assay.errors import AssayError
from store.readers.point import Batch, Facts
from store.readers.rows import RowReader

__all__ = ["STATE_NAME", "StateSource", "state_files"]

STATE_NAME = "trainer_state.json"

_CONFIG = ("num_train_epochs", "train_batch_size", "logging_steps", "eval_steps", "save_steps")
_BATCH = 2000

Stamp = tuple[int, int, int]


class _State(NamedTuple):
    """A state file as it was read last."""

    stamp: Stamp
    global_step: int
    content: dict[str, Any]
    """What is in it; dropped where another file is newer, as they are large and many."""


class StateSource:
    """The newest trainer state of a folder, or one file, being read."""

    def __init__(self, path: Path, only: Sequence[Path] = ()) -> None:
        """Nothing is opened before `poll`; of a folder's states `only` these are looked at, where some are named."""
        self._path, self._only = path, only
        self._states: dict[Path, _State] = {}
        self._shown: tuple[Path, Stamp] | None = None
        self._rows = RowReader()

    @property
    def path(self) -> Path:
        """The folder, or the file."""
        return self._path

    @property
    def facts(self) -> Facts:
        """What it has said so far."""
        return self._rows.facts

    def poll(self) -> Iterator[Batch]:
        """See `Source.poll`; the whole history comes again with each change."""
        newest = self._newest()
        if newest is None or (newest, self._states[newest].stamp) == self._shown:
            return
        self._shown = newest, self._states[newest].stamp
        yield from self._history(newest)

    def _newest(self) -> Path | None:
        files = [self._path] if self._path.is_file() else list(self._only) or state_files(self._path)
        broken = [file for file in files if not self._refresh(file)]
        if broken and not self._states:
            raise AssayError(
                f"{broken[0]} is no trainer state: it is no JSON object with log_history. Where it is just being "
                "written, try again."
            )
        known = [file for file in files if file in self._states]
        newest = max(known, key=lambda file: self._states[file].global_step, default=None)
        if newest is not None and not self._states[newest].content:
            del self._states[newest]
            if not self._refresh(newest):
                return None
        for file in self._states.keys() - {newest}:
            self._states[file] = self._states[file]._replace(content={})
        return newest

    def _refresh(self, file: Path) -> bool:
        """Read a file again if it has changed; one that is torn counts as it was before."""
        try:
            stat = file.stat()
            stamp = stat.st_ino, stat.st_size, stat.st_mtime_ns
            if file in self._states and self._states[file].stamp == stamp:
                return True
            content: Any = json.loads(file.read_bytes())
        except (FileNotFoundError, ValueError, RecursionError):
            return False
        if not isinstance(content, dict) or not isinstance(cast("dict[str, Any]", content).get("log_history"), list):
            return False
        found = cast("dict[str, Any]", content)
        self._states[file] = _State(stamp, _whole(found.get("global_step")), found)
        return True

    def _history(self, file: Path) -> Iterator[Batch]:
        content = self._states[file].content
        self._rows = RowReader()
        facts = self.facts
        facts.total_steps = _whole(content.get("max_steps")) or None
        facts.config = {name: content[name] for name in _CONFIG if content.get(name) is not None}
        rows = cast("list[Any]", content["log_history"])
        for start in range(0, max(len(rows), 1), _BATCH):
            numbered = enumerate(rows[start : start + _BATCH], start + 1)
            points = (self._rows.point(_row(row), f"{file.name} entry {number}") for number, row in numbered)
            yield Batch("", start == 0, [point for point in points if point is not None])
        facts.ended = facts.ended or 0 < (facts.total_steps or 0) <= self._states[file].global_step


def state_files(folder: Path) -> list[Path]:
    """The states of an output folder: its own first, then those of its checkpoints."""
    files = [folder / STATE_NAME, *sorted(folder.glob(f"checkpoint-*/{STATE_NAME}"))]
    return [file for file in files if file.is_file()]


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _row(entry: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
