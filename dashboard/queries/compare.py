"""Lines of runs laid over each other: buckets of the store, each placed on the axis that was asked for."""

from math import ceil, floor
from typing import Literal, NamedTuple, TypeAlias

import pyarrow as pa

from dashboard.gaps import Stretch
from dashboard.queries.curves import left_out
from dashboard.tables import only, placed, thinned, values, with_column
from store.database import Store
from store.series import bucketed

__all__ = ["AXES", "Axis", "Line", "Reach", "line"]

Axis: TypeAlias = Literal["step", "tokens", "epoch", "time"]

AXES: tuple[Axis, ...] = ("step", "tokens", "epoch", "time")
"""What can be along the bottom: the step, tokens read, passes over the data, or seconds since the run began."""


FOREVER = 2**62
"""A step that no run comes to."""

Reach: TypeAlias = tuple[float, float] | None
"""A range on an axis, lower end first; None for all of it."""


class Line(NamedTuple):
    """One metric of one run on an axis, the active path only."""

    points: pa.Table
    """Columns step, step_last, x, min, max, last, n, total: finite values, in order of x."""

    marks: pa.Table
    """Values that are no number: columns x, kind."""

    left_out: tuple[Stretch, ...]
    """See `curves.left_out`."""

    width: int
    """Steps a bucket; 1 means raw points."""


def line(store: Store, run_id: int, metric: str, axis: Axis, buckets: int, reach: Reach = None) -> Line:
    """One metric in about `buckets` points: of all that was logged, or of a range on the axis and one step
    to either side.

    Of `tokens` and `epoch`, metrics themselves, the newest value at each step counts; what lies before their
    first one is left out. Raises StoreError.
    """
    span = (None, None) if reach is None else _steps(store, run_id, metric, axis, reach)
    series = bucketed(store, run_id, [metric], *span, buckets=buckets)
    points = only(thinned(series.points, series.width), "active", True)
    marks = only(series.marks, "active", True)
    places = _places(store, run_id, metric, axis, [*values(points, "step"), *values(marks, "step")])
    placed_marks = with_column(marks.select(["kind"]), "x", places[points.num_rows :])
    return Line(placed(points, places[: points.num_rows]), placed_marks, left_out(store, run_id, points), series.width)


def _steps(store: Store, run_id: int, metric: str, axis: Axis, reach: tuple[float, float]) -> tuple[int, int | None]:
    """The first and the last step of a range on an axis, and one more to either side, so that lines reach its edges."""
    if axis == "step":
        return max(0, floor(reach[0]) - 1), ceil(reach[1]) + 1
    found = store.rows(_STEPS, _asked(run_id, metric, axis) | {"low": reach[0], "high": reach[1]})[0]
    if found["first"] is None:
        return FOREVER, FOREVER
    return max(0, found["first"] - 1), found["after"]


def _places(store: Store, run_id: int, metric: str, axis: Axis, steps: list[int]) -> list[float | None]:
    if axis == "step":
        return [float(step) for step in steps]
    order = sorted(set(steps))
    found = values(store.read(_PLACES, _asked(run_id, metric, axis) | {"steps": order}), "x")
    at = dict(zip(order, found, strict=True))
    return [at[step] for step in steps]


def _asked(run_id: int, metric: str, axis: Axis) -> dict[str, object]:
    return {"run_id": run_id, "metric": metric if axis == "time" else axis, "time": axis == "time"}


# Values that are no number have a time, but are no place themselves.
_OWN = """
WITH own AS (
    SELECT m.step, CASE WHEN $time THEN epoch(m.time - r.created) ELSE m.value END AS x
    FROM metric m JOIN run r ON r.id = m.run_id
    JOIN active_path p ON p.run_id = m.run_id AND p.branch = m.branch AND m.step BETWEEN p.first_step AND p.last_step
    WHERE m.run_id = $run_id AND m.metric_id = (SELECT id FROM metric_name WHERE name = $metric)
        AND ($time OR isfinite(m.value))
)
"""

_PLACES = f"""{_OWN}
SELECT asked.step, own.x
FROM (SELECT unnest($steps::BIGINT[]) AS step) asked ASOF LEFT JOIN own ON asked.step >= own.step
ORDER BY asked.step
"""

_STEPS = f"""{_OWN}
SELECT min(step) FILTER (x >= $low) AS first, min(step) FILTER (x > $high) AS after FROM own
"""
