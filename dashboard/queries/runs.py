"""All runs, a row each, in one query."""

import pyarrow as pa

from store.database import Store

__all__ = ["is_demo", "runs"]


def runs(store: Store, archived: bool = False) -> pa.Table:
    """Every run, newest first; those that are archived only where `archived`. Raises StoreError.

    `loss` is its last value on the active path, `val_loss` the lowest one, at `val_step`; `best_step` is the
    checkpoint with the lowest validation loss, as in `store.compare`; `seconds_a_step` is the pace of the
    newest steps.
    """
    return store.read(_RUNS, {"archived": archived})


def is_demo(store: Store) -> bool:
    """Whether this is a demo store. Raises StoreError."""
    return bool(store.rows("SELECT demo FROM meta")[0]["demo"])


_RUNS = """
WITH named AS (
    SELECT m.run_id, n.name, m.branch, m.step, m.value, m.time
    FROM metric m
    JOIN metric_name n ON n.id = m.metric_id AND n.name IN ('loss', 'val_loss')
    JOIN active_path p ON p.run_id = m.run_id AND p.branch = m.branch AND m.step BETWEEN p.first_step AND p.last_step
), figures AS (
    SELECT run_id,
           arg_max(value, step) FILTER (name = 'loss') AS loss,
           min(value) FILTER (name = 'val_loss' AND isfinite(value)) AS val_loss,
           arg_min(step, value) FILTER (name = 'val_loss' AND isfinite(value)) AS val_step
    FROM named GROUP BY run_id
), best AS (
    SELECT v.run_id, arg_min(v.step, (v.value, v.step)) AS best_step
    FROM named v JOIN checkpoint c ON c.run_id = v.run_id AND c.branch = v.branch AND c.step = v.step
    WHERE v.name = 'val_loss' AND isfinite(v.value) AND c.state NOT IN ('deleted', 'suspect') GROUP BY v.run_id
), pace AS (
    SELECT f.run_id, epoch(max(f.time) - min(f.time)) / nullif(max(f.step) - min(f.step), 0) AS seconds_a_step
    FROM named f JOIN run r ON r.id = f.run_id
    WHERE r.status = 'running' AND f.name = 'loss' AND f.step > r.last_step - 64 GROUP BY f.run_id
)
SELECT r.id, r.name, r.project, r.status, r.error, r.created, r.ended, r.heartbeat, r.total_steps, r.last_step,
       r.source, r.tags, r.starred, r.archived, r.notes, f.loss, f.val_loss, f.val_step, best.best_step,
       pace.seconds_a_step
FROM run r LEFT JOIN figures f ON f.run_id = r.id LEFT JOIN best ON best.run_id = r.id
LEFT JOIN pace ON pace.run_id = r.id
WHERE $archived OR NOT r.archived
ORDER BY r.created DESC, r.id DESC
"""
