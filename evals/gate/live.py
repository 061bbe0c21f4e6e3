"""What a candidate would take the place of: what is live, or what was before the folder itself was released."""

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
    return _live(snapshot, environment, "folder", "")


def live_before(snapshot: Snapshot, environment: str, checkpoint_sha256: str, folder_sha256: str) -> Live | None:
    """What a folder built from a checkpoint would take the place of.

    Of the very folder that was released, which can only be put back, it is what that took the place of then. So it is
    of another folder of the checkpoint that is live: the model stays. Any other is compared with what is live today.
    """
    if folder_sha256 and snapshot.rows(_RELEASED, {"environment": environment, "sha256": folder_sha256}):
        return _live(snapshot, environment, "folder", folder_sha256)
    now = live_in(snapshot, environment)
    if now is not None and now.checkpoint_sha256 == checkpoint_sha256:
        return _live(snapshot, environment, "checkpoint", checkpoint_sha256)
    return now


def _live(snapshot: Snapshot, environment: str, key: str, sha256: str) -> Live | None:
    """What was live before a folder or a checkpoint was; what is live where it never was."""
    rows = snapshot.rows(_LIVE, {"environment": environment, "key": key, "sha256": sha256})
    return Live(**rows[0]) if rows else None


_RELEASED = "SELECT id FROM release WHERE environment = $environment AND sha256 = $sha256 LIMIT 1"

_LIVE = """
WITH every AS (
    SELECT r.id, r.version, p.candidate, p.checkpoint_sha256, r.sha256
    FROM release r JOIN proposal p ON p.id = r.proposal_id WHERE r.environment = $environment
)
SELECT version, candidate, checkpoint_sha256, sha256 FROM every
WHERE id < coalesce(
    (SELECT min(id) FROM every WHERE if($key = 'folder', sha256, checkpoint_sha256) = $sha256), 9223372036854775807
)
ORDER BY id DESC LIMIT 1
"""
