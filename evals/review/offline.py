"""Verdicts that came by packs: how many of a campaign's, and who imported them."""

import json
from collections.abc import Collection
from typing import NamedTuple

from store.database import Snapshot

__all__ = ["Offline", "offline"]


class Offline(NamedTuple):
    """What a pack's signature cannot say: who sat before its page. So it is told whom to ask."""

    verdicts: int
    """Verdicts that came by packs, as they count now."""

    of: int
    """All verdicts."""

    imported_by: tuple[str, ...]
    """What those are called who imported them."""


def offline(snapshot: Snapshot, campaign: int, verdicts: Collection[int]) -> Offline | None:
    """What came by packs of the verdicts with these numbers; None where nothing did."""
    rows = snapshot.rows(_PACKED, {"of": f"pair:{campaign}/"})
    packs = {row["pack"] for row in rows if row["verdict"] in verdicts}
    if not packs:
        return None
    named = {
        row["name"]
        for row in snapshot.rows(_IMPORTS, {"object": f"campaign:{campaign}"})
        if json.loads(row["payload"])["pack"] in packs
    }
    return Offline(sum(row["verdict"] in verdicts for row in rows), len(verdicts), tuple(sorted(named)))


_PACKED = """
SELECT CAST(json_extract_string(payload, '$.verdict') AS INTEGER) AS verdict,
       json_extract_string(payload, '$.pack') AS pack
FROM audit WHERE action = 'verdict' AND starts_with(object, $of) AND pack IS NOT NULL
"""

_IMPORTS = """
SELECT a.payload, coalesce(nullif(u.name, ''), regexp_replace(a.actor, '^command:', '')) AS name
FROM audit a LEFT JOIN "user" u ON a.actor = concat('user:', u.id)
WHERE a.action IN ('pack-import-begun', 'pack-import') AND a.object = $object
"""
