"""Run · Spikes: what the guard told and did, the branches of the run, and the steps that were not trained on."""

import pyarrow as pa

from store.database import Snapshot, Store

__all__ = ["TOLD", "branches", "left", "told"]

TOLD = ("spike", "guard", "spike-over", "status", "fork", "resume", "replay")
"""Kinds of events that tell of spikes, or of what the run did beside them."""


def told(store: Store | Snapshot, run_id: int) -> pa.Table:
    """What was told of spikes, and what the run did beside it, the oldest first: time, kind (one of `TOLD`; `branch`
    for one that was opened), step, branch, message (of a branch its reason), data (JSON). Raises StoreError.
    """
    return store.read(_TOLD, {"run_id": run_id, "kinds": list(TOLD)})


def branches(store: Store, run_id: int) -> pa.Table:
    """All branches by number: branch, parent, fork_step, reason, created, data (JSON), first_step, last_step (its
    newest step; null where it has none), active_to (its last step on the active path; null where it is not on it).

    Raises StoreError.
    """
    return store.read(_BRANCHES, {"run_id": run_id})


def left(store: Store, run_id: int) -> pa.Table:
    """Steps that were read and not taken, or not read at all, in stretches by their first step: branch, verdict (`skip`
    or `left-out`), first, last, active. Raises StoreError.
    """
    return store.read(_LEFT, {"run_id": run_id})


_TOLD = """
SELECT time, kind, step, branch, message, data FROM (
    SELECT time, kind, step, branch, message, CAST(data AS VARCHAR) AS data, rowid AS place FROM event
    WHERE run_id = $run_id AND kind IN $kinds
    UNION ALL
    SELECT created, 'branch', fork_step, branch, reason, CAST(data AS VARCHAR), 0 FROM branch
    WHERE run_id = $run_id AND parent IS NOT NULL
) ORDER BY time, place
"""

_BRANCHES = """
WITH child AS (
    SELECT parent AS branch, max(TRY_CAST(json_extract_string(data, '$.abandoned_to') AS BIGINT)) AS abandoned_to
    FROM branch WHERE run_id = $run_id AND parent IS NOT NULL GROUP BY parent
), batch AS (
    SELECT branch, max(step) AS last_step FROM step_batch WHERE run_id = $run_id GROUP BY branch
)
SELECT b.branch, b.parent, b.fork_step, b.reason, b.created, CAST(b.data AS VARCHAR) AS data,
       b.fork_step + 1 AS first_step,
       greatest(t.last_step, c.abandoned_to, CASE WHEN b.branch = max(b.branch) OVER () THEN r.last_step END)
           AS last_step,
       CASE WHEN p.branch IS NULL THEN NULL ELSE least(p.last_step, r.last_step) END AS active_to
FROM branch b
JOIN run r ON r.id = b.run_id
LEFT JOIN child c ON c.branch = b.branch
LEFT JOIN batch t ON t.branch = b.branch
LEFT JOIN active_path p ON p.run_id = b.run_id AND p.branch = b.branch AND p.last_step >= p.first_step
WHERE b.run_id = $run_id ORDER BY b.branch
"""

_LEFT = """
WITH odd AS (
    SELECT branch, verdict, step, step - row_number() OVER (PARTITION BY branch, verdict ORDER BY step) AS stretch
    FROM step_batch WHERE run_id = $run_id AND verdict IN ('skip', 'left-out')
), found AS (
    SELECT branch, verdict, min(step) AS first, max(step) AS last FROM odd GROUP BY branch, verdict, stretch
)
SELECT f.branch, f.verdict, f.first, f.last, p.branch IS NOT NULL AS active
FROM found f
LEFT JOIN active_path p ON p.run_id = $run_id AND p.branch = f.branch AND f.first BETWEEN p.first_step AND p.last_step
ORDER BY f.first, f.branch, f.verdict
"""
