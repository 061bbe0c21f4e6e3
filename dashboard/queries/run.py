"""One run: its facts, its figures of the moment, its metrics, checkpoints and branches."""

from typing import Any, NamedTuple

import pyarrow as pa

from dashboard.queries.figures import CARDS, LOWEST, Before, card_ids, figures, newest_rows
from store.database import Snapshot, Store
from store.spans import open_spans, rows_not_closed
from store.telling import telling

__all__ = [
    "CARDS", "RECENT", "WINDOW", "Before", "Moment", "before", "checkpoints", "figures", "forks", "metric_names",
    "moment", "own_row", "run_facts", "seconds_a_step",
]  # fmt: skip

WINDOW = 2000
"""How far back, in steps, a metric's newest value is looked for: far enough for what is logged rarely,
and near enough not to read a long run whole. Of the validation loss the newest and lowest are always found."""

RECENT = 500
"""Steps of them that each refresh reads; those before come with `before`. More than any figure's window."""

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
    """`own_row` with `branch` (the newest), `branches` (how many) and `seconds_a_step`; None where there is no such
    run. Raises StoreError.
    """
    if isinstance(store, Store):
        return store.snapshot(lambda snapshot: run_facts(snapshot, name))
    own = own_row(store, name)
    if own is None:
        return None
    # A read each: DuckDB takes longer to plan their join.
    found = own | store.rows(_BRANCHES.format(run_id=own["id"]))[0]
    return found | {"seconds_a_step": seconds_a_step(store, found)} if found["branches"] else None


def own_row(store: Snapshot, name: str) -> dict[str, Any] | None:
    """The run's row with `polls` (whether its program takes requests: `assay train` does), `imported` (whether it was
    made of a finished log) and `hosted` (whether a script of its own trains it); without what is long, its
    configuration and provenance. None where there is no such run.

    Raises StoreError.
    """
    rows = store.rows(_ROW, {"name": name})
    return rows[0] if rows else None


def seconds_a_step(store: Snapshot, run: dict[str, Any]) -> float | None:
    """The pace of the newest steps of a run, whose id, branch and last_step are known; None where it has too few.

    Raises StoreError.
    """
    # Written out: only so does DuckDB skip what lies before.
    newest = f"run_id = {run['id']} AND branch = {run['branch']} AND step > {(run['last_step'] or 0) - PACE}"
    return store.rows(_PACE.format(newest=newest))[0]["seconds_a_step"]


def before(store: Store | Snapshot, run_id: int) -> Before:
    """What lies before the newest `RECENT` steps: the validation loss, and of the other figures what is in `WINDOW`.

    Raises StoreError.
    """
    return (
        store.snapshot(lambda snapshot: _before(snapshot, run_id))
        if isinstance(store, Store)
        else _before(store, run_id)
    )


def _before(store: Snapshot, run_id: int) -> Before:
    last = store.rows("SELECT max(last_step) AS step FROM run WHERE id = $run_id", {"run_id": run_id})[0]["step"]
    step = (last or 0) - RECENT
    if step < 0:
        return Before()
    ids = card_ids(store)
    rare = [number for name, number in ids.items() if name == LOWEST]
    rows = store.rows(f"SELECT branch, step, value FROM ({telling(store, [run_id], rare, lowest=rare)})")
    kept = tuple((row["branch"], row["step"], row["value"]) for row in rows if row["step"] <= step)
    others = [number for name, number in ids.items() if name != LOWEST]
    return Before(step, kept, newest_rows(store, run_id, others, last - WINDOW, step))


def metric_names(store: Store | Snapshot, run_id: int) -> pa.Table:
    """Names of all metrics the run has logged, in order. Raises StoreError."""
    if isinstance(store, Store):
        return store.snapshot(lambda snapshot: metric_names(snapshot, run_id))
    raw = rows_not_closed(open_spans(store, run_id))
    newest = [f"SELECT metric_id FROM metric WHERE run_id = {run_id} AND {one}" for one in raw]
    return store.read(_NAMES.format(run_id=run_id, newest=" UNION ALL ".join(newest)))


def checkpoints(store: Store | Snapshot, run_id: int) -> pa.Table:
    """Step, branch and state of each checkpoint that still exists. Raises StoreError."""
    return store.read(_CHECKPOINTS, {"run_id": run_id})


def forks(store: Store | Snapshot, run_id: int) -> pa.Table:
    """Where branches began, but for the first: branch, fork_step and reason. Raises StoreError."""
    return store.read(_FORKS, {"run_id": run_id})


_ROW = """
SELECT * EXCLUDE (config, provenance), source IS NULL AND provenance IS NOT NULL AS polls,
       coalesce(json_exists(provenance, '$.imported'), false) AS imported,
       coalesce(json_exists(provenance, '$.output'), false) AS hosted
FROM run WHERE name = $name
"""

_BRANCHES = "SELECT max(branch) AS branch, count(*) AS branches FROM branch WHERE run_id = {run_id}"

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
