"""From rows of named cells, as CSV and JSON logs hold them, to points."""

from collections.abc import Mapping
from typing import NamedTuple

from store.readers.names import (
    PART_NAMES,
    PROGRESS_NAMES,
    STEP_NAMES,
    TIME_NAMES,
    TOTAL_NAMES,
    VALIDATION,
    find_column,
    metric_name,
    plain,
)
from store.readers.numbers import as_moment, as_step, as_value, is_missing, why_no_step
from store.readers.point import Facts, Point

__all__ = ["RowReader"]


class _Columns(NamedTuple):
    """Which column of a row means what."""

    step: str | None
    time: str | None
    total: str | None
    loss: str | None
    parts: tuple[str, ...]
    metrics: tuple[tuple[str, str], ...]
    """Column and metric name, where the column may hold a measurement."""


class RowReader:
    """Turns the rows of one log into points, and gathers what they say beside them."""

    def __init__(self) -> None:
        """Begin in front of the first row."""
        self.facts = Facts()
        self._columns: dict[tuple[str, ...], _Columns] = {}
        self._last_step = 0
        self._closed = False

    def point(self, row: Mapping[str, object], where: str) -> Point | None:
        """The point of a row, or None where it gives none. `where` names the row, for people.

        In a row of validation the loss is the validation loss.
        """
        self.facts.rows += 1
        columns = self._columns_of(tuple(row))
        step = None if columns.step is None else as_step(row[columns.step])
        if step is None:
            self.facts.skip(f"{where}: {why_no_step(None if columns.step is None else row[columns.step])}")
            return None
        if _is_closing(row):
            self._close(row, columns)
            return None
        moment = None if columns.time is None else as_moment(row[columns.time])
        values = {name: value for raw, name in columns.metrics if (value := as_value(row[raw])) is not None}
        if moment is not None:
            values.pop(columns.time or "", None)
        if columns.loss is not None and "loss" not in values:
            self._miss(row[columns.loss], where)
        if columns.parts and any(_is_validation(row[part]) for part in columns.parts):
            self._validate(values)
        if values.keys() <= {"epoch"} or self._stands_alone(step, values):
            return None
        self._note(step, row, columns, values)
        return Point(step, values, moment)

    def _columns_of(self, names: tuple[str, ...]) -> _Columns:
        if names not in self._columns:
            if len(self._columns) > 1000:
                self._columns.clear()
            self._columns[names] = _sorted_out(names)
        return self._columns[names]

    def unreadable(self, where: str) -> None:
        """Count a row that is none at all."""
        self.facts.rows += 1
        self.facts.skip(where)

    def _miss(self, cell: object, where: str) -> None:
        if isinstance(cell, str) and not is_missing(cell):
            self.facts.skip(f"{where}: loss {cell!r:.40} is no number")

    def _validate(self, values: dict[str, float]) -> None:
        self.facts.validation += 1
        # Nobody takes a gradient there.
        values.pop("grad_norm", None)
        if "loss" in values:
            loss = values.pop("loss")
            values.setdefault("val_loss", loss)

    def _stands_alone(self, step: int, values: dict[str, float]) -> bool:
        # LLaMA-Factory evaluating a trained model appends its result to the training's log as step 0.
        return step == 0 and self._last_step > 0 and "val_loss" in values and "loss" not in values

    def _close(self, row: Mapping[str, object], columns: _Columns) -> None:
        cells = ((raw, as_value(cell)) for raw, cell in row.items() if raw not in (columns.step, columns.time))
        self.facts.summary = {raw: value for raw, value in cells if value is not None}
        self._closed = self.facts.ended = True

    def _note(self, step: int, row: Mapping[str, object], columns: _Columns, values: dict[str, float]) -> None:
        if columns.total is not None:
            cell = row[columns.total]
            total = as_step(cell.split("/", 1)[-1] if isinstance(cell, str) else cell)
            self.facts.total_steps = total or self.facts.total_steps
        self._last_step = step
        if "loss" in values:
            self._closed = False
        total = self.facts.total_steps
        self.facts.ended = self._closed or (total is not None and step >= total)


def _sorted_out(names: tuple[str, ...]) -> _Columns:
    step, time = find_column(names, STEP_NAMES), find_column(names, TIME_NAMES)
    aside = {"", "unnamed:_0", *STEP_NAMES, *TOTAL_NAMES, *PROGRESS_NAMES}
    rest = [name for name in names if plain(name) not in aside]
    metrics = tuple(_named(rest))
    loss = next((column for column, name in metrics if name == "loss"), None)
    parts = tuple(name for name in names if plain(name) in PART_NAMES)
    return _Columns(step, time, find_column(names, TOTAL_NAMES), loss, parts, metrics)


def _is_closing(row: Mapping[str, object]) -> bool:
    """Whether a Hugging Face trainer says in this row what the whole run came to.

    With include_num_input_tokens_seen each of its rows has the time so far, beside the loss that this one lacks.
    """
    return as_value(row.get("train_runtime")) is not None and as_value(row.get("loss")) is None


def _is_validation(cell: object) -> bool:
    return isinstance(cell, str) and cell.strip().lower() in VALIDATION


def _named(columns: list[str]) -> list[tuple[str, str]]:
    """Give each column its metric's name; where two claim one, the one that is called so has it."""
    taken = {column for column in columns if metric_name(column) == column}
    named: list[tuple[str, str]] = []
    for column in columns:
        name = metric_name(column)
        if name != column:
            name = column if name in taken else name
            taken.add(name)
        named.append((column, name))
    return named
