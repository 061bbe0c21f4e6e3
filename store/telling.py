"""A metric's newest and lowest value without reading all of them: a page that shows two numbers reads few rows."""

from collections.abc import Sequence
from typing import Any

from store import spans
from store.database import Snapshot

__all__ = ["MOST_RANGES", "telling"]

MOST_RANGES = 16
"""Of more ranges the rows are found in one pass: where runs were recorded at the same time, each range for itself goes
through the values of all of them, and 200 of them took half a minute among a hundred million values.
"""


def telling(store: Snapshot, run_ids: Sequence[int], metric_ids: Sequence[int], lowest: Sequence[int] = ()) -> str:
    """A query for few values of metrics on the active path of each run: run_id, metric_id, branch, step, value, time.

    Among them are the newest value of each metric, the lowest finite one (of equal ones the first) of those in
    `lowest`, and, of a run that has not ended, all of the 512 newest steps of the path's last branch. None comes
    twice; `time` is known of those newest steps at least, else it may be null.
    """
    asked = {"runs": _listed(run_ids), "metrics": _listed(metric_ids), "lowest": _listed(lowest)}
    found = store.rows(_PIECES.format(**asked, shift=spans.SHIFT))
    ranges = [row for row in found if row["metric_id"] is None]
    known = [row for row in found if row["metric_id"] is not None]
    raw = _at_once if len(ranges) > MOST_RANGES else _one_by_one
    return " UNION ALL ".join([raw(asked["metrics"], ranges), *([_known(known)] if known else [])])


def _listed(numbers: Sequence[int]) -> str:
    # DuckDB refuses an empty list; null is in none.
    return ", ".join(map(str, numbers)) or "NULL"


def _one_by_one(metrics: str, ranges: list[dict[str, Any]]) -> str:
    conditions = [_condition(row) for row in ranges] or ["false"]
    return " UNION ALL ".join(f"{_RAW} WHERE metric_id IN ({metrics}) AND {one}" for one in conditions)


def _at_once(metrics: str, ranges: list[dict[str, Any]]) -> str:
    rows = ", ".join(f"({row['run_id']}, {row['branch']}, {row['first']}, {row['last']})" for row in ranges)
    return _JOINED.format(metrics=metrics, rows=rows)


def _condition(row: dict[str, Any]) -> str:
    # Numbers as they are, a plain range each: only so does DuckDB skip the row groups that hold none of them.
    return f"run_id = {row['run_id']} AND branch = {row['branch']} AND step BETWEEN {row['first']} AND {row['last']}"


def _known(rows: list[dict[str, Any]]) -> str:
    spans_of = ", ".join(f"({row['run_id']}, {row['metric_id']}, {row['branch']}, {row['first']})" for row in rows)
    return (
        "SELECT run_id, metric_id, branch, last_step, last, NULL::TIMESTAMP FROM metric_span "
        f"WHERE (run_id, metric_id, branch, span) IN ({spans_of})"
    )


_RAW = "SELECT run_id, metric_id, branch, step, value, time FROM metric"

_JOINED = """
SELECT m.run_id, m.metric_id, m.branch, m.step, m.value, m.time FROM metric m
JOIN (VALUES {rows}) r (run_id, branch, first, last)
    ON m.run_id = r.run_id AND m.branch = r.branch AND m.step BETWEEN r.first AND r.last
WHERE m.metric_id IN ({metrics})
"""

_PIECES = """
WITH opened AS (
    SELECT run_id, branch, max(span) + 1 AS span FROM metric_span WHERE run_id IN ({runs}) GROUP BY ALL
), reach AS (
    SELECT p.run_id, p.branch, p.last_step, least(p.last_step, coalesce(r.last_step, 0)) >> {shift} AS newest,
           coalesce(o.span, 0) AS opened, r.ended IS NOT NULL AND p.last_step > r.last_step AS may_be_whole
    FROM active_path p JOIN run r ON r.id = p.run_id LEFT JOIN opened o USING (run_id, branch)
    WHERE p.run_id IN ({runs})
), path AS (
    -- From `span` on rows are read raw: one closed span more than must be, so that the newest steps are among them.
    -- Of the last branch of a run that has ended, with all of its spans, none are.
    SELECT *, may_be_whole AND opened > newest AS whole,
           CASE WHEN whole THEN opened ELSE greatest(0, least(opened, newest) - 1) END AS span
    FROM reach
), closed AS (
    SELECT s.*, row_number() OVER (PARTITION BY run_id, metric_id ORDER BY s.span DESC) = 1 AS newest,
           n > 0 AND row_number() OVER (PARTITION BY run_id, metric_id ORDER BY n = 0, min, s.span) = 1
           AND metric_id IN ({lowest}) AS lowest
    FROM metric_span s JOIN path p USING (run_id, branch)
    WHERE s.run_id IN ({runs}) AND s.metric_id IN ({metrics}) AND s.span < p.span
), telling AS (
    -- The last finite value of a span is known without its rows; whether it is its newest, or its lowest, not always.
    SELECT *, odd = 0 AND (n = 1 OR lowest IS NOT true) AS known FROM closed WHERE newest OR lowest
)
SELECT run_id, NULL AS metric_id, branch, span << {shift} AS first, last_step AS last FROM path WHERE NOT whole
UNION
SELECT run_id, NULL, branch, span << {shift}, ((span + 1) << {shift}) - 1 FROM telling WHERE NOT known
UNION
-- Not where another of the metrics has the whole span read.
SELECT run_id, metric_id, branch, span, span FROM telling t
WHERE known AND NOT EXISTS (
    SELECT 1 FROM telling o WHERE NOT o.known AND o.run_id = t.run_id AND o.branch = t.branch AND o.span = t.span
)
ORDER BY ALL
"""
