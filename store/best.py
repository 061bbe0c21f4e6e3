"""The best checkpoint of a run: the one rule for all that name one."""

from collections.abc import Sequence

from store.database import Snapshot, Store
from store.telling import MOST_RANGES

__all__ = ["best_steps"]


def best_steps(store: Store | Snapshot, run_ids: Sequence[int]) -> dict[int, int]:
    """The step of the best checkpoint of each of these runs, by their ids; those that have none are left out.

    It is the one with the lowest validation loss among those that still exist on the active path, none after a spike;
    of equal ones the first. The loss is what was written down with the checkpoint, as the trainer measured it then; of
    one that says nothing of it, the value of `val_loss` at its own step. Raises StoreError.
    """
    runs = ", ".join(map(str, run_ids)) or "NULL"
    val_loss = next((row["id"] for row in store.rows(_VAL_LOSS)), 0)
    # What the trainer measured it wrote down with the checkpoint; only for others are values looked for.
    silent = store.rows(_SILENT.format(runs=runs))
    if len(silent) > MOST_RANGES:
        rows = ", ".join("({run_id}, {branch}, [{steps}])".format(**row) for row in silent)
        looked_up = [_LOOKED_UP_AT_ONCE.format(rows=rows, val_loss=val_loss)]
    else:
        looked_up = [_LOOKED_UP.format(**row, val_loss=val_loss) for row in silent]
    measured = " UNION ALL ".join([_WRITTEN.format(runs=runs), *looked_up])
    return {row["run_id"]: row["step"] for row in store.rows(_BEST.format(measured=measured))}


_VAL_LOSS = "SELECT id FROM metric_name WHERE name = 'val_loss'"

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
