"""One run: its facts, its figures of the moment, its metrics, checkpoints and branches."""

from typing import Any

import pyarrow as pa

from store.database import Store

__all__ = ["CARDS", "checkpoints", "figures", "forks", "metric_names", "run_facts"]

CARDS = ("loss", "val_loss", "grad_norm", "tokens_per_s", "lr")
"""Metrics with a card of their own, in the order they are shown."""

WINDOW = 2000
"""How far back, in steps, a metric's newest value is looked for: far enough for what is logged rarely,
and near enough not to read a long run whole. Validation loss is always read whole."""


def run_facts(store: Store, name: str) -> dict[str, Any] | None:
    """The run's row with `branch` (the newest), `branches` (how many), `seconds_a_step` and `polls` (whether
    its program takes requests: `assay train` does); without what is long, its configuration and
    provenance. None where there is no such run. Raises StoreError.
    """
    rows = store.rows(_FACTS, {"name": name})
    return rows[0] if rows else None


def figures(store: Store, run_id: int, last_step: int) -> pa.Table:
    """Newest values on the active path, a row a metric of `CARDS` that has any. Raises StoreError.

    `recent` is the mean of the last 20 steps, `earlier` that of the 20 steps 50 steps before; `low` and
    `high` span the last 128 steps. All of them take finite values only, but for `value` itself;
    `lowest` and `lowest_step` are given for the validation loss only.
    """
    params = {"run_id": run_id, "metrics": list(CARDS), "since": last_step - WINDOW}
    return store.read(_FIGURES, params)


def metric_names(store: Store, run_id: int) -> pa.Table:
    """Names of all metrics the run has logged, in order. Raises StoreError."""
    return store.read(_NAMES, {"run_id": run_id})


def checkpoints(store: Store, run_id: int) -> pa.Table:
    """Step, branch and state of each checkpoint that still exists. Raises StoreError."""
    return store.read(_CHECKPOINTS, {"run_id": run_id})


def forks(store: Store, run_id: int) -> pa.Table:
    """Where branches began, but for the first: branch, fork_step and reason. Raises StoreError."""
    return store.read(_FORKS, {"run_id": run_id})


_FACTS = """
SELECT r.* EXCLUDE (config, provenance), b.branch, b.branches, pace.seconds_a_step,
       r.source IS NULL AND r.provenance IS NOT NULL AS polls
FROM run r
JOIN (SELECT run_id, max(branch) AS branch, count(*) AS branches FROM branch GROUP BY run_id) b ON b.run_id = r.id
LEFT JOIN (
    SELECT m.run_id, epoch(max(m.time) - min(m.time)) / nullif(max(m.step) - min(m.step), 0) AS seconds_a_step
    FROM metric m
    JOIN run ON run.id = m.run_id AND run.name = $name
    JOIN (SELECT run_id, max(branch) AS branch FROM branch GROUP BY run_id) tip USING (run_id, branch)
    WHERE m.step > run.last_step - 64 GROUP BY m.run_id
) pace ON pace.run_id = r.id
WHERE r.name = $name
"""

_FIGURES = """
WITH ids AS (
    SELECT id, name FROM metric_name WHERE name IN $metrics
), found AS (
    -- Two plain scans, each cut short by what is known of its rows: one by the step, one by the metric.
    SELECT metric_id, branch, step, value FROM metric
    WHERE run_id = $run_id AND step > $since AND metric_id IN (SELECT id FROM ids)
    UNION ALL
    SELECT metric_id, branch, step, value FROM metric
    WHERE run_id = $run_id AND step <= $since AND metric_id = (SELECT id FROM ids WHERE name = 'val_loss')
), named AS (
    SELECT ids.name AS metric, f.step, f.value
    FROM found f JOIN ids ON ids.id = f.metric_id
    JOIN active_path p ON p.run_id = $run_id AND p.branch = f.branch AND f.step BETWEEN p.first_step AND p.last_step
), newest AS (
    SELECT metric, max(step) AS step FROM named GROUP BY metric
)
SELECT v.metric, e.step, arg_max(v.value, v.step) AS value,
       avg(v.value) FILTER (isfinite(v.value) AND v.step > e.step - 20) AS recent,
       avg(v.value) FILTER (isfinite(v.value) AND v.step > e.step - 70 AND v.step <= e.step - 50) AS earlier,
       min(v.value) FILTER (isfinite(v.value) AND v.step > e.step - 128) AS low,
       max(v.value) FILTER (isfinite(v.value) AND v.step > e.step - 128) AS high,
       min(v.value) FILTER (isfinite(v.value) AND v.metric = 'val_loss') AS lowest,
       arg_min(v.step, v.value) FILTER (isfinite(v.value) AND v.metric = 'val_loss') AS lowest_step
FROM named v JOIN newest e USING (metric)
GROUP BY v.metric, e.step
ORDER BY list_position($metrics, v.metric)
"""

_NAMES = """
SELECT n.name FROM metric_name n
WHERE n.id IN (SELECT DISTINCT metric_id FROM metric WHERE run_id = $run_id)
ORDER BY n.name
"""

_CHECKPOINTS = """
SELECT step, branch, state FROM checkpoint
WHERE run_id = $run_id AND state <> 'deleted'
ORDER BY step, branch
"""

_FORKS = """
SELECT branch, fork_step, reason FROM branch
WHERE run_id = $run_id AND parent IS NOT NULL
ORDER BY branch
"""
