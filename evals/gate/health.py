"""How a candidate was trained: open alarms of its history, steps done again, rollbacks, steps left out."""

from typing import Any

from store.database import Snapshot
from store.open_alarms import IS_OPEN
from store.places import Place

__all__ = ["health"]


def health(snapshot: Snapshot, place: Place) -> dict[str, Any]:
    """Facts of the history that a checkpoint has behind it.

    Which alarms are open says `store.open_alarms`. `exact` counts the times that steps were done again, and how often
    they came to the same numbers.
    """
    values = {"run_id": place.run_id, "branch": place.branch, "step": place.step}
    counted = snapshot.rows(_COUNTED, values)[0]
    return {
        "state": place.state,
        "alarms": snapshot.rows(_ALARMS, values),
        "exact": {"times": counted["times"], "equal": counted["equal"]},
        "rollbacks": counted["rollbacks"],
        "skipped": counted["skipped"],
    }


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
