"""Whether the machine's clock went backwards while a candidate was judged: then its times cannot be relied on."""

from store.database import Snapshot

__all__ = ["TOLERANCE", "went_backwards"]

TOLERANCE = 60
"""Seconds that a clock may be set back: machines are put right by that much without anybody noticing."""


def went_backwards(snapshot: Snapshot, since: int | None) -> int | None:
    """Number of the first row of the audit log, from row `since` on, that is earlier than one before it; None where
    there is none.
    """
    found = snapshot.rows(_BACKWARDS, {"since": since or 0, "tolerance": TOLERANCE})
    return found[0]["seq"]


_BACKWARDS = """
SELECT min(seq) AS seq FROM (
    SELECT seq, created, max(created) OVER (ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS latest
    FROM audit WHERE seq >= $since
) WHERE created < latest - to_seconds($tolerance)
"""
