"""Logs of one JSON object a line: LLaMA-Factory's trainer_log.jsonl, ms-swift's logging.jsonl, anyone's.

LLaMA-Factory appends a line a logging step: current_steps, total_steps, percentage, elapsed_time and
remaining_time always, of loss, eval_loss, lr, epoch, reward, accuracy, throughput, total_tokens, … what
there is (src/llamafactory/train/callbacks.py, LogCallback); it deletes the file when a run starts
anew with overwrite_output_dir, and appends lower steps when one is resumed.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from store.readers.point import Batch, Facts, Point
from store.readers.rows import RowReader
from store.readers.tail import Lines, Tail

__all__ = ["JsonlSource", "decoded"]


class JsonlSource:
    """A JSONL log being read."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened before `poll`."""
        self._tail = Tail(path)
        self._rows = RowReader()
        self._line = 0

    @property
    def path(self) -> Path:
        """The file."""
        return self._tail.path

    @property
    def facts(self) -> Facts:
        """What it has said so far."""
        return self._rows.facts

    def poll(self) -> Iterator[Batch]:
        """See `Source.poll`."""
        for lines in self._tail.read(takes_rest=_is_object):
            if lines.restart:
                self._rows, self._line = RowReader(), 0
            yield Batch("", lines.restart, list(self._points(lines)))

    def torn(self) -> dict[Path, int]:
        """Bytes at the end of the file that are no whole line, where there are any: it ends half-written."""
        left = self._tail.left()
        return {self.path: left} if left else {}

    def _points(self, lines: Lines) -> Iterator[Point]:
        for text in lines.lines:
            self._line += 1
            row = decoded(text)
            if row is not None:
                point = self._rows.point(row, f"{self.path.name} line {self._line}")
                if point is not None:
                    yield point
            elif text.strip():
                self._rows.unreadable(f"{self.path.name} line {self._line}: no JSON object")


def decoded(text: str) -> dict[str, Any] | None:
    """The object a line holds, or None where it holds none."""
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _is_object(text: str) -> bool:
    # An object ends with its own brace, so nothing can be missing behind it.
    return decoded(text) is not None
