"""What people have asked of one run, and what came of it."""

import pyarrow as pa

from store.database import Snapshot, Store

__all__ = ["DONE", "requests"]

DONE = 3
"""Requests that were carried out or refused, as many as are shown."""


def requests(store: Store | Snapshot, run_id: int) -> pa.Table:
    """Requests that wait or are being carried out, and the newest `DONE` that are done, oldest first:
    id, kind, args (JSON), actor, created, taken, done, result. Raises StoreError.
    """
    return store.read(_REQUESTS, {"run_id": run_id, "most": DONE})


_REQUESTS = """
WITH ranked AS (
    SELECT id, kind, args, actor, created, taken, done, result,
           row_number() OVER (PARTITION BY done IS NULL ORDER BY id DESC) AS place
    FROM request WHERE run_id = $run_id
)
SELECT id, kind, CAST(args AS VARCHAR) AS args, actor, created, taken, done, result
FROM ranked WHERE done IS NULL OR place <= $most
ORDER BY id
"""
