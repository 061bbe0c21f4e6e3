"""Where a run or a checkpoint stands among others: what it was made from, what happened, what became of it.

The dashboard's strip and the report of a release are made of the same rows.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from store.database import Snapshot, Store

__all__ = ["DEEPEST", "ancestry", "campaigns", "children", "digests", "moments", "releases", "scores", "signatures"]

DEEPEST = 20
"""Generations looked back at the most: a run that names itself as its parent ends there too."""

Row = dict[str, Any]


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


def moments(store: Store | Snapshot, run_id: int, until: datetime | None = None) -> pa.Table:
    """Branches but for the first, and alarms with a step, the oldest first: kind (branch or alarm), step,
    last_step and actor (of a branch the step that was left and who or what asked, where they are known; else
    null), branch, words (the reason or the message). None of after `until`. Raises StoreError.
    """
    return store.read(_MOMENTS, {"run_id": run_id, "until": until})


def digests(store: Store | Snapshot, run_id: int) -> list[str]:
    """Digests of a run's checkpoints, of those too that were deleted. Raises StoreError."""
    sql = "SELECT DISTINCT sha256 FROM checkpoint WHERE run_id = $run_id AND sha256 IS NOT NULL ORDER BY sha256"
    return [row["sha256"] for row in store.rows(sql, {"run_id": run_id})]


def scores(store: Store | Snapshot, checkpoints: Sequence[str]) -> list[Row]:
    """What was put to these checkpoints (by digest): measures (learned or kept), suites (their names), checkpoints
    (how many were asked); learned first. Raises StoreError.
    """
    return store.rows(_SCORES, {"checkpoints": list(checkpoints)})


def campaigns(store: Store | Snapshot, checkpoints: Sequence[str]) -> list[Row]:
    """Blind reviews in which they were the candidate, the oldest first: id, name, candidate, closed, simulated.

    Raises StoreError.
    """
    return store.rows(_CAMPAIGNS, {"checkpoints": list(checkpoints)})


def signatures(store: Store | Snapshot, checkpoints: Sequence[str]) -> list[Row]:
    """Those that were proposed, a row each and for each environment where somebody signed: candidate, branch, step,
    sha256 (of the checkpoint), environment (null where nobody has signed), approved, overridden, refused (people, by
    their last word).

    Whether a signature still counts is told by `evals.gate.signed` alone. The oldest first. Raises StoreError.
    """
    return store.rows(_SIGNATURES, {"checkpoints": list(checkpoints)})


def releases(store: Store | Snapshot, checkpoints: Sequence[str]) -> list[Row]:
    """Versions that were made of them, a row for each, the oldest first: environment, version, candidate, sha256 (of
    the checkpoint), override, live (whether it is now). Raises StoreError.
    """
    return store.rows(_RELEASES, {"checkpoints": list(checkpoints)})


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
) WHERE time <= coalesce($until, TIMESTAMP '9999-12-30') ORDER BY time, kind, branch, step
"""

_SCORES = """
SELECT measures, list(DISTINCT suite ORDER BY suite) AS suites, count(DISTINCT artifact) AS checkpoints
FROM eval_run WHERE artifact IN $checkpoints AND measures IN ('learned', 'kept')
GROUP BY measures ORDER BY measures DESC
"""

_CAMPAIGNS = """
SELECT id, name, candidate, closed, simulated FROM campaign WHERE candidate_sha256 IN $checkpoints ORDER BY id
"""

_SIGNATURES = """
WITH proposed AS (
    SELECT checkpoint_sha256 AS sha256, arg_max(candidate, id) AS candidate, arg_max(branch, id) AS branch,
           arg_max(step, id) AS step, min(id) AS first
    FROM proposal WHERE checkpoint_sha256 IN $checkpoints GROUP BY checkpoint_sha256
), said AS (
    SELECT p.checkpoint_sha256 AS sha256, a.environment, a.user_id, arg_max(a.kind, a.id) AS kind
    FROM approval a JOIN proposal p ON p.id = a.proposal_id
    WHERE p.checkpoint_sha256 IN $checkpoints GROUP BY p.checkpoint_sha256, a.environment, a.user_id
)
SELECT p.candidate, p.branch, p.step, p.sha256, s.environment, count(*) FILTER (s.kind = 'approve') AS approved,
       count(*) FILTER (s.kind = 'override') AS overridden, count(*) FILTER (s.kind = 'refuse') AS refused
FROM proposed p LEFT JOIN said s ON s.sha256 = p.sha256
GROUP BY p.candidate, p.branch, p.step, p.sha256, s.environment, p.first ORDER BY p.first, s.environment
"""

_RELEASES = """
WITH live AS (
    SELECT environment, arg_max(version, id) AS version FROM release GROUP BY environment
)
SELECT r.environment, r.version, arg_max(p.candidate, r.id) AS candidate, p.checkpoint_sha256 AS sha256,
       bool_or(r.override) AS override, l.version = r.version AS live
FROM release r JOIN proposal p ON p.id = r.proposal_id JOIN live l ON l.environment = r.environment
WHERE p.checkpoint_sha256 IN $checkpoints
GROUP BY r.environment, r.version, p.checkpoint_sha256, l.version ORDER BY min(r.id)
"""
