"""The newest values of one run on its active path, each with what it is to be compared with.

The rows are read as they are and counted here: of so few, planning to have DuckDB count them takes longer.
"""

from math import isfinite
from typing import Any, NamedTuple

import pyarrow as pa

from dashboard.tables import between, only, values
from store.database import Snapshot, Store

__all__ = ["CARDS", "LOWEST", "Before", "Place", "active_path", "card_ids", "figures", "newest_rows"]

CARDS = ("loss", "val_loss", "grad_norm", "tokens_per_s", "lr")
"""Metrics with a card of their own, in the order they are shown."""

LOWEST = "val_loss"
"""The metric whose lowest value is told."""

BACK = 128
"""Steps of the widest window."""

FOREVER = 2**63 - 1


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
    if earlier.others is not None:
        rows = pa.concat_tables([rows, earlier.others])
    if LOWEST in ids:
        rows = pa.concat_tables([rows, _columns(ids[LOWEST], earlier, rows.schema)])
    active = _on_path(path, rows)
    found = [_figures(name, only(active, "metric_id", ids[name])) for name in CARDS if name in ids]
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


def _on_path(path: list[dict[str, Any]], rows: pa.Table) -> pa.Table:
    parts = [
        between(only(rows, "branch", part["branch"]), "step", part["first_step"], part.get("last_step", FOREVER))
        for part in path
    ]
    return pa.concat_tables([rows.slice(0, 0), *parts])


def _columns(metric_id: int, earlier: Before, schema: pa.Schema) -> pa.Table:
    """What is known from before, as rows of a metric."""
    known = [
        {"metric_id": metric_id, "branch": branch, "step": step, "value": value} for branch, step, value in earlier.rows
    ]
    return pa.Table.from_pylist(known, schema=schema)


def _figures(metric: str, rows: pa.Table) -> dict[str, Any] | None:
    newest = max(values(rows, "step"), default=None)
    if newest is None:
        return None
    told = rows if metric == LOWEST else between(rows, "step", newest - BACK + 1, newest)
    points = list(zip(values(told, "step"), values(told, "value"), strict=True))
    finite = [(step, value) for step, value in points if isfinite(value)]
    window = [(step, value) for step, value in finite if step > newest - BACK]
    lowest = min(((value, step) for step, value in finite), default=(None, None)) if metric == LOWEST else (None, None)
    return {
        "metric": metric, "step": newest, "value": next(value for step, value in points if step == newest),
        "recent": _mean([value for step, value in window if step > newest - 20]),
        "earlier": _mean([value for step, value in window if newest - 70 < step <= newest - 50]),
        "low": min((value for _, value in window), default=None),
        "high": max((value for _, value in window), default=None),
        "since": min((step for step, _ in window), default=None), "lowest": lowest[0], "lowest_step": lowest[1],
    }  # fmt: skip


def _mean(found: list[float]) -> float | None:
    return sum(found) / len(found) if found else None


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
