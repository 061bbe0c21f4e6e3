"""What the lineage strip of a run is made of."""

from typing import Any

from dashboard.queries.checkpoints import shelf
from store import lineage
from store.database import Snapshot

__all__ = ["STRIP", "strip"]

STRIP = ("ancestry", "moments", "children", "shelf", "scores", "campaigns", "signatures", "releases")
"""Names of what is read."""

Row = dict[str, Any]


def strip(snapshot: Snapshot, run_id: int) -> dict[str, list[Row]]:
    """Its rows by the names of `STRIP`: those of `store.lineage`, and the checkpoints as `queries.checkpoints.shelf`.
    What nothing can be known of is not asked for. Raises StoreError.
    """
    kept = lineage.digests(snapshot, run_id)
    return {
        "ancestry": lineage.ancestry(snapshot, run_id).to_pylist(),
        "moments": lineage.moments(snapshot, run_id).to_pylist(),
        "children": lineage.children(snapshot, run_id).to_pylist(),
        "shelf": shelf(snapshot, run_id).to_pylist(),
        "scores": lineage.scores(snapshot, kept) if kept else [],
        **_judged(snapshot, kept),
    }


def _judged(snapshot: Snapshot, kept: list[str]) -> dict[str, list[Row]]:
    # A server gives no tables but those that runs record.
    asked = bool(kept) and not snapshot.is_served
    signed = lineage.signatures(snapshot, kept) if asked else []
    return {
        "campaigns": lineage.campaigns(snapshot, kept) if asked else [],
        "signatures": signed,
        # What was never proposed was never released.
        "releases": lineage.releases(snapshot, kept) if signed else [],
    }
