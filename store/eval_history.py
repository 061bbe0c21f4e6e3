"""Which checkpoints of a run were scored, in the order of its history."""

from store.database import Snapshot, Store

__all__ = ["earlier_artifacts"]

_EARLIER = """
SELECT e.artifact, e.branch, max(e.step) AS step
FROM eval_run e JOIN run r ON r.id = e.run_id
JOIN run_path p ON p.run_id = e.run_id AND p.tip = $branch AND p.branch = e.branch
    AND e.step BETWEEN p.first_step AND p.last_step
WHERE r.name = $run AND e.step < $step
GROUP BY e.artifact, e.branch ORDER BY step
"""


def earlier_artifacts(store: Store | Snapshot, run: str, branch: int, step: int) -> list[str]:
    """Digests of what was scored before a step, on the history of its branch, oldest first. Raises StoreError."""
    rows = store.read(_EARLIER, {"run": run, "branch": branch, "step": step}).to_pylist()
    return [row["artifact"] for row in rows]
