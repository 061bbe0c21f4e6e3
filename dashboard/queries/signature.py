"""Whether the few rows that stand beside a run's values have changed since they were read: one question for all of
them, where each of their own takes DuckDB a millisecond to plan.
"""

from typing import Any, NamedTuple

from dashboard.queries.figures import CARDS
from dashboard.queries.spikes import TOLD
from store.database import Snapshot

__all__ = ["Signature", "signature"]


class Signature(NamedTuple):
    """Equal as long as none of these rows has changed."""

    branch: int | None
    """The newest branch; None where the run has none."""

    branches: int
    """How many there are."""

    rows: tuple[Any, ...]
    """Of each table how many rows there are, and a digest of what in them can change."""

    ids: dict[str, int]
    """See `queries.figures.card_ids`."""


def signature(snapshot: Snapshot, run_id: int) -> Signature:
    """That of a run's branches, checkpoints, requests, what was told of spikes, and of the numbers of `CARDS`.

    Raises StoreError.
    """
    kinds, names = (", ".join(f"'{word}'" for word in words) for words in (TOLD, CARDS))
    found = snapshot.rows(_SIGNATURE.format(run_id=run_id, kinds=kinds, names=names))
    tables = {row["what"]: row for row in found if row["rows"] is not None}
    ids = {row["what"]: row["number"] for row in found if row["rows"] is None}
    counted = tuple(sorted((what, row["rows"], row["digest"]) for what, row in tables.items()))
    return Signature(tables["branch"]["number"], tables["branch"]["rows"], counted, ids)


_SIGNATURE = """
SELECT 'branch' AS what, max(branch) AS number, count(*) AS rows,
       coalesce(bit_xor(hash(branch, parent, fork_step, reason, created, CAST(data AS VARCHAR)) >> 1), 0)::BIGINT
           AS digest
FROM branch WHERE run_id = {run_id}
UNION ALL
SELECT 'checkpoint', NULL, count(*), coalesce(bit_xor(hash(step, branch, state, path) >> 1), 0)::BIGINT
FROM checkpoint WHERE run_id = {run_id}
UNION ALL
SELECT 'request', NULL, count(*), coalesce(bit_xor(hash(id, taken, done, result) >> 1), 0)::BIGINT
FROM request WHERE run_id = {run_id}
UNION ALL
SELECT 'event', NULL, count(*),
       coalesce(bit_xor(hash(time, kind, step, branch, message, CAST(data AS VARCHAR)) >> 1), 0)::BIGINT
FROM event WHERE run_id = {run_id} AND kind IN ({kinds})
UNION ALL
SELECT name, id, NULL, NULL FROM metric_name WHERE name IN ({names})
"""
