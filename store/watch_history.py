"""What is recorded of a watched log, so that each of its points is recorded once, and its branches.

Every recorded step carries `at`: the stream it was read from, its number there and a mark made of
what it says. A log is always read from its beginning and compared with those marks, so what was
recorded is known exactly, whatever was killed between which two lines, and a log that is rewritten
adds only what is new in it.
"""

import time
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

from assay.flusher import Line
from assay.spool import read_spool
from store.readers import Point
from store.readers.names import HELPERS

__all__ = ["History", "mark_of", "spool_lines"]


class History:
    """The recorded points of one run, by stream, and the branches they lie on."""

    def __init__(self) -> None:
        """Nothing is recorded yet."""
        self.branch = 1
        """The newest branch."""
        self.points = 0
        """Points recorded, those of abandoned branches too."""
        self.repeated = 0
        """Values left out in this process, because their step was recorded already."""
        self.newest: dict[str, float] = {}
        """Newest value of each metric."""
        self._marks: dict[str, list[str]] = {}
        self._next: dict[str, int] = {}
        self._parents: dict[int, tuple[int, int]] = {}
        self._latest: dict[str, int] = {}

    @property
    def last_step(self) -> int | None:
        """The newest step of the newest branch; None before the first."""
        return max(self._latest.values(), default=None)

    def restart(self, stream: str) -> None:
        """The next point of this stream is its first."""
        self._next[stream] = 0

    def take(self, stream: str, point: Point) -> list[Line]:
        """The lines a point adds: none where it is recorded already."""
        marks, number = self._marks.setdefault(stream, []), self._next.get(stream, 0)
        mark = mark_of(point)
        self._next[stream] = number + 1
        if number < len(marks):
            if marks[number] == mark:
                return []
            if self._is_further_on(stream, number, mark):
                return []
        marks.append(mark)
        return [*self._branch_for(point), self._step(point, [stream, number, mark])]

    def learn(self, line: Line) -> None:
        """Take in a line that is recorded already."""
        if line["k"] == "branch":
            self._enter(line["b"], line["parent"], line["fork"])
        elif line["k"] == "step" and "at" in line:
            stream, number, mark = line["at"]
            marks = self._marks.setdefault(stream, [])
            # Where lines were deleted from the spool, what they said is unknown.
            marks[number:] = [*[""] * (number - len(marks)), mark]
            self._remember(line["s"], line["v"])

    def _is_further_on(self, stream: str, number: int, mark: str) -> bool:
        """Whether the log lost what stood here and goes on with what is recorded; else what is
        recorded from here on is no part of the log any more.
        """
        marks = self._marks[stream]
        try:
            self._next[stream] = marks.index(mark, number) + 1
        except ValueError:
            del marks[number:]
            return False
        return True

    def _branch_for(self, point: Point) -> Iterator[Line]:
        measured = point.values.keys() - HELPERS or point.values.keys()
        if any(point.step < self._latest.get(name, 0) for name in measured):
            parent, fork, last = self.branch, point.step - 1, self.last_step
            self._enter(parent + 1, parent, fork)
            yield {
                "k": "branch", "t": _moment(point), "b": self.branch, "parent": parent,
                "fork": fork, "reason": "resume", "data": {"abandoned_to": last},
            }  # fmt: skip

    def _step(self, point: Point, at: list[Any]) -> Line:
        fresh = {name: value for name, value in point.values.items() if self._latest.get(name, -1) < point.step}
        self.repeated += len(point.values.keys() - fresh.keys() - HELPERS)
        self._remember(point.step, fresh)
        return {"k": "step", "t": _moment(point), "b": self._home(point.step), "s": point.step, "v": fresh, "at": at}

    def _enter(self, branch: int, parent: int, fork: int) -> None:
        self.branch = branch
        self._parents[branch] = parent, fork
        self._latest = {name: min(step, fork) for name, step in self._latest.items()}

    def _remember(self, step: int, values: dict[str, float]) -> None:
        self.points += 1
        self._latest.update(dict.fromkeys(values, step))
        self.newest.update(values)

    def _home(self, step: int) -> int:
        """The branch whose part of the active path holds a step: a late value, as of an evaluation
        that took long, may belong to what lies before the newest fork.
        """
        branch = self.branch
        while branch in self._parents and step <= self._parents[branch][1]:
            branch = self._parents[branch][0]
        return branch


def mark_of(point: Point) -> str:
    """Twelve characters that tell a point from another one; its time does not count.

    >>> mark_of(Point(7, {"loss": 2.5}, 1.7e9)) == mark_of(Point(7, {"loss": 2.5}))
    True
    """
    said = repr((point.step, sorted(point.values.items())))
    return blake2b(said.encode(), digest_size=6).hexdigest()


def spool_lines(run_folder: Path) -> Iterator[Line]:
    """All lines of a run's own spool, in the order they were written."""
    for path in sorted((run_folder / "spool").glob("0-*.jsonl")):
        offset, chunk = -1, read_spool(path)
        while chunk.offset > offset:
            yield from chunk.lines
            offset, chunk = chunk.offset, read_spool(path, chunk.offset)


def _moment(point: Point) -> float:
    return time.time() if point.time is None else point.time
