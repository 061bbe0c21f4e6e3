"""The newest values of one run on its active path, each with what it is to be compared with.

The rows are read as they are and counted here: of so few, planning to have DuckDB count them takes longer.
"""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from dashboard.tables import numbers
from store.database import Snapshot, Store

__all__ = ["CARDS", "LOWEST", "Before", "Place", "active_path", "card_ids", "figures", "newest_rows"]

CARDS = ("loss", "val_loss", "grad_norm", "tokens_per_s", "lr")
"""Metrics with a card of their own, in the order they are shown."""

LOWEST = "val_loss"
"""The metric whose lowest value is told."""

BACK = 128
"""Steps of the widest window."""

FOREVER = 2**63 - 1

Array = np.ndarray[Any, Any]


class Before(NamedTuple):
    """What `figures` has to know of the steps before those it looks at, and what a few steps more do not change."""

    step: int = -1
    """The last of these steps."""

    rows: tuple[tuple[int, int, float], ...] = ()
    """Branch, step and value of validation losses among them: the lowest, and the newest where none is newer."""

    others: pa.Table | None = None
    """Those of the other metrics, as far back as they are looked for; see `newest_rows`."""


class Place(NamedTuple):
    """Where the figures of a run are found."""

    ids: dict[str, int]
    """See `card_ids`."""

    path: list[dict[str, Any]]
    """See `active_path`."""


def figures(store: Store | Snapshot, run_id: int, earlier: Before, place: Place | None = None) -> pa.Table:
    """Newest values on the active path, a row a metric of `CARDS` that has any; `place` is asked for where it is not
    known. Raises StoreError.

    `recent` is the mean of the last 20 steps, `earlier` that of the 20 steps 50 steps before; `low` and
    `high` span the last 128 steps, of which `since` is the first that has a value. All of them take finite
    values only, but for `value` itself; `lowest` and `lowest_step` are given for the validation loss only.
    """
    if isinstance(store, Store):
        return store.snapshot(lambda snapshot: figures(snapshot, run_id, earlier, place))
    ids, path = place or (card_ids(store), active_path(store, run_id))
    rows = newest_rows(store, run_id, list(ids.values()), earlier.step)
    active = _on_path(path, _columns(rows, earlier, ids.get(LOWEST)))
    found = [_figures(name, active.of(ids[name])) for name in CARDS if name in ids]
    return pa.Table.from_pylist([row for row in found if row], schema=_SCHEMA)


def card_ids(store: Snapshot) -> dict[str, int]:
    """Numbers of the metrics of `CARDS` that any run has logged. Raises StoreError."""
    return {row["name"]: row["id"] for row in store.rows(_IDS, {"metrics": list(CARDS)})}


def newest_rows(store: Snapshot, run_id: int, ids: list[int], since: int, until: int = FOREVER) -> pa.Table:
    """Values of metrics, by number, from after a step up to one: metric_id, branch, step, value. Raises StoreError."""
    # Numbers in the text: only so does DuckDB leave the rows of all other metrics where they are.
    listed = ", ".join(map(str, ids)) or "NULL"
    return store.read(_ROWS.format(run_id=run_id, since=since, until=until, ids=listed))


def active_path(store: Snapshot, run_id: int) -> list[dict[str, Any]]:
    """Branches of a run's active path: branch, first_step, and where there are several last_step. Raises StoreError."""
    own = {"run_id": run_id}
    path = store.rows("SELECT branch, fork_step + 1 AS first_step FROM branch WHERE run_id = $run_id", own)
    if len(path) > 1:
        # Planning the view takes longer than reading it: a run without a rollback does without.
        path = store.rows("SELECT branch, first_step, last_step FROM active_path WHERE run_id = $run_id", own)
    return path


class _Values(NamedTuple):
    """Values of metrics, an array a column: each look at a table of so few rows costs more than one at all of these."""

    metric: Array
    branch: Array
    step: Array
    value: Array

    def where(self, wanted: Array) -> "_Values":
        return _Values(*(column[wanted] for column in self))

    def of(self, metric_id: int) -> "_Values":
        return self.where(self.metric == metric_id)


def _columns(rows: pa.Table, earlier: Before, lowest: int | None) -> _Values:
    """What was read, then what is known from before; `lowest` is the number of the metric `LOWEST`."""
    parts = [rows] if earlier.others is None else [rows, earlier.others]
    columns = [[numbers(part, name) for part in parts] for name in ("metric_id", "branch", "step", "value")]
    if lowest is not None:
        for column, known in zip(columns, zip(*((lowest, *row) for row in earlier.rows), strict=True), strict=False):
            column.append(np.array(known))
    return _Values(*map(np.concatenate, columns))


def _on_path(path: list[dict[str, Any]], found: _Values) -> _Values:
    on_path = np.zeros(len(found.step), bool)
    for part in path:
        last = part.get("last_step", FOREVER)
        on_path |= (found.branch == part["branch"]) & (found.step >= part["first_step"]) & (found.step <= last)
    return found.where(on_path)


def _figures(metric: str, found: _Values) -> dict[str, Any] | None:
    if not len(found.step):
        return None
    newest = int(found.step.max())
    finite = found.where(np.isfinite(found.value))
    window = finite.where(finite.step > newest - BACK)
    lowest = _lowest(finite) if metric == LOWEST else (None, None)
    return {
        "metric": metric, "step": newest, "value": float(found.value[found.step.argmax()]),
        "recent": _mean(window.value[window.step > newest - 20]),
        "earlier": _mean(window.value[(newest - 70 < window.step) & (window.step <= newest - 50)]),
        "low": float(window.value.min()) if len(window.value) else None,
        "high": float(window.value.max()) if len(window.value) else None,
        "since": int(window.step.min()) if len(window.step) else None, "lowest": lowest[0], "lowest_step": lowest[1],
    }  # fmt: skip


def _lowest(finite: _Values) -> tuple[float | None, int | None]:
    """The lowest value, and the first step that has it."""
    if not len(finite.value):
        return None, None
    lowest = float(finite.value.min())
    return lowest, int(finite.step[finite.value == lowest].min())


def _mean(found: Array) -> float | None:
    # As the numbers of Python do: what is too large for one is infinite, without a warning.
    return sum(found.tolist()) / len(found) if len(found) else None


_SCHEMA = pa.schema(
    [
        ("metric", pa.string()),
        ("step", pa.int64()),
        *((name, pa.float64()) for name in ("value", "recent", "earlier", "low", "high")),
        ("since", pa.int64()),
        ("lowest", pa.float64()),
        ("lowest_step", pa.int64()),
    ]
)

_IDS = "SELECT name, id FROM metric_name WHERE name IN $metrics"

_ROWS = """
SELECT metric_id, branch, step, value FROM metric
WHERE run_id = {run_id} AND step > {since} AND step <= {until} AND metric_id IN ({ids})
"""
