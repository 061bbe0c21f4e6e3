"""All runs: their rows, which cost little, and the figures of some of them, which cost more."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from store.best import best_steps
from store.database import Snapshot, Store
from store.telling import telling

__all__ = ["figures", "is_demo", "names", "runs"]

AT_ONCE = 512
"""Runs whose figures are read in one attach: the numbers of all of them stand in its queries."""


def runs(store: Store, archived: bool = False) -> pa.Table:
    """Every run, newest first; those that are archived only where `archived`. Raises StoreError.

    `changed` is when one of its checkpoints last was.
    """
    return store.read(_RUNS, {"archived": archived})


def names(store: Store | Snapshot) -> pa.Table:
    """Names of the runs that are not archived, newest first. Raises StoreError."""
    return store.read("SELECT name FROM run WHERE NOT archived ORDER BY created DESC, id DESC")


def figures(store: Store, run_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Figures of runs by `id`: `loss` is its last value on the active path, `val_loss` the lowest one, at
    `val_step`; `best_step` is that of the best checkpoint, see `store.best.best_steps`; `seconds_a_step` is the pace
    of the newest steps of a run under way. Raises StoreError.
    """
    found: list[dict[str, Any]] = []
    for first in range(0, len(run_ids), AT_ONCE):
        some = run_ids[first : first + AT_ONCE]
        found += store.snapshot(lambda snapshot, some=some: _figures(snapshot, some))
    return found


def is_demo(store: Store) -> bool:
    """Whether this is a demo store. Raises StoreError."""
    return bool(store.rows("SELECT demo FROM meta")[0]["demo"])


def _figures(store: Snapshot, run_ids: Sequence[int]) -> list[dict[str, Any]]:
    known = {row["name"]: row["id"] for row in store.rows(_IDS)}
    loss, val_loss = known.get("loss", 0), known.get("val_loss", 0)
    found = telling(store, run_ids, [loss, val_loss], lowest=[val_loss])
    rows = store.rows(_FIGURES.format(found=found, loss=loss, val_loss=val_loss, runs=", ".join(map(str, run_ids))))
    best = best_steps(store, run_ids)
    return [{**row, "best_step": best.get(row["id"])} for row in rows]


_RUNS = """
SELECT r.id, r.name, r.project, r.status, r.error, r.created, r.ended, r.heartbeat, r.total_steps, r.last_step,
       r.source, r.tags, r.starred, r.archived, r.notes, c.changed
FROM run r LEFT JOIN (SELECT run_id, max(changed) AS changed FROM checkpoint GROUP BY run_id) c ON c.run_id = r.id
WHERE $archived OR NOT r.archived
ORDER BY r.created DESC, r.id DESC
"""

_IDS = "SELECT name, id FROM metric_name WHERE name IN ('loss', 'val_loss')"

_FIGURES = """
WITH found AS (
    SELECT f.*, r.id, f.metric_id = {loss} AND r.status = 'running' AND f.step > r.last_step - 64 AS recent
    FROM run r LEFT JOIN ({found}) f ON f.run_id = r.id WHERE r.id IN ({runs})
)
SELECT id, arg_max(value, step) FILTER (metric_id = {loss}) AS loss,
       min(value) FILTER (metric_id = {val_loss} AND isfinite(value)) AS val_loss,
       arg_min(step, row(value, step)) FILTER (metric_id = {val_loss} AND isfinite(value)) AS val_step,
       epoch(max(time) FILTER (recent) - min(time) FILTER (recent))
           / nullif(max(step) FILTER (recent) - min(step) FILTER (recent), 0) AS seconds_a_step
FROM found GROUP BY id
"""
