"""How a candidate was trained: open alarms of its history, steps done again, rollbacks, steps left out.

Its history goes on before its own run: through the checkpoint that the run began at, and the one that run began at.
"""

from collections.abc import Iterator
from typing import Any

from store.database import Snapshot
from store.lineage import DEEPEST
from store.open_alarms import IS_OPEN
from store.places import Place

__all__ = ["health"]

Row = dict[str, Any]


def health(snapshot: Snapshot, place: Place) -> dict[str, Any]:
    """Facts of the history that a checkpoint has behind it.

    Which alarms are open says `store.open_alarms`; of a run that it goes back to, those until the step at which it was
    left. `parents` are checkpoints it goes back to that nobody should return to, the nearest first: name, state (sealed
    or suspect). `exact` counts the times that steps were done again, and how often they came to the same numbers.
    """
    here = {"run_id": place.run_id, "run": place.run, "branch": place.branch, "step": place.step}
    before = list(_before(snapshot, here))
    counted = snapshot.rows(_COUNTED, _values(here))[0]
    return {
        "state": place.state,
        "alarms": [
            {**row, "run": at["run"]} for at in (here, *before) for row in snapshot.rows(_ALARMS, _values(at))
        ],
        "parents": [
            {"name": f"{at['run']}/{at['branch']}@{at['step']}", "state": at["state"]}
            for at in before if at["state"] in ("sealed", "suspect")
        ],
        "exact": {"times": counted["times"], "equal": counted["equal"]},
        "rollbacks": counted["rollbacks"],
        "skipped": counted["skipped"],
    }  # fmt: skip


def _before(snapshot: Snapshot, here: Row) -> Iterator[Row]:
    """The checkpoint that each run began at: run_id, run, branch, step, state."""
    at, seen = here, {here["run_id"]}
    while len(seen) <= DEEPEST:
        rows = snapshot.rows(_PARENT, {"run_id": at["run_id"]})
        if not rows or rows[0]["run_id"] in seen:
            return
        at = rows[0]
        seen.add(at["run_id"])
        yield at


def _values(at: Row) -> Row:
    return {name: at[name] for name in ("run_id", "branch", "step")}


_PARENT = """
WITH named AS (
    SELECT regexp_extract(parent, '^([^/@]+)/(\\d+)@(\\d+)$', ['run', 'branch', 'step']) AS parts
    FROM run WHERE id = $run_id AND parent IS NOT NULL
), place AS (
    SELECT parts.run AS run, TRY_CAST(parts.branch AS INTEGER) AS branch, TRY_CAST(parts.step AS BIGINT) AS step
    FROM named
)
SELECT r.id AS run_id, r.name AS run, p.branch, p.step, c.state
FROM place p JOIN run r ON r.name = p.run
LEFT JOIN checkpoint c ON c.run_id = r.id AND c.branch = p.branch AND c.step = p.step
LIMIT 1
"""

_PATH = """
WITH path AS (
    SELECT branch, first_step, least(last_step, $step) AS last_step FROM run_path
    WHERE run_id = $run_id AND tip = $branch
)
"""

_ALARMS = f"""{_PATH}
SELECT e.step, e.branch, e.kind, left(e.message, 300) AS message
FROM event e JOIN path p ON p.branch = e.branch AND e.step BETWEEN p.first_step AND p.last_step
WHERE e.run_id = $run_id AND {IS_OPEN}
ORDER BY e.time DESC, e.step DESC
"""

_COUNTED = f"""{_PATH}
SELECT
    (SELECT count(*) FROM event WHERE run_id = $run_id AND kind = 'replay') AS times,
    (SELECT count(*) FROM event WHERE run_id = $run_id AND kind = 'replay'
        AND json_extract_string(data, '$.equal') = 'true') AS equal,
    (SELECT count(*) FROM path JOIN branch b ON b.run_id = $run_id AND b.branch = path.branch
        WHERE b.parent IS NOT NULL AND b.reason NOT IN ('resume', 'start')) AS rollbacks,
    (SELECT count(*) FROM step_batch s
        JOIN path p ON p.branch = s.branch AND s.step BETWEEN p.first_step AND p.last_step
        WHERE s.run_id = $run_id AND s.verdict = 'skip') AS skipped
"""
