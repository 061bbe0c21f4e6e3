"""From what a script logs to lines of the spool: step numbers, repeated steps, branches."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from assay.flusher import Line, say
from assay.foreign import Failure, attempt, shown
from assay.spool import read_spool

__all__ = ["StepLines", "last_position"]

_TAIL = 1 << 16


class StepLines:
    """Turns queued items into spool lines; lives on the flusher's thread.

    A step is unique within a branch, so a metric whose step goes back begins a branch there.
    """

    def __init__(self, branch: int = 1, last_step: int = -1) -> None:
        """Go on behind a position; a run's first branch is 1 and no step lies below 0."""
        self.branch = branch
        self._last = max(last_step, 0)
        self._floor = last_step
        self._latest: dict[str, int] = {}
        self._said: set[str] = set()

    def lines(self, item: Any) -> list[Line]:
        """Give the lines of one item: a line as it is, or a step (step, time, values, batch)."""
        if isinstance(item, dict):
            return self._other(cast("Line", item))
        step, moment, values, batch = item
        if step is None:
            step = values.pop("step", self._last + 1)
        number = _whole(step)
        if number is None:
            self._say_once("step", f"step {shown(step)} is no whole number from 0 up; its values are left out")
            return []
        numbers = dict(self._numbers(values))
        return [*self._branch_for(number, numbers, moment), self._step(number, moment, numbers, batch)]

    def _other(self, line: Line) -> list[Line]:
        if line["k"] == "fork":
            return self._asked_fork(line)
        if line["k"] == "follow":
            return self._followed(line)
        if line["k"] in ("event", "checkpoint"):
            line.setdefault("b", self.branch)
        return [line]

    def _step(self, step: int, moment: float, values: dict[str, float], batch: Line | None) -> Line:
        fresh = {name: value for name, value in values.items() if self._latest.get(name) != step}
        if len(fresh) < len(values):
            names = ", ".join(sorted(values.keys() - fresh.keys()))
            self._say_once(f"twice {names}", f"step {step} was logged twice for {names}; the first value is kept")
        self._latest.update(dict.fromkeys(fresh, step))
        self._last = max(self._last, step)
        line: Line = {"k": "step", "t": moment, "b": self.branch, "s": step, "v": fresh}
        if batch is not None:
            line["batch"] = batch
        return line

    def _branch_for(self, step: int, values: dict[str, float], moment: float) -> Iterator[Line]:
        if any(step < self._latest.get(name, self._floor + 1) for name in values):
            yield self._fork(step - 1, "resume", {}, moment)

    def _asked_fork(self, line: Line) -> list[Line]:
        after = -1 if line["after"] == -1 else _whole(line["after"])
        if after is None:
            self._say_once("fork", f"no branch can begin after step {shown(line['after'])}; it is left out")
            return []
        return [self._fork(after, line["reason"], line["data"], line["t"])]

    def _followed(self, line: Line) -> list[Line]:
        """Go on where another process has begun a branch, which that one declares."""
        self.branch, self._last, self._floor = line["branch"], line["after"], line["after"]
        self._latest = {name: step for name, step in self._latest.items() if step <= line["after"]}
        return []

    def _fork(self, after: int, reason: str, data: Line, moment: float) -> Line:
        parent = self.branch
        self.branch += 1
        self._last = self._floor = after
        self._latest = {name: step for name, step in self._latest.items() if step <= after}
        return {
            "k": "branch", "t": moment, "b": self.branch, "parent": parent,
            "fork": after, "reason": reason, "data": data,
        }  # fmt: skip

    def _numbers(self, values: dict[Any, Any]) -> Iterator[tuple[str, float]]:
        for key, value in values.items():
            name = key if isinstance(key, str) else shown(key)
            number = value if type(value) is float else attempt(float, value)
            if isinstance(number, Failure):
                self._say_once(name, f"{name} = {shown(value)} is no number and is left out")
            else:
                yield name, value if type(value) is int else number

    def _say_once(self, key: str, sentence: str) -> None:
        if key not in self._said and len(self._said) < 100:
            self._said.add(key)
            say(sentence)


def _whole(step: Any) -> int | None:
    number = attempt(_as_whole, step)
    return None if isinstance(number, Failure) else number


def _as_whole(step: Any) -> int | None:
    number = int(step)
    return number if number == step and 0 <= number < 2**62 else None


def last_position(run_folder: Path) -> tuple[int, int]:
    """Find the newest branch and its last step in a run's spool: (1, -1) for a new run."""
    position = (1, -1)
    for path in sorted((run_folder / "spool").glob("0-*.jsonl")):
        position = max(position, _last_in(path))
    return position


def _last_in(path: Path) -> tuple[int, int]:
    size, tail = path.stat().st_size, _TAIL
    while True:
        lines = read_spool(path, offset=max(0, size - tail), limit=tail + 1).lines
        found = [position for line in lines if (position := _position(line))]
        if found or tail >= size:
            return max(found, default=(1, -1))
        tail *= 4


def _position(line: Line) -> tuple[int, int] | None:
    key = {"branch": "fork", "step": "s"}.get(line["k"], "")
    branch, step = line.get("b"), line.get(key)
    return (branch, step) if type(branch) is int and type(step) is int else None
