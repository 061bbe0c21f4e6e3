"""What waits for people, over all runs that are not archived."""

import pyarrow as pa

from store.database import Store
from store.open_alarms import IS_OPEN
from store.requests import SERVER

__all__ = ["open_alarms", "paused", "untaken"]


def untaken(store: Store) -> pa.Table:
    """Requests that no trainer has taken, the oldest first: id, run_id, kind, args (JSON), actor, created; without
    those that the server of the pages takes itself, one after the other.

    Raises StoreError.
    """
    return store.read(_UNTAKEN, {"server": list(SERVER)})


def open_alarms(store: Store) -> pa.Table:
    """The newest open alarm of each run that goes on or has finished: run_id, kind, step, branch, message, data (JSON),
    time. Which are open says `store.open_alarms`, as in the gate. Raises StoreError.
    """
    return store.read(_OPEN)


def paused(store: Store) -> pa.Table:
    """Since when each paused run is: run_id, time. Raises StoreError."""
    return store.read(_PAUSED)


_UNTAKEN = """
SELECT q.id, q.run_id, q.kind, CAST(q.args AS VARCHAR) AS args, q.actor, q.created
FROM request q JOIN run r ON r.id = q.run_id AND NOT r.archived
WHERE q.taken IS NULL AND q.done IS NULL AND NOT list_contains($server, q.kind) ORDER BY q.id
"""

_OPEN = f"""
SELECT e.run_id, e.kind, e.step, e.branch, e.message, CAST(e.data AS VARCHAR) AS data, e.time
FROM event e JOIN run r ON r.id = e.run_id AND r.status IN ('running', 'paused', 'finished') AND NOT r.archived
WHERE {IS_OPEN}
QUALIFY row_number() OVER (PARTITION BY e.run_id ORDER BY e.time DESC, e.step DESC NULLS LAST) = 1
ORDER BY e.time DESC, e.run_id
"""

_PAUSED = """
SELECT e.run_id, max(e.time) AS time
FROM event e JOIN run r ON r.id = e.run_id AND r.status = 'paused' AND NOT r.archived
WHERE e.kind = 'status' GROUP BY e.run_id ORDER BY e.run_id
"""
