"""One run: its facts, its figures of the moment, its metrics, checkpoints and branches."""

from typing import Any, NamedTuple

import pyarrow as pa

from dashboard.queries.figures import CARDS, Before, figures
from store.database import Snapshot, Store
from store.spans import open_spans, rows_not_closed
from store.telling import telling

__all__ = [
    "CARDS", "WINDOW", "Before", "Moment", "all_names", "before", "checkpoints", "figures", "forks", "metric_names",
    "moment", "run_facts",
]  # fmt: skip

WINDOW = 2000
"""How far back, in steps, a metric's newest value is looked for: far enough for what is logged rarely,
and near enough not to read a long run whole. Of the validation loss the newest and lowest are always found."""

PACE = 64
"""Steps that the pace of a run is taken from."""


class Moment(NamedTuple):
    """What a refresh of a run's page reads, in one attach: that alone takes milliseconds where a store is large."""

    figures: pa.Table
    """See `figures`."""

    checkpoints: pa.Table
    """See `checkpoints`."""

    forks: pa.Table
    """See `forks`."""


def moment(store: Store | Snapshot, run_id: int, earlier: Before) -> Moment:
    """All of it at once. Raises StoreError."""
    if isinstance(store, Store):
        return store.snapshot(lambda snapshot: moment(snapshot, run_id, earlier))
    return Moment(figures(store, run_id, earlier), checkpoints(store, run_id), forks(store, run_id))


def run_facts(store: Store | Snapshot, name: str) -> dict[str, Any] | None:
    """The run's row with `branch` (the newest), `branches` (how many), `seconds_a_step`, `polls` (whether
    its program takes requests: `assay train` does) and `imported` (whether it was made of a finished log); without what
    is long, its configuration and provenance. None where there is no such run. Raises StoreError.
    """
    return store.snapshot(lambda snapshot: _facts(snapshot, name)) if isinstance(store, Store) else _facts(store, name)


def _facts(store: Snapshot, name: str) -> dict[str, Any] | None:
    rows = store.rows(_FACTS, {"name": name})
    if not rows:
        return None
    # Written out: only so does DuckDB skip what lies before.
    since = (rows[0]["last_step"] or 0) - PACE
    newest = f"run_id = {rows[0]['id']} AND branch = {rows[0]['branch']} AND step > {since}"
    return rows[0] | store.rows(_PACE.format(newest=newest))[0]


def before(store: Store | Snapshot, run_id: int) -> Before:
    """The validation loss before the newest steps. Raises StoreError."""
    return (
        store.snapshot(lambda snapshot: _before(snapshot, run_id))
        if isinstance(store, Store)
        else _before(store, run_id)
    )


def _before(store: Snapshot, run_id: int) -> Before:
    last = store.rows("SELECT max(last_step) AS step FROM run WHERE id = $run_id", {"run_id": run_id})[0]["step"]
    step = (last or 0) - WINDOW
    if step < 0:
        return Before()
    rare = [row["id"] for row in store.rows("SELECT id FROM metric_name WHERE name = 'val_loss'")]
    rows = store.rows(f"SELECT branch, step, value FROM ({telling(store, [run_id], rare, lowest=rare)})")
    return Before(step, tuple((row["branch"], row["step"], row["value"]) for row in rows if row["step"] <= step))


def all_names(store: Store) -> pa.Table:
    """Names of all metrics that any run has logged, which takes a fraction of those of one. Raises StoreError."""
    return store.read("SELECT name FROM metric_name ORDER BY name")


def metric_names(store: Store, run_id: int) -> pa.Table:
    """Names of all metrics the run has logged, in order. Raises StoreError."""
    return store.snapshot(lambda snapshot: _names(snapshot, run_id))


def _names(store: Snapshot, run_id: int) -> pa.Table:
    raw = rows_not_closed(open_spans(store, run_id))
    newest = [f"SELECT metric_id FROM metric WHERE run_id = {run_id} AND {one}" for one in raw]
    return store.read(_NAMES.format(run_id=run_id, newest=" UNION ALL ".join(newest)))


def checkpoints(store: Store | Snapshot, run_id: int) -> pa.Table:
    """Step, branch and state of each checkpoint that still exists. Raises StoreError."""
    return store.read(_CHECKPOINTS, {"run_id": run_id})


def forks(store: Store | Snapshot, run_id: int) -> pa.Table:
    """Where branches began, but for the first: branch, fork_step and reason. Raises StoreError."""
    return store.read(_FORKS, {"run_id": run_id})


_FACTS = """
SELECT r.* EXCLUDE (config, provenance), b.branch, b.branches,
       r.source IS NULL AND r.provenance IS NOT NULL AS polls,
       coalesce(json_exists(r.provenance, '$.imported'), false) AS imported
FROM run r
JOIN (SELECT run_id, max(branch) AS branch, count(*) AS branches FROM branch GROUP BY run_id) b ON b.run_id = r.id
WHERE r.name = $name
"""

_PACE = """
SELECT epoch(max(time) - min(time)) / nullif(max(step) - min(step), 0) AS seconds_a_step FROM metric WHERE {newest}
"""

_NAMES = """
SELECT n.name FROM metric_name n
WHERE n.id IN (SELECT metric_id FROM metric_span WHERE run_id = {run_id} UNION {newest})
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
