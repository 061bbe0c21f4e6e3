"""Long series as few points: minimum, maximum and last value a bucket, so that no spike is lost.

A bucket is a power of two steps wide and begins at a multiple of its width: a growing run refines
nothing it has already drawn until its width doubles, and zooming in ends at the raw points.
"""

import math
from collections import Counter
from typing import Any, NamedTuple

import pyarrow as pa

from store.database import Params, Snapshot, Store

__all__ = ["Series", "bucketed", "width_shift"]

SPARSE = 1000
"""A series of at most this many points is given raw, whatever the width of the others' buckets."""


class Series(NamedTuple):
    """Points of one or more metrics of a run."""

    points: pa.Table
    """Columns metric, branch, active (on the active path), step and step_last (first and last step of
    the bucket), n (values in it), min, max, last: finite values only. Metric by metric,
    and within one ordered by branch and step."""

    marks: pa.Table
    """Where values are not finite. Columns metric, branch, active, step (first of the bucket), n,
    kind (`nan`, `inf` or `-inf`)."""

    width: int
    """Steps a bucket; 1 means raw points."""


def width_shift(first_step: int, last_step: int, buckets: int) -> int:
    """Binary logarithm of the bucket width that covers a range of steps with at most `buckets` buckets.

    >>> width_shift(0, 999, 1000), width_shift(0, 1000, 1000), width_shift(0, 999_999, 1000)
    (0, 1, 10)
    """
    shift = 0
    while (last_step >> shift) - (first_step >> shift) >= buckets:
        shift += 1
    return shift


def bucketed(
    store: Store,
    run_id: int,
    metrics: list[str],
    first_step: int | None = None,
    last_step: int | None = None,
    *,
    buckets: int = 1000,
) -> Series:
    """Read metrics of a run between two steps (both included; None: from the first, to the last).

    Raises StoreError.
    """
    return store.snapshot(lambda snapshot: _bucketed(snapshot, run_id, metrics, (first_step, last_step), buckets))


def _bucketed(
    store: Snapshot, run_id: int, metrics: list[str], span: tuple[int | None, int | None], buckets: int
) -> Series:
    low, high = _range(store, run_id, *span)
    shift = width_shift(low, high, buckets)
    params: dict[str, Any] = {"run_id": run_id, "metrics": metrics, "low": low, "high": high}
    active = _active_test(store, run_id)
    points = store.read(_POINTS.format(shift=shift, active=active, finite="true"), params)
    marks = None
    if _has_nonfinite(points):
        points = store.read(_POINTS.format(shift=shift, active=active, finite="isfinite(value)"), params)
        marks = store.read(_MARKS.format(shift=shift, active=active), params)
    if shift:
        points = _with_sparse_raw(store, points, params, active)
    return Series(points, marks if marks is not None else _NO_MARKS, 1 << shift)


_POINTS = """
SELECT n.name AS metric, b.* EXCLUDE (metric_id)
FROM (
    SELECT metric_id, branch, {active} AS active, min(step) AS step, max(step) AS step_last,
           count(*) AS n, min(value) AS min, max(value) AS max, arg_max(value, step) AS last
    FROM metric
    WHERE run_id = $run_id AND metric_id IN (SELECT id FROM metric_name WHERE name IN $metrics)
      AND step BETWEEN $low AND $high AND {finite}
    GROUP BY metric_id, branch, active, step >> {shift}
) b JOIN metric_name n ON n.id = b.metric_id
ORDER BY metric, branch, step
"""

_MARKS = """
SELECT n.name AS metric, branch, {active} AS active, min(step) AS step, count(*) AS n,
       CASE WHEN isnan(value) THEN 'nan' WHEN value > 0 THEN 'inf' ELSE '-inf' END AS kind
FROM metric m JOIN metric_name n ON n.id = m.metric_id
WHERE run_id = $run_id AND n.name IN $metrics AND step BETWEEN $low AND $high AND NOT isfinite(value)
GROUP BY metric, branch, active, kind, step >> {shift}
ORDER BY metric, branch, step
"""

_NO_MARKS = pa.schema(
    [
        ("metric", pa.string()),
        ("branch", pa.int32()),
        ("active", pa.bool_()),
        ("step", pa.int64()),
        ("n", pa.int64()),
        ("kind", pa.string()),
    ]
).empty_table()


def _range(store: Snapshot, run_id: int, first: int | None, last: int | None) -> tuple[int, int]:
    if first is not None and last is not None:
        return first, last
    rows = store.rows("SELECT first_step, last_step FROM run WHERE id = $id", {"id": run_id})
    known = rows[0] if rows else {"first_step": None, "last_step": None}
    low = (known["first_step"] or 0) if first is None else first
    # Not the last step of the run itself: an abandoned branch may have gone further.
    high = _furthest(store, run_id) if last is None else last
    return low, max(low, high)


def _furthest(store: Snapshot, run_id: int) -> int:
    rows = store.rows(
        "SELECT greatest(max(r.last_step), max(b.fork_step)) AS step, max(b.branch) AS branches "
        "FROM run r JOIN branch b ON b.run_id = r.id WHERE r.id = $id",
        {"id": run_id},
    )
    if not rows or rows[0]["step"] is None:
        return 0
    if rows[0]["branches"] == 1:
        return rows[0]["step"]
    return store.rows("SELECT coalesce(max(step), 0) AS step FROM metric WHERE run_id = $id", {"id": run_id})[0]["step"]


def _active_test(store: Snapshot, run_id: int) -> str:
    """SQL that tells whether a metric row lies on the active path; the numbers are our own."""
    path = store.rows("SELECT branch, last_step FROM active_path WHERE run_id = $id ORDER BY branch", {"id": run_id})
    if len(path) == 1 and path[0]["branch"] == 1:
        return "true"
    cases = " ".join(f"WHEN {row['branch']} THEN step <= {row['last_step']}" for row in path)
    return f"(CASE branch {cases} ELSE false END)" if cases else "true"


def _has_nonfinite(points: pa.Table) -> bool:
    return not all(math.isfinite(value) for name in ("min", "max") for value in _column(points, name))


def _with_sparse_raw(store: Snapshot, points: pa.Table, params: Params, active: str) -> pa.Table:
    counts: Counter[str] = Counter()
    for name, n in zip(_column(points, "metric"), _column(points, "n"), strict=True):
        counts[name] += n
    sparse = [name for name, n in counts.items() if n <= SPARSE]
    if not sparse:
        return points
    query = _POINTS.format(shift=0, active=active, finite="isfinite(value)")
    raw = store.read(query, {**params, "metrics": sparse})
    dense = points.filter(pa.array([name not in sparse for name in _column(points, "metric")], pa.bool_()))
    # Each part is in order; metrics stay together, which is all that readers rely on.
    return pa.concat_tables([dense, raw])


def _column(table: pa.Table, name: str) -> list[Any]:
    return table[name].to_pylist()
