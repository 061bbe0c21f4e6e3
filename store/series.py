"""Long series as few points: minimum, maximum, last value and sum a bucket, so that no spike is lost.

A bucket is a power of two steps wide and begins at a multiple of its width: a growing run refines
nothing it has already drawn until its width doubles, and zooming in ends at the raw points.
"""

import math
from collections import Counter
from typing import Any, NamedTuple

import pyarrow as pa

from store import spans
from store.bucket_sql import MOST_RANGES, Asked, Plan, marks, plan, points_of_plan, points_of_rows, spans_where
from store.database import Snapshot, Store

__all__ = ["Series", "bucketed", "width_shift"]

FOREVER = 2**63 - 1

SPARSE = 1000
"""A series of at most this many points is given raw, whatever the width of the others' buckets."""


class Series(NamedTuple):
    """Points of one or more metrics of a run."""

    points: pa.Table
    """Columns metric, branch, active (on the active path), step and step_last (first and last step of
    the bucket), n (values in it), min, max, last, total (their sum): finite values only. Metric by
    metric, and within one ordered by branch and step."""

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
    store: Store | Snapshot,
    run_id: int,
    metrics: list[str],
    first_step: int | None = None,
    last_step: int | None = None,
    *,
    buckets: int = 1000,
) -> Series:
    """Read metrics of a run between two steps (both included; None: from the first, to the last).

    Where buckets are as wide as the spans of `store.spans` or wider, the range begins and ends with a
    bucket: the first and the last one are whole, even where they reach beyond the steps asked for.
    Raises StoreError.
    """
    steps = (first_step, last_step)
    if isinstance(store, Store):
        return store.snapshot(lambda snapshot: _bucketed(snapshot, run_id, metrics, steps, buckets))
    return _bucketed(store, run_id, metrics, steps, buckets)


def _bucketed(
    store: Snapshot, run_id: int, metrics: list[str], steps: tuple[int | None, int | None], buckets: int
) -> Series:
    extent = _extent(store, run_id)
    low, high = _range(store, run_id, extent, *steps)
    shift = width_shift(low, high, buckets)
    opened: dict[int, int] = {}
    if shift >= spans.SHIFT:
        low, high = low >> shift << shift, (((high >> shift) + 1) << shift) - 1
        opened = spans.open_spans(store, run_id)
    ids = _metric_ids(store, metrics)
    asked = Asked(run_id, tuple(ids.values()), low, high, shift, _active_path(store, run_id, extent))
    how = plan(asked, opened)
    points, marked = _from_rows(store, asked) if how is None else _from_plan(store, asked, how)
    if shift:
        points = _with_sparse_raw(store, points, asked, opened, ids)
    return Series(points, marked, 1 << shift)


def _from_rows(store: Snapshot, asked: Asked) -> tuple[pa.Table, pa.Table]:
    points = store.read(points_of_rows(asked, finite=False))
    if not _has_nonfinite(points):
        return points, _NO_MARKS
    return store.read(points_of_rows(asked, finite=True)), store.read(marks(asked, [asked.steps]))


def _from_plan(store: Snapshot, asked: Asked, how: Plan) -> tuple[pa.Table, pa.Table]:
    points = store.read(points_of_plan(asked, how))
    if not any(_column(points, "odd")):
        return points.drop_columns(["odd"]), _NO_MARKS
    odd = spans_where(spans.stretches(_spans(store, asked, f"{how.spans} AND odd > 0")))
    ranges = [*how.ranges, *odd] if len(odd) <= MOST_RANGES else [asked.steps]
    return _finite(points), store.read(marks(asked, ranges))


def _finite(points: pa.Table) -> pa.Table:
    return points.filter(pa.array([n > 0 for n in _column(points, "n")], pa.bool_())).drop_columns(["odd"])


def _spans(store: Snapshot, asked: Asked, where: str) -> list[tuple[int, int]]:
    rows = store.rows(
        f"SELECT DISTINCT branch, span FROM metric_span WHERE {asked.source} AND {where} ORDER BY branch, span"
    )
    return [(row["branch"], row["span"]) for row in rows]


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


class _Extent(NamedTuple):
    first: int
    last: int
    branches: int


def _extent(store: Snapshot, run_id: int) -> _Extent:
    """The first step of a run, the newest one of its path or of a fork, and its branches; 0 where it has none."""
    rows = store.rows(
        "SELECT min(r.first_step) AS first, greatest(max(r.last_step), max(b.fork_step)) AS last, "
        "max(b.branch) AS branches FROM run r JOIN branch b ON b.run_id = r.id WHERE r.id = $id",
        {"id": run_id},
    )
    return _Extent(rows[0]["first"] or 0, rows[0]["last"] or 0, rows[0]["branches"] or 0)


def _range(store: Snapshot, run_id: int, extent: _Extent, first: int | None, last: int | None) -> tuple[int, int]:
    low = extent.first if first is None else first
    high = _furthest(store, run_id, extent) if last is None else last
    return low, max(low, high)


def _furthest(store: Snapshot, run_id: int, extent: _Extent) -> int:
    """The newest step of any branch: an abandoned one may have gone further than the run itself."""
    if extent.branches <= 1:
        return extent.last
    opened = max(spans.open_spans(store, run_id).values(), default=0)
    sure = max(extent.last, (opened - 1) << spans.SHIFT)
    # Only rows beyond what is sure: DuckDB skips those before.
    beyond = store.rows(f"SELECT max(step) AS step FROM metric WHERE run_id = {run_id} AND step > {sure}")
    return sure if beyond[0]["step"] is None else beyond[0]["step"]


def _metric_ids(store: Snapshot, names: list[str]) -> dict[str, int]:
    rows = store.rows("SELECT name, id FROM metric_name WHERE name IN $names", {"names": names})
    return {row["name"]: row["id"] for row in rows}


def _active_path(store: Snapshot, run_id: int, extent: _Extent) -> dict[int, int]:
    if extent.branches == 1:
        return {1: FOREVER}
    path = store.rows("SELECT branch, last_step FROM active_path WHERE run_id = $id ORDER BY branch", {"id": run_id})
    return {row["branch"]: row["last_step"] for row in path}


def _has_nonfinite(points: pa.Table) -> bool:
    return not all(math.isfinite(value) for name in ("min", "max") for value in _column(points, name))


def _with_sparse_raw(
    store: Snapshot, points: pa.Table, asked: Asked, opened: dict[int, int], ids: dict[str, int]
) -> pa.Table:
    counts: Counter[str] = Counter()
    for name, n in zip(_column(points, "metric"), _column(points, "n"), strict=True):
        counts[name] += n
    sparse = [name for name, n in counts.items() if n <= SPARSE]
    if not sparse:
        return points
    raw = _all_points(store, asked._replace(metrics=tuple(ids[name] for name in sparse), shift=0), opened)
    dense = points.filter(pa.array([name not in sparse for name in _column(points, "metric")], pa.bool_()))
    # Each part is in order; metrics stay together, which is all that readers rely on.
    return pa.concat_tables([dense, raw])


def _all_points(store: Snapshot, asked: Asked, opened: dict[int, int]) -> pa.Table:
    # A span that holds one value is that value; of a sparse series, nearly all are so.
    how = plan(asked, opened, _spans(store, asked, f"{asked.spans} AND n > 1") if opened else ())
    if how is None:
        return store.read(points_of_rows(asked, finite=True))
    return _finite(store.read(points_of_plan(asked, how)))


def _column(table: pa.Table, name: str) -> list[Any]:
    return table[name].to_pylist()
