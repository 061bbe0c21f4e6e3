"""All runs: their rows, which cost little, and the figures of some of them, which cost more."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from store.database import Snapshot, Store
from store.telling import MOST_RANGES, telling

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
    `val_step`; `best_step` is the checkpoint with the lowest validation loss, as in `store.compare`;
    `seconds_a_step` is the pace of the newest steps of a run under way. Raises StoreError.
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
    best = _best(store, run_ids, val_loss)
    return [{**row, "best_step": best.get(row["id"])} for row in rows]


def _best(store: Snapshot, run_ids: Sequence[int], val_loss: int) -> dict[int, int]:
    runs = ", ".join(map(str, run_ids))
    # What the trainer measured it wrote down with the checkpoint; only for others are values looked for.
    silent = store.rows(_SILENT.format(runs=runs))
    if len(silent) > MOST_RANGES:
        rows = ", ".join("({run_id}, {branch}, [{steps}])".format(**row) for row in silent)
        looked_up = [_LOOKED_UP_AT_ONCE.format(rows=rows, val_loss=val_loss)]
    else:
        looked_up = [_LOOKED_UP.format(**row, val_loss=val_loss) for row in silent]
    measured = " UNION ALL ".join([_WRITTEN.format(runs=runs), *looked_up])
    return {row["run_id"]: row["step"] for row in store.rows(_BEST.format(measured=measured))}


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

_SAVED = """
FROM checkpoint c
JOIN active_path p ON p.run_id = c.run_id AND p.branch = c.branch AND c.step BETWEEN p.first_step AND p.last_step
WHERE c.run_id IN ({runs}) AND c.state NOT IN ('deleted', 'suspect')
"""

_WRITTEN = "SELECT c.run_id, c.step, TRY_CAST(c.data ->> 'val_loss' AS DOUBLE) AS value " + _SAVED

_SILENT = (
    "SELECT c.run_id, c.branch, string_agg(DISTINCT c.step, ', ') AS steps "
    + _SAVED
    + " AND NOT coalesce(json_exists(c.data, '$.val_loss'), false) GROUP BY ALL"
)

_LOOKED_UP = (
    "SELECT run_id, step, value FROM metric WHERE run_id = {run_id} AND branch = {branch} "
    "AND metric_id = {val_loss} AND step IN ({steps})"
)

_LOOKED_UP_AT_ONCE = (
    "SELECT m.run_id, m.step, m.value FROM metric m JOIN (VALUES {rows}) s (run_id, branch, steps) "
    "ON m.run_id = s.run_id AND m.branch = s.branch WHERE m.metric_id = {val_loss} AND list_contains(s.steps, m.step)"
)

_BEST = """
SELECT run_id, arg_min(step, row(value, step)) AS step FROM ({measured}) WHERE isfinite(value) GROUP BY run_id
"""
