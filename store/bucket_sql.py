"""SQL that puts values into buckets: from raw rows, or from the roll-up and the few raw rows that it leaves out.

Numbers stand in it as they are, not as parameters or subqueries, and raw rows are read by plain ranges put
together with UNION ALL: only so does DuckDB skip the row groups that hold none of them.
"""

from collections.abc import Iterable
from typing import NamedTuple

from store import spans

__all__ = ["MOST_RANGES", "Asked", "Plan", "marks", "plan", "points_of_plan", "points_of_rows", "spans_where"]

MOST_RANGES = 200
"""More ranges than this are not worth it: their planning takes 20 ms, and everything is read raw instead."""


class Asked(NamedTuple):
    """What is asked for, in numbers."""

    run_id: int
    """The run."""

    metrics: tuple[int, ...]
    """Numbers of the metrics."""

    low: int
    """First step."""

    high: int
    """Last step."""

    shift: int
    """Binary logarithm of the bucket width."""

    path: dict[int, int]
    """Last active step of each branch on the active path; empty where the run has no branches."""

    @property
    def source(self) -> str:
        """The condition that both `metric` and `metric_span` are read by."""
        # DuckDB refuses an empty list; null is in none.
        return f"run_id = {self.run_id} AND metric_id IN ({', '.join(map(str, self.metrics)) or 'NULL'})"

    @property
    def steps(self) -> str:
        """The condition on the steps of raw rows."""
        return f"step BETWEEN {self.low} AND {self.high}"

    @property
    def spans(self) -> str:
        """The condition on closed spans; what is asked for begins and ends with one."""
        return f"span BETWEEN {self.low >> spans.SHIFT} AND {self.high >> spans.SHIFT}"

    @property
    def whole(self) -> str:
        """The type of steps and of counts of them: four bytes where they fit."""
        return "INTEGER" if self.low >= -(2**31) and self.high < 2**31 else "BIGINT"

    def active(self, step: str) -> str:
        """The test whether a step lies on the active path."""
        if list(self.path) == [1]:
            return "true"
        cases = " ".join(f"WHEN {branch} THEN {step} <= {last}" for branch, last in self.path.items())
        return f"(CASE branch {cases} ELSE false END)" if cases else "true"


class Plan(NamedTuple):
    """How a long series is read."""

    spans: str
    """The condition on the rows of the roll-up."""

    ranges: list[str]
    """Conditions on the raw rows; each row fulfils one of them at most, and none that the spans stand for."""


def plan(asked: Asked, opened: dict[int, int], coarse: Iterable[tuple[int, int]] = ()) -> Plan | None:
    """Read closed spans, and raw the rest, `coarse` spans (branch, span), and those in which the active path
    leaves their branch; None where that is not worth it. `opened` is each branch's first open span.
    """
    fine = sorted({*coarse, *_cut(asked, opened)})
    stretches = spans.stretches(fine)
    if not opened or len(stretches) + 2 * len(opened) >= MOST_RANGES:
        return None
    left_out = [f"NOT (branch = {branch} AND span BETWEEN {a} AND {b})" for branch, a, b in stretches]
    tails = [f"{rows} AND {asked.steps}" for rows in spans.rows_not_closed(opened)]
    return Plan(" AND ".join([asked.spans, *left_out]), [*tails, *spans_where(stretches)])


def spans_where(stretches: Iterable[tuple[int, int, int]]) -> list[str]:
    """Conditions on the raw rows of stretches of spans (branch, first, last)."""
    shift = spans.SHIFT
    return [
        f"branch = {branch} AND step BETWEEN {first << shift} AND {((last + 1) << shift) - 1}"
        for branch, first, last in stretches
    ]


def _cut(asked: Asked, opened: dict[int, int]) -> list[tuple[int, int]]:
    """Closed spans in which the active path leaves their branch."""
    leaves = [(branch, last >> spans.SHIFT) for branch, last in asked.path.items() if (last + 1) % (1 << spans.SHIFT)]
    return [
        (branch, span)
        for branch, span in leaves
        if asked.low >> spans.SHIFT <= span <= asked.high >> spans.SHIFT and span < opened.get(branch, span)
    ]


def points_of_rows(asked: Asked, *, finite: bool) -> str:
    """Buckets made of raw rows; `finite` leaves out values that are not, or else they are extremes."""
    rows = f"{asked.source} AND {asked.steps} AND {'isfinite(value)' if finite else 'true'}"
    return _POINTS_OF_ROWS.format(
        active=asked.active("step"), whole=asked.whole, rows=rows, shift=asked.shift, order=_ORDER
    )


def points_of_plan(asked: Asked, how: Plan) -> str:
    """Buckets made of spans and raw rows, with a column `odd` more: values that are not finite; n may be 0."""
    rows = _union(asked, how.ranges, _ROW.format(active=asked.active("step"), shift=asked.shift))
    span = _SPAN.format(active=asked.active(f"span * {1 << spans.SHIFT}"), shift=asked.shift)
    closed = f"SELECT {span} FROM metric_span WHERE {asked.source} AND {how.spans}"
    return _POINTS_OF_PLAN.format(source=f"{closed} UNION ALL {rows}", whole=asked.whole, order=_ORDER)


def marks(asked: Asked, ranges: list[str]) -> str:
    """Values that are not finite, among raw rows of some ranges, by bucket and kind."""
    rows = _union(asked, [f"{one} AND NOT isfinite(value)" for one in ranges], "metric_id, branch, step, value")
    return _MARKS.format(active=asked.active("step"), rows=rows, shift=asked.shift)


def _union(asked: Asked, ranges: list[str], columns: str) -> str:
    return " UNION ALL ".join(f"SELECT {columns} FROM metric WHERE {asked.source} AND {one}" for one in ranges)


_ORDER = "JOIN metric_name n ON n.id = b.metric_id ORDER BY metric, branch, step"

_POINTS_OF_ROWS = """
SELECT n.name AS metric, b.* EXCLUDE (metric_id)
FROM (
    SELECT metric_id, branch, {active} AS active, min(step)::{whole} AS step, max(step)::{whole} AS step_last,
           count(*)::{whole} AS n, min(value) AS min, max(value) AS max, arg_max(value, step) AS last,
           sum(value) AS total
    FROM metric WHERE {rows}
    GROUP BY metric_id, branch, active, step >> {shift}
) b {order}
"""

_POINTS_OF_PLAN = """
SELECT n.name AS metric, b.* EXCLUDE (metric_id)
FROM (
    SELECT metric_id, branch, active, min(first_step)::{whole} AS step, max(last_step)::{whole} AS step_last,
           sum(n)::{whole} AS n, min(low) AS min, max(high) AS max, arg_max(last, last_step) AS last,
           sum(total) AS total, sum(odd) AS odd
    FROM ({source})
    GROUP BY metric_id, branch, active, bucket
) b {order}
"""

_SPAN = (
    "metric_id, branch, {active} AS active, first_step >> {shift} AS bucket, first_step, last_step, n, "
    "min AS low, max AS high, last, odd, total"
)

_ROW = (
    "metric_id, branch, {active} AS active, step >> {shift} AS bucket, CASE WHEN isfinite(value) THEN step END "
    "AS first_step, first_step AS last_step, isfinite(value)::INTEGER AS n, CASE WHEN isfinite(value) THEN value END "
    "AS low, low AS high, low AS last, 1 - n AS odd, low AS total"
)

_MARKS = """
SELECT n.name AS metric, branch, {active} AS active, min(step) AS step, count(*) AS n,
       CASE WHEN isnan(value) THEN 'nan' WHEN value > 0 THEN 'inf' ELSE '-inf' END AS kind
FROM ({rows}) m JOIN metric_name n ON n.id = m.metric_id
GROUP BY metric, branch, active, kind, step >> {shift}
ORDER BY metric, branch, step
"""
