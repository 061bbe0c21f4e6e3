"""What waits for people, over all runs that are not archived."""

import pyarrow as pa

from store.database import Store

__all__ = ["open_alarms", "paused", "untaken"]


def untaken(store: Store) -> pa.Table:
    """Requests that no trainer has taken, the oldest first: id, run_id, kind, args (JSON), actor, created.

    Raises StoreError.
    """
    return store.read(_UNTAKEN)


def open_alarms(store: Store) -> pa.Table:
    """The newest alarm of each run that goes on or has finished, unless the run has opened a branch or got
    a note since: run_id, step, message, time. Raises StoreError.
    """
    return store.read(_OPEN)


def paused(store: Store) -> pa.Table:
    """Since when each paused run is: run_id, time. Raises StoreError."""
    return store.read(_PAUSED)


_UNTAKEN = """
SELECT q.id, q.run_id, q.kind, CAST(q.args AS VARCHAR) AS args, q.actor, q.created
FROM request q JOIN run r ON r.id = q.run_id AND NOT r.archived
WHERE q.taken IS NULL AND q.done IS NULL ORDER BY q.id
"""

_OPEN = """
WITH newest AS (
    SELECT e.run_id, arg_max(e.step, e.time) AS step, arg_max(e.message, e.time) AS message, max(e.time) AS time
    FROM event e
    JOIN run r ON r.id = e.run_id AND r.status IN ('running', 'paused', 'finished') AND NOT r.archived
    WHERE e.level = 'alarm' AND e.kind NOT IN ('traceback', 'status')
    GROUP BY e.run_id
), answered AS (
    SELECT run_id, max(time) AS time FROM (
        SELECT run_id, time FROM event WHERE kind = 'note'
        UNION ALL SELECT run_id, created FROM branch WHERE parent IS NOT NULL
    ) GROUP BY run_id
)
SELECT n.run_id, n.step, n.message, n.time
FROM newest n LEFT JOIN answered a ON a.run_id = n.run_id
WHERE a.time IS NULL OR a.time < n.time ORDER BY n.time DESC, n.run_id
"""

_PAUSED = """
SELECT e.run_id, max(e.time) AS time
FROM event e JOIN run r ON r.id = e.run_id AND r.status = 'paused' AND NOT r.archived
WHERE e.kind = 'status' GROUP BY e.run_id ORDER BY e.run_id
"""
