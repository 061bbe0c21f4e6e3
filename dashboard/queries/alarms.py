"""The newest alarm of each run that is still going."""

import pyarrow as pa

from store.database import Store

__all__ = ["newest_alarms"]


def newest_alarms(store: Store) -> pa.Table:
    """A row a live run that ever raised an alarm: run_id, kind, step, branch, message, data (JSON), time. Raises
    StoreError.
    """
    return store.read(_NEWEST)


_NEWEST = """
SELECT e.run_id, e.kind, e.step, e.branch, e.message, CAST(e.data AS VARCHAR) AS data, e.time
FROM event e JOIN run r ON r.id = e.run_id AND r.status IN ('running', 'paused') AND NOT r.archived
WHERE e.level = 'alarm' AND e.kind <> 'traceback'
QUALIFY row_number() OVER (PARTITION BY e.run_id ORDER BY e.time DESC, e.step DESC NULLS LAST) = 1
ORDER BY e.run_id
"""
