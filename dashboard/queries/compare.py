"""Lines of runs laid over each other: buckets of the store, each placed on the axis that was asked for."""

from typing import Literal, TypeAlias

import pyarrow as pa

from dashboard.tables import only, placed, thinned, values
from store.database import Store
from store.series import bucketed

__all__ = ["AXES", "Axis", "line"]

Axis: TypeAlias = Literal["step", "tokens", "epoch", "time"]

AXES: tuple[Axis, ...] = ("step", "tokens", "epoch", "time")
"""What can be along the bottom: the step, tokens read, passes over the data, or seconds since the run began."""


def line(store: Store, run_id: int, metric: str, axis: Axis, buckets: int) -> pa.Table:
    """One metric on the active path, in about `buckets` points: columns step, x, min, max, last.

    Of `tokens` and `epoch`, metrics themselves, the newest value at each step counts; what lies before their
    first one is left out. Raises StoreError.
    """
    series = bucketed(store, run_id, [metric], buckets=buckets)
    points = only(thinned(series.points, series.width), "active", True)
    steps = values(points, "step")
    if axis == "step":
        return placed(points, [float(step) for step in steps])
    asked = {"run_id": run_id, "steps": steps, "metric": metric if axis == "time" else axis, "time": axis == "time"}
    return placed(points, values(store.read(_PLACES, asked), "x"))


_PLACES = """
WITH own AS (
    SELECT m.step, CASE WHEN $time THEN epoch(m.time - r.created) ELSE m.value END AS x
    FROM metric m JOIN run r ON r.id = m.run_id
    JOIN active_path p ON p.run_id = m.run_id AND p.branch = m.branch AND m.step BETWEEN p.first_step AND p.last_step
    WHERE m.run_id = $run_id AND m.metric_id = (SELECT id FROM metric_name WHERE name = $metric) AND isfinite(m.value)
)
SELECT asked.step, own.x
FROM (SELECT unnest($steps::BIGINT[]) AS step) asked ASOF LEFT JOIN own ON asked.step >= own.step
ORDER BY asked.step
"""
