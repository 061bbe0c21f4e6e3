"""The checkpoints of one run, with all that a person chooses by."""

import pyarrow as pa

from store.best import best_steps
from store.database import Snapshot, Store
from store.pins import HOLDER

__all__ = ["shelf"]


def shelf(store: Store | Snapshot, run_id: int) -> pa.Table:
    """Checkpoints that still exist, newest first: step, branch, state, val_loss, best, active, pins, bytes,
    created, path, sha256 (of its manifest). Raises StoreError.

    `best` marks the best one (see `store.best.best_steps`), `active` what lies on the active path; `pins` are
    lists of `kind:name` of what holds the checkpoint, by the name that people know it by. A server says of a
    checkpoint no more than that it is held: `server:`.
    """
    held = "SELECT target, 'server:' AS said FROM pin WHERE held" if store.is_served else _HELD
    best = best_steps(store, [run_id]).get(run_id)
    return store.read(_SHELF.format(held=held), {"run_id": run_id, "best": best})


_HELD = f"SELECT target, concat(holder_kind, ':', {HOLDER}) AS said FROM pin WHERE released IS NULL"


_SHELF = """
WITH found AS (
    SELECT c.step, c.branch, c.state, c.path, c.sha256, c.bytes, c.created, p.branch IS NOT NULL AS active,
           TRY_CAST(json_extract_string(c.data, '$.val_loss') AS DOUBLE) AS val_loss
    FROM checkpoint c
    LEFT JOIN active_path p
        ON p.run_id = c.run_id AND p.branch = c.branch AND c.step BETWEEN p.first_step AND p.last_step
    WHERE c.run_id = $run_id AND c.state <> 'deleted'
), held AS (
    SELECT target, list(DISTINCT said ORDER BY said) AS pins FROM ({held}) GROUP BY target
)
SELECT f.step, f.branch, f.state, f.val_loss, coalesce(f.active AND f.step = $best, false) AS best, f.active,
       coalesce(h.pins, []) AS pins, f.bytes, f.created, f.path, f.sha256
FROM found f LEFT JOIN held h ON h.target = f.path
ORDER BY f.created DESC, f.branch DESC, f.step DESC
"""
