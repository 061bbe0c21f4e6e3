"""Every single value of a run's metrics, for a file."""

import pyarrow as pa

from dashboard.queries.curves import Span
from store.database import Store

__all__ = ["raw_values"]


def raw_values(store: Store, run_id: int, metrics: tuple[str, ...], span: Span) -> pa.Table:
    """Columns metric, branch, active, step, value, time: all values in a range of steps, in that order.

    Raises StoreError.
    """
    params = {
        "run_id": run_id, "metrics": list(metrics),
        "first": -1 if span.first is None else span.first, "last": 2**62 if span.last is None else span.last,
    }  # fmt: skip
    return store.read(_RAW, params)


_RAW = """
SELECT n.name AS metric, m.branch, p.branch IS NOT NULL AS active, m.step, m.value, m.time
FROM metric m
JOIN metric_name n ON n.id = m.metric_id AND n.name IN $metrics
LEFT JOIN active_path p ON p.run_id = m.run_id AND p.branch = m.branch AND m.step BETWEEN p.first_step AND p.last_step
WHERE m.run_id = $run_id AND m.step BETWEEN $first AND $last
ORDER BY n.name, m.branch, m.step
"""
