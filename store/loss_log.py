"""The loss and what goes with it, step by step, from someone's log or from a recorded run.

A log is read in the order it was written. A row that says again what its step has already is nothing
new; other values for such a step take their place. Where the row after it goes on from there, among
steps that were logged too, the program was started again: what it had logged behind that step is no
part of the run any more, as in the active path of a recorded run. Steps that go back without repeating
any are put in order.
"""

import math
import re
from bisect import bisect_right
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
        return _read_log(path)
    except OSError as error:
        raise AssayError(_printable(f"cannot read {path}: {error.strerror}: {error.filename}")) from error
    except AssayError as error:
        # Names of columns and files go into these sentences, and a terminal obeys control characters.
        raise AssayError(_printable(str(error))) from error


def _read_log(path: Path) -> LossLog:
    _check_is_text(path)
    found = find_source(path)
    # Nobody waits for the rest of the last line here: what is there is what is looked at.
    source = TableSource(found.path, is_whole=True) if found.format == "table" else found.open()
    log = in_order(point for batch in source.poll() for point in batch.points)
    if not any("loss" in values for _, values in log.rows):
        names = dict.fromkeys(name for _, values in log.rows[:100] for name in values)
        said = f"its columns are step, {', '.join(list(names)[:12])}" if names else "no row has a step and a number"
        raise AssayError(f"{found.path} has no loss: {said}; a column loss or train_loss is needed")
    return log


def _printable(text: str) -> str:
    """The text with what no terminal should get as Python writes it: a line end as two characters."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def in_order(points: Iterable[Point]) -> LossLog:
    """Each step once, in order.

    >>> told = [(1, 5.0), (2, 4.0), (3, 9.0), (4, 9.5), (2, 3.5), (3, 3.0)]
    >>> log = in_order(Point(step, {"loss": loss}) for step, loss in told)
    >>> log.rows, log.replaced
    ([(1, {'loss': 5.0}), (2, {'loss': 3.5}), (3, {'loss': 3.0})], 2)
    """
    order = _Order()
    for step, values, _ in points:
        order.take(step, values)
    return LossLog(order.rows(), order.replaced, order.restarts)


class _Order:
    """The rows so far, each step once."""

    def __init__(self) -> None:
        self.replaced = self.restarts = 0
        self._kept: dict[int, dict[str, float]] = {}
        self._steps: list[int] = []
        self._is_sorted = True
        self._highest = -1
        self._latest: dict[str, int] = {}
        """Highest step by name of value."""
        self._back: Row | None = None
        """The row before, if it replaced one that has others behind it."""

    def rows(self) -> list[Row]:
        return [(step, self._kept[step]) for step in self._sorted()]

    def take(self, step: int, values: dict[str, float]) -> None:
        if self._back is not None:
            self._decide(self._back, step, values)
        if step > self._highest:
            self._highest = step
            self._steps.append(step)
            self._kept[step] = values
            self._latest.update(dict.fromkeys(values, step))
        elif (known := self._kept.get(step)) is None:
            self._steps.append(step)
            self._is_sorted = False
            self._join(step, values)
        elif not _has_all(known, values):
            if self._back is None and any(name in known and self._latest[name] > step for name in values):
                self._back = step, values
            self._join(step, values)

    def _join(self, step: int, values: dict[str, float]) -> None:
        self._kept[step] = {**self._kept.get(step, {}), **values}
        for name in values:
            self._latest[name] = max(self._latest.get(name, step), step)

    def _decide(self, back: Row, step: int, values: dict[str, float]) -> None:
        """Look at the row after one that went back: only the two together tell a restart from a stray row."""
        if step == back[0]:
            self._back = step, {**back[1], **values}
            return
        self._back = None
        if step > back[0] and any(self._latest.get(name, -1) >= step for name in values):
            self._start_again(*back)

    def _start_again(self, step: int, values: dict[str, float]) -> None:
        steps = self._sorted()
        gone = steps[bisect_right(steps, step) :]
        del steps[len(steps) - len(gone) :]
        for one in gone:
            del self._kept[one]
        self._kept[step], self._highest = values, step
        self._latest = {name: min(last, step) for name, last in self._latest.items()}
        self.replaced, self.restarts = self.replaced + len(gone), self.restarts + 1

    def _sorted(self) -> list[int]:
        if not self._is_sorted:
            self._steps.sort()
            self._is_sorted = True
        return self._steps


def _has_all(known: dict[str, float], values: dict[str, float]) -> bool:
    """Whether these values are all there already; NaN is the same as NaN here."""
    for name, value in values.items():
        had = known.get(name)
        if had is None or (had != value and not (math.isnan(had) and math.isnan(value))):
            return False
    return True


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
    if _is_binary(begin):
        raise AssayError(
            f"{path} is no log: it holds binary data; CSV, JSONL, trainer_state.json and TensorBoard events can be read"
        )


def _is_binary(begin: bytes) -> bool:
    text = begin.decode("utf-8", "replace")
    # Some headers are in Latin-1 or GBK, so a few bytes that are no UTF-8 are still a log.
    return _CONTROL.search(begin) is not None or text.count("\ufffd") > 0.3 * len(text)


_CONTROL = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")
"""What no text holds: control characters other than white space and those that move, colour or ring."""

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
