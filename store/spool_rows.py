"""From lines of one spool file to rows of the store's tables. Pure: nothing here touches the store."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import PurePosixPath
from typing import Any, TypeAlias, cast

from assay.spool import as_number, spell_nonfinite

__all__ = ["SpoolRows", "rows_of"]

Line: TypeAlias = dict[str, Any]
Row: TypeAlias = dict[str, Any]

MOST_WHOLE = 2**62
"""Whole numbers stay below this, so that adding to one in SQL cannot overflow."""

MOST_BRANCHES = 2**31

MOST_SECONDS = 253_402_300_800
"""The year 10000, which readers cannot show; times in milliseconds lie beyond it."""

DEEPEST = 100
"""Levels of an object in details: readers walk through it recursively."""


@dataclass
class SpoolRows:
    """Rows of one run out of one spool file, without the ids that only the store can give."""

    rank: int = 0
    """Process that wrote the file; metrics of ranks above 0 are named `rank/<n>/<name>`."""
    run: str = ""
    """The run's name here; empty where nobody asks."""
    names: list[str] = field(default_factory=list[str])
    """Metric name of each value; `branches` to `times` are as long."""
    branches: list[int] = field(default_factory=list[int])
    """Branch of each value."""
    steps: list[int] = field(default_factory=list[int])
    """Step of each value."""
    values: list[float] = field(default_factory=list[float])
    """The values."""
    times: list[int] = field(default_factory=list[int])
    """Time of each value, in microseconds since 1970 (UTC)."""
    tables: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]])
    """Rows of the other append-only tables, by table."""
    checkpoints: list[Row] = field(default_factory=list[Row])
    """Checkpoint states, in order; a later one replaces an earlier one of the same path."""
    facts: Row = field(default_factory=dict[str, Any])
    """New values of the run's own columns."""
    position: tuple[int, int] | None = None
    """Newest branch met and its newest step."""
    first_time: int | None = None
    """Time of the first line, in microseconds."""
    lines: int = 0
    """Lines used."""
    damaged: int = 0
    """Lines without what their kind needs; they are left out."""

    def add(self, table: str, **row: Any) -> None:
        """Append a row to one of `tables`."""
        self.tables.setdefault(table, []).append(row)


def rows_of(lines: list[Line], rank: int = 0, run: str = "") -> SpoolRows:
    """Sort the lines of one file of a run into rows; a line that lacks something is counted, never raised."""
    rows = SpoolRows(rank, run)
    for line in lines:
        try:
            time = _micros(line["t"])
            handler = _HANDLERS.get(line["k"])
            if handler is not None:
                handler(rows, line, time)
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
            rows.damaged += 1
            continue
        rows.lines += 1
        rows.first_time = time if rows.first_time is None else rows.first_time
        rows.facts["heartbeat"] = max(time, rows.facts.get("heartbeat", time))
    return rows


def _step(rows: SpoolRows, line: Line, time: int) -> None:
    branch, step = _branch_number(line["b"]), _whole(line["s"])
    logged = _object(line["v"])
    names = [_text(name) for name in logged]
    if rows.rank:
        names = [f"rank/{rows.rank}/{name}" for name in names]
    values = [_finite_or_not(value) for value in logged.values()]
    batch_row = _batch_row(_object(line["batch"])) if line.get("batch") else None
    rows.names += names
    rows.values += values
    rows.branches.extend(repeat(branch, len(names)))
    rows.steps.extend(repeat(step, len(names)))
    rows.times.extend(repeat(time, len(names)))
    if batch_row:
        rows.add("step_batch", branch=branch, step=step, **batch_row)
    _moved_to(rows, branch, step)
    rows.facts["first_step"] = min(step, rows.facts.get("first_step", step))


def _batch_row(batch: Line) -> Row:
    return {
        "update": _whole_or_none(batch.get("update")),
        "verdict": _text_or_none(batch.get("verdict") or None),
        "rows": [_whole(row) for row in cast("list[Any]", batch.get("rows") or [])],
        "losses": [_finite_or_not(loss) for loss in cast("list[Any]", batch.get("losses") or [])],
    }


def _branch(rows: SpoolRows, line: Line, time: int) -> None:
    branch, parent, fork = _branch_number(line["b"]), _branch_number(line["parent"]), _whole(line["fork"])
    if not 1 <= parent < branch or fork < -1:
        raise ValueError(line)
    rows.add(
        "branch", branch=branch, parent=parent, fork_step=fork, reason=_text(line["reason"]), created=time,
        data=_json(line.get("data")),
    )  # fmt: skip
    _moved_to(rows, branch, fork)


def _moved_to(rows: SpoolRows, branch: int, step: int) -> None:
    """Remember the newest step of the newest branch; late values of older ones do not move it."""
    if rows.rank == 0:
        position = max((branch, step), rows.position or (branch, step))
        rows.position = position


def _checkpoint(rows: SpoolRows, line: Line, time: int) -> None:
    row: Row = {
        "branch": _branch_number(line["b"]), "step": _whole(line["s"]), "state": _text(line["state"]),
        "path": _own_path(_text(line["path"]), rows.run), "sha256": _text_or_none(line.get("sha256")),
        "bytes": _whole_or_none(line.get("bytes")), "changed": time, "data": _json(line.get("data")),
    }  # fmt: skip
    message = f"checkpoint at step {row['step']}: {row['state']}"
    rows.add(
        "event", branch=row["branch"], step=row["step"], time=time, kind="checkpoint", level="info",
        message=message, data=_json({"state": row["state"], "path": row["path"], "reason": line.get("reason")}),
    )  # fmt: skip
    rows.checkpoints.append(row)


def _own_path(path: str, run: str) -> str:
    """The path of a run's checkpoint: in its own folder, whatever the run was called where it was recorded.

    Raises ValueError for one that leads out of the store.
    """
    place = PurePosixPath(path)
    if place.is_absolute() or ".." in place.parts:
        raise ValueError(path)
    if not run or place.parts[1:2] != ("checkpoints",):
        return path
    return PurePosixPath(run, *place.parts[1:]).as_posix()


def _event(rows: SpoolRows, line: Line, time: int) -> None:
    branch = line.get("b")
    rows.add(
        "event", branch=None if branch is None else _branch_number(branch), step=_whole_or_none(line.get("s")),
        time=time, kind=_text(line["kind"]), level=_text(line.get("level") or "info"),
        message=_text(line["message"]), data=_json(line.get("data")),
    )  # fmt: skip


def _run(rows: SpoolRows, line: Line, _time: int) -> None:
    fields = _object(line["fields"])
    rows.facts.update({name: read(fields[name]) for name, read in _FACTS.items() if fields.get(name) is not None})


def _status(rows: SpoolRows, line: Line, time: int) -> None:
    status, error = _text(line["status"]), _text_or_none(line.get("error") or None)
    ended = time if status in ("finished", "failed") else None
    rows.facts.update(status=status, error=error, ended=ended)
    rows.add(
        "event", time=time, kind="status", level="alarm" if status == "failed" else "info",
        message=f"{status}: {error}" if error else status, data="{}",
    )  # fmt: skip


def _dataset(rows: SpoolRows, line: Line, _time: int) -> None:
    rows.add(
        "dataset", path=_text(line["path"]), sha256=_text(line["sha256"]), rows=_whole(line["rows"]),
        role=_text(line["role"]), first_row=_whole_or_none(line.get("first_row")),
    )  # fmt: skip


def _samples(rows: SpoolRows, line: Line, _time: int) -> None:
    dataset = _text(line["dataset"])
    samples = [
        {
            "dataset": dataset, "row": _whole(number), "id": _text_or_none(own_id), "source": _text_or_none(source),
            "task": _text_or_none(task), "hash": _text(digest),
        }
        for number, own_id, source, task, digest in line["rows"]
    ]  # fmt: skip
    for sample in samples:
        rows.add("sample", **sample)


_HANDLERS: dict[str, Callable[[SpoolRows, Line, int], None]] = {
    "run": _run,
    "branch": _branch,
    "step": _step,
    "checkpoint": _checkpoint,
    "event": _event,
    "dataset": _dataset,
    "samples": _samples,
    "status": _status,
}


def _micros(seconds: Any) -> int:
    if type(seconds) not in (int, float) or not 0 <= seconds < MOST_SECONDS:
        raise TypeError(seconds)
    return int(seconds * 1_000_000)


def _whole(value: Any) -> int:
    if type(value) is not int or not -MOST_WHOLE < value < MOST_WHOLE:
        raise TypeError(value)
    return value


def _branch_number(value: Any) -> int:
    if type(value) is not int or not 0 <= value < MOST_BRANCHES:
        raise TypeError(value)
    return value


def _whole_or_none(value: Any) -> int | None:
    return None if value is None else _whole(value)


def _finite_or_not(value: Any) -> float:
    number = as_number(value)
    if number is None:
        raise TypeError(value)
    return number


def _object(value: Any) -> Row:
    if not isinstance(value, dict):
        raise TypeError(value)
    return cast("Row", value)


def _json(value: Any) -> str:
    """An object as JSON that the store takes: no NaN, nothing that is no UTF-8, nothing too deep."""
    text = json.dumps(spell_nonfinite(_object(value or {})), ensure_ascii=False)
    if text.count("{") + text.count("[") > DEEPEST and _is_deeper(value, DEEPEST):
        raise ValueError(value)
    return _text(text)


def _is_deeper(value: Any, levels: int) -> bool:
    if isinstance(value, dict):
        inner = cast("dict[str, Any]", value).values()
    elif isinstance(value, list):
        inner = cast("list[Any]", value)
    else:
        return False
    return levels == 0 or any(_is_deeper(item, levels - 1) for item in inner)


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise TypeError(value)
    return [_text(item) for item in cast("list[Any]", value)]


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)


def _text(value: Any) -> str:
    # A lone surrogate is valid JSON, but no UTF-8.
    return str(value).encode("utf-8", "replace").decode()


_FACTS: dict[str, Callable[[Any], Any]] = {
    "project": _text,
    "stage": _text,
    "total_steps": _whole,
    "parent": _text,
    "source": _text,
    "config": _json,
    "provenance": _json,
    "tags": _texts,
}
"""Fields of a `run` line that have a column, and how each is read; others stay in the spool."""
