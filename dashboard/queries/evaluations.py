"""The evaluations of one run: those of its checkpoints, and its base's at the same suites."""

from typing import Any

import pyarrow as pa

from store.database import Store

__all__ = ["FOUND", "evaluations", "newest"]


def newest(store: Store) -> dict[str, Any]:
    """What changes when a result comes: id, rows and created of the newest, and how many were told (by which those of
    a base are found). Raises StoreError.
    """
    return store.rows(_NEWEST)[0]


def evaluations(store: Store, run_id: int) -> pa.Table:
    """A row for each checkpoint at each suite, and for the base at it, the newest result of each: id, is_base, branch,
    step, active (whether it lies on the active path), model, suite, suite_sha256, measures, kind, scorer, n, of,
    created, seconds, data (JSON).

    What should be learned comes first, of a suite the base, then the checkpoints by their steps; branch and step of
    the base are null. Raises StoreError.
    """
    return store.read(_EVALUATIONS, {"run_id": run_id})


_NEWEST = """
SELECT max(id) AS id, count(*) AS rows, max(created) AS created,
       (SELECT count(*) FROM event WHERE kind = 'eval') AS told
FROM eval_run
"""

# A base's row belongs to no run, or to the run that it is a checkpoint of. It is asked before the first checkpoint is,
# which the run tells; and a question may have been put to it alone.
FOUND = """
WITH own AS (
    SELECT * FROM eval_run WHERE run_id = $run_id
), told AS (
    SELECT json_extract_string(data, '$.base') AS base, json_extract_string(data, '$.suite_sha256') AS suite_sha256
    FROM event WHERE run_id = $run_id AND kind = 'eval'
), bases AS (
    SELECT base FROM own
    UNION
    SELECT base FROM told
    UNION
    SELECT json_extract_string(provenance, '$.model.sha256') FROM run WHERE id = $run_id
    UNION
    SELECT c.sha256 FROM run r
    JOIN run p ON starts_with(r.parent, concat(p.name, '/'))
    JOIN checkpoint c ON c.run_id = p.id AND r.parent = concat(p.name, '/', c.branch, '@', c.step)
    WHERE r.id = $run_id
), suites AS (
    SELECT suite_sha256 FROM own
    UNION
    SELECT suite_sha256 FROM told
    UNION
    SELECT i.suite_sha256 FROM eval_item i
    JOIN request q ON json_extract_string(q.args, '$.question') = i.question
    WHERE q.run_id = $run_id AND q.kind = 'evaluate'
), found AS (
    SELECT *, coalesce(artifact = base, false) AS is_base FROM own
    UNION ALL
    SELECT *, true FROM eval_run
    WHERE run_id IS DISTINCT FROM $run_id
      AND artifact IN (SELECT base FROM bases) AND suite_sha256 IN (SELECT suite_sha256 FROM suites)
), evaluation AS (
    SELECT f.* EXCLUDE (branch, step), if(is_base, NULL, f.branch) AS branch, if(is_base, NULL, f.step) AS step,
           is_base OR p.branch IS NOT NULL AS active
    FROM found f
    LEFT JOIN active_path p
        ON p.run_id = $run_id AND p.branch = f.branch AND f.step BETWEEN p.first_step AND p.last_step
    QUALIFY row_number() OVER (
        PARTITION BY suite_sha256, is_base, if(is_base, NULL, f.branch), if(is_base, NULL, f.step) ORDER BY id DESC
    ) = 1
)
"""
"""Begin of a query: the table `evaluation`, `eval_run`'s columns with is_base and active. Takes $run_id."""

_EVALUATIONS = f"""{FOUND}
SELECT id, is_base, branch, step, active, model, suite, suite_sha256, measures, kind, scorer, n, "of", created, seconds,
       CAST(data AS VARCHAR) AS data
FROM evaluation
ORDER BY array_position(['learned', 'kept', 'shown'], measures), suite, suite_sha256, is_base DESC, step, branch
"""
