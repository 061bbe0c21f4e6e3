"""Where one run stands among others: what it was made from, what happened to it, what was made from it."""

import pyarrow as pa

from store.database import Snapshot, Store

__all__ = ["ancestry", "children", "moments"]

DEEPEST = 20
"""Generations looked back at the most: a run that names itself as its parent ends there too."""


def ancestry(store: Store | Snapshot, run_id: int) -> pa.Table:
    """The run and those it came from, the oldest first, the run itself last: name, stage, parent
    (RUN/BRANCH@STEP it began at, null where it began at none), model (path or name in its configuration).

    Ends where a parent is no longer in the store. Raises StoreError.
    """
    return store.read(_ANCESTRY, {"run_id": run_id, "deepest": DEEPEST})


def children(store: Store | Snapshot, run_id: int) -> pa.Table:
    """Runs that began at a checkpoint of this one, the newest first, none that is archived: name, stage, parent.

    Raises StoreError.
    """
    return store.read(_CHILDREN, {"run_id": run_id})


def moments(store: Store | Snapshot, run_id: int) -> pa.Table:
    """Branches but for the first, and alarms with a step, the oldest first: kind (branch or alarm), step,
    last_step and actor (of a branch the step that was left and who or what asked, where they are known; else
    null), branch, words (the reason or the message). Raises StoreError.
    """
    return store.read(_MOMENTS, {"run_id": run_id})


_ANCESTRY = """
WITH RECURSIVE up AS (
    SELECT id, name, stage, parent, 0 AS generation FROM run WHERE id = $run_id
    UNION ALL
    SELECT r.id, r.name, r.stage, r.parent, up.generation + 1
    FROM up JOIN run r ON r.name = regexp_extract(up.parent, '^[^/@]+') AND up.generation < $deepest
)
SELECT up.name, up.stage, up.parent, json_extract_string(r.config, '$.model.path') AS model
FROM up JOIN run r ON r.id = up.id ORDER BY up.generation DESC
"""

_CHILDREN = """
SELECT r.name, r.stage, r.parent
FROM run r JOIN run p ON p.id = $run_id AND regexp_extract(r.parent, '^[^/@]+') = p.name
WHERE r.id <> p.id AND NOT r.archived
ORDER BY r.created DESC, r.id DESC
"""

_MOMENTS = """
SELECT kind, step, last_step, actor, branch, words FROM (
    SELECT 'branch' AS kind, fork_step AS step, branch, reason AS words, created AS time,
           TRY_CAST(json_extract_string(data, '$.abandoned_to') AS BIGINT) AS last_step,
           json_extract_string(data, '$.actor') AS actor
    FROM branch WHERE run_id = $run_id AND parent IS NOT NULL
    UNION ALL BY NAME
    SELECT 'alarm' AS kind, step, branch, message AS words, time, NULL AS last_step, NULL AS actor
    FROM event WHERE run_id = $run_id AND level = 'alarm' AND step IS NOT NULL AND kind <> 'traceback'
) ORDER BY time, kind, branch, step
"""
