"""What a candidate would take the place of: what is live, or what was before the candidate itself was released."""

import re

from evals.gate.evidence import Live
from store.database import Snapshot

__all__ = ["ENVIRONMENT", "environment_fault", "live_before", "live_in"]

ENVIRONMENT = "prod"
"""Where things are released, unless another name is given."""


def environment_fault(name: str) -> str:
    """Why a text is no name of a place where things are released; empty where it is one."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", name):
        return ""
    return f"{name!r} names no environment: give letters, digits, and . _ - between them, such as prod"


def live_in(snapshot: Snapshot, environment: str) -> Live | None:
    """What is live; None where nothing was ever released there."""
    return _live(snapshot, environment, "")


def live_before(snapshot: Snapshot, environment: str, checkpoint_sha256: str) -> Live | None:
    """What a checkpoint would take the place of; of one that was released, what it took the place of then."""
    return _live(snapshot, environment, checkpoint_sha256)


def _live(snapshot: Snapshot, environment: str, checkpoint_sha256: str) -> Live | None:
    rows = snapshot.rows(_LIVE, {"environment": environment, "sha256": checkpoint_sha256})
    return Live(**rows[0]) if rows else None


_LIVE = """
WITH every AS (
    SELECT r.id, r.version, p.candidate, p.checkpoint_sha256, r.sha256
    FROM release r JOIN proposal p ON p.id = r.proposal_id WHERE r.environment = $environment
)
SELECT version, candidate, checkpoint_sha256, sha256 FROM every
WHERE id < coalesce((SELECT min(id) FROM every WHERE checkpoint_sha256 = $sha256), 9223372036854775807)
ORDER BY id DESC LIMIT 1
"""
