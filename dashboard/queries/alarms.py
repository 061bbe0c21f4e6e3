"""The newest alarm of each run that is still going."""

import pyarrow as pa

from store.database import Store

__all__ = ["newest_alarms"]


def newest_alarms(store: Store) -> pa.Table:
    """Columns run_id, step, message, time: a row a live run that ever raised an alarm. Raises StoreError."""
    return store.read(_NEWEST)


_NEWEST = """
SELECT e.run_id, arg_max(e.step, e.time) AS step, arg_max(e.message, e.time) AS message, max(e.time) AS time
FROM event e JOIN run r ON r.id = e.run_id AND r.status IN ('running', 'paused') AND NOT r.archived
WHERE e.level = 'alarm' AND e.kind <> 'traceback'
GROUP BY e.run_id ORDER BY e.run_id
"""
