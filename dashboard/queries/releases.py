"""What the page Releases reads besides `evals.release`."""

from typing import Any

from store.database import Store

__all__ = ["environments", "newest", "runs"]


def environments(store: Store) -> list[str]:
    """Where something was ever released, or confirmed, by name. Raises StoreError."""
    return [row["environment"] for row in store.rows(_ENVIRONMENTS)]


def newest(store: Store) -> dict[str, Any]:
    """What changes when there is something new: release (number of the newest), confirmations and countersigned (how
    many). Raises StoreError.
    """
    return store.rows(_NEWEST)[0]


def runs(store: Store, proposals: list[int]) -> list[dict[str, Any]]:
    """Where proposals come from: id, run_id (null where the run was removed), run, branch, step, checkpoint_sha256.

    Raises StoreError.
    """
    return store.rows(_RUNS, {"proposals": proposals})


_ENVIRONMENTS = """
SELECT environment FROM release UNION SELECT environment FROM confirmation ORDER BY environment
"""

_NEWEST = """
SELECT (SELECT max(id) FROM release) AS release, (SELECT count(*) FROM confirmation) AS confirmations,
       (SELECT count(*) FROM audit WHERE action = 'countersign') AS countersigned
"""

_RUNS = """
SELECT p.id, r.id AS run_id, coalesce(r.name, regexp_extract(p.candidate, '^[^/@]+')) AS run, p.branch, p.step,
       p.checkpoint_sha256
FROM proposal p LEFT JOIN run r ON r.id = p.run_id WHERE p.id IN $proposals
"""
