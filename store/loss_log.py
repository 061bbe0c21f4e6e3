"""The loss and what goes with it, step by step, from someone's log or from a recorded run.

A log is read in the order it was written. A value for a step that has one already takes its place. Where
steps go back to one that was logged, the program was started again from there: what it had logged
behind that step is no part of the run any more, as in the active path of a recorded run. Steps that
go back without repeating any are put in order.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from assay.errors import AssayError
from store.database import Store
from store.readers import Point, find_source
from store.readers.table import TableSource
from store.refs import Ref, find_run

__all__ = ["LossLog", "in_order", "read_log", "read_run"]

Row = tuple[int, dict[str, float]]


class LossLog(NamedTuple):
    """The rows of one run, each step once."""

    rows: list[Row]
    """Step and values by name, in order of steps."""

    replaced: int = 0
    """Rows left out, because the program was started again at or before their step."""

    restarts: int = 0
    """How often that was so."""


def read_log(path: Path) -> LossLog:
    """Read a log, or that of a folder. Raises AssayError where there is none, or it holds no loss."""
    try:
        _check_is_text(path)
        found = find_source(path)
        # Nobody waits for the rest of the last line here: what is there is what is looked at.
        source = TableSource(found.path, is_whole=True) if found.format == "table" else found.open()
        log = in_order(point for batch in source.poll() for point in batch.points)
    except OSError as error:
        raise AssayError(f"cannot read {path}: {error.strerror}: {error.filename}") from error
    if not any("loss" in values for _, values in log.rows):
        names = dict.fromkeys(name for _, values in log.rows[:100] for name in values)
        said = f"its columns are step, {', '.join(list(names)[:12])}" if names else "no row has a step and a number"
        raise AssayError(f"{found.path} has no loss: {said}; a column loss or train_loss is needed")
    return log


def in_order(points: Iterable[Point]) -> LossLog:
    """Each step once, in order.

    >>> log = in_order(Point(step, {"loss": loss}) for step, loss in [(1, 5.0), (2, 4.0), (3, 9.0), (2, 3.5)])
    >>> log.rows, log.replaced
    ([(1, {'loss': 5.0}), (2, {'loss': 3.5})], 1)
    """
    kept: dict[int, dict[str, float]] = {}
    steps: list[int] = []
    latest: dict[str, int] = {}
    replaced = restarts = 0
    for step, values, _ in points:
        if not steps or step > steps[-1]:
            steps.append(step)
            kept[step] = values
            latest.update(dict.fromkeys(values, step))
            continue
        known = kept.get(step)
        if known is None:
            insort(steps, step)
            kept[step] = values
        elif any(name in known and latest[name] > step for name in values):
            gone = steps[bisect_right(steps, step) :]
            del steps[len(steps) - len(gone) :]
            for one in gone:
                del kept[one]
            kept[step] = values
            latest = {name: min(last, step) for name, last in latest.items()}
            replaced, restarts = replaced + len(gone), restarts + 1
        else:
            kept[step] = {**known, **values}
        for name in values:
            latest[name] = max(latest.get(name, step), step)
    return LossLog([(step, kept[step]) for step in steps], replaced, restarts)


def read_run(store: Store, ref: Ref) -> LossLog:
    """Read the active path of a recorded run, or the path of one of its branches. Raises StoreError."""
    run = find_run(store, ref.run)
    if ref.branch is None:
        table = store.read(_ROWS.format(path=_ACTIVE), {"id": run["id"]})
    else:
        table = store.read(_ROWS.format(path=_BRANCH), {"id": run["id"], "tip": ref.branch})
    if "loss" not in table["name"].to_pylist():
        of_branch = "" if ref.branch is None else f", or no branch {ref.branch}"
        raise AssayError(f"run {ref.run} has no loss yet{of_branch}; `assay runs show {ref.run}` shows what it has")
    columns = (table[name].to_pylist() for name in ("step", "name", "value"))
    return LossLog(list(_rows(zip(*columns, strict=True))))


def _rows(values: Iterator[tuple[int, str, float]]) -> Iterator[Row]:
    for step, found in groupby(values, key=lambda item: item[0]):
        yield step, {name: value for _, name, value in found}


def _check_is_text(path: Path) -> None:
    """Refuse what would be read as a table of nonsense. Raises AssayError, OSError."""
    if not path.is_file() or "tfevents" in path.name:
        return
    with path.open("rb") as file:
        begin = file.read(4096)
    if not begin.strip():
        raise AssayError(f"{path} is empty")
    if b"\0" in begin:
        raise AssayError(
            f"{path} is no log: it holds binary data; CSV, JSONL, trainer_state.json and TensorBoard events can be read"
        )


_ACTIVE = "SELECT branch, last_step FROM active_path WHERE run_id = $id"
_BRANCH = "SELECT branch, last_step FROM run_path WHERE run_id = $id AND tip = $tip"

_ROWS = """
SELECT m.step, n.name, m.value
FROM metric m JOIN metric_name n ON n.id = m.metric_id
JOIN ({path}) p ON p.branch = m.branch AND m.step <= p.last_step
WHERE m.run_id = $id AND (
    n.name IN ('loss', 'grad_norm', 'loss_scale', 'lr', 'group/embed/update_rms', 'group/first/update_rms')
    OR n.name LIKE 'group/%/rms_t'
)
ORDER BY m.step, n.name
"""
