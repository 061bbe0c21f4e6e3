"""What the page Release check reads besides `evals.gate`: nothing here tells what experts of an open campaign found."""

from typing import Any, NamedTuple

import pyarrow as pa

from evals.review.peeks import seen_by
from store.database import Snapshot, Store
from store.places import Place

__all__ = ["Stamp", "asked", "candidates", "digests", "judging", "released", "signed", "stamp"]

SHOWN = 3
"""Requests that were carried out or refused, as many as are shown."""

QUIET = ("peek", "login", "login-refused", "logout", "lease")
"""Lines of the audit log that change nothing about a candidate; a look itself writes the first."""


class Stamp(NamedTuple):
    """What changes when there is something new to weigh about a candidate."""

    audit: int | None
    """Newest line of the audit log that may be about it: verdicts, folders, signatures, releases, roles, keys."""

    evaluations: int | None
    """Newest evaluation."""

    kept: int
    """How many there are: one that is made again may take the place of another."""

    state: str
    """The checkpoint's state."""

    told: int
    """Alarms, notes and steps done again, of all runs."""

    branches: int
    """Branches of all runs."""


def stamp(store: Store, place: Place) -> Stamp:
    """The stamp of a candidate now. Raises StoreError."""
    values = {"sha256": place.sha256, "run_id": place.run_id, "quiet": list(QUIET)}
    return Stamp(**store.rows(_STAMP, values)[0])


def candidates(store: Store, environment: str) -> pa.Table:
    """Checkpoints that were judged, built to be released, or released, the newest first.

    run, branch, step, sha256, state, campaign, closed (when its newest campaign ended), judging (whether that is open),
    proposal, built (when), version, released (when), is_live, override, time. Raises StoreError.
    """
    return store.read(_CANDIDATES, {"environment": environment})


def signed(store: Store, environment: str) -> pa.Table:
    """All that was signed, the newest first: sha256 (of the checkpoint), proposal, evidence, user, name, kind, created,
    decision, policy (text; null where that is not known), registered (texts of the policies that campaigns of the
    checkpoint were opened with, empty where one is not known; null without a campaign). Raises StoreError.
    """
    return store.read(_SIGNED, {"environment": environment})


def released(store: Store, environment: str, sha256: str) -> pa.Table:
    """Releases of a checkpoint in an environment, the newest first: version, kind, override, reason, created,
    created_by, sha256 (of the folder), is_live, next_version and next_created (what took its place, where something
    did). Raises StoreError.
    """
    return store.read(_RELEASED, {"environment": environment, "sha256": sha256})


def digests(store: Store, environment: str, version: int) -> dict[str, Any] | None:
    """What a release is made of: candidate, sha256, merged, digests (JSON); None where there is none.

    Raises StoreError.
    """
    found = store.rows(_DIGESTS, {"environment": environment, "version": version})
    return found[0] if found else None


def judging(store: Store, sha256: str) -> dict[int, frozenset[str]]:
    """Open campaigns of a checkpoint, by number: actors who have seen what they found so far. Raises StoreError."""

    def read(snapshot: Snapshot) -> dict[int, frozenset[str]]:
        rows = snapshot.rows(_JUDGING, {"sha256": sha256})
        return {row["id"]: seen_by(snapshot, row["id"]) for row in rows}

    return store.snapshot(read)


def asked(store: Store, run_id: int) -> pa.Table:
    """Requests to build a folder, those that wait and the newest that are done, the newest first: id, args (JSON),
    actor, created, taken, done, result. Raises StoreError.
    """
    return store.read(_ASKED, {"run_id": run_id, "most": SHOWN})


_STAMP = """
SELECT
    (SELECT max(seq) FROM audit WHERE NOT list_contains($quiet, action)) AS audit,
    (SELECT max(id) FROM eval_run) AS evaluations,
    (SELECT count(*) FROM eval_run) AS kept,
    coalesce((SELECT max(state) FROM checkpoint WHERE run_id = $run_id AND sha256 = $sha256), '') AS state,
    -- Of any run: a checkpoint's history goes on through the runs that its own began at.
    (SELECT count(*) FROM event WHERE level = 'alarm' OR kind IN ('note', 'replay')) AS told,
    (SELECT count(*) FROM branch) AS branches
"""

_CANDIDATES = """
WITH judged AS (
    SELECT candidate_sha256 AS sha256, id AS campaign, opened, closed FROM campaign
    QUALIFY row_number() OVER (PARTITION BY candidate_sha256 ORDER BY id DESC) = 1
), made AS (
    SELECT checkpoint_sha256 AS sha256, id AS proposal, created AS built FROM proposal
    QUALIFY row_number() OVER (PARTITION BY checkpoint_sha256 ORDER BY id DESC) = 1
), shipped AS (
    SELECT p.checkpoint_sha256 AS sha256, arg_max(r.version, r.id) AS version, max(r.id) AS newest,
           max(r.created) AS released, bool_or(r.override) AS override
    FROM release r JOIN proposal p ON p.id = r.proposal_id WHERE r.environment = $environment GROUP BY ALL
), known AS (SELECT sha256 FROM judged UNION SELECT sha256 FROM made)
SELECT u.name AS run, c.branch, c.step, c.sha256, c.state, j.campaign, j.closed,
       j.campaign IS NOT NULL AND j.closed IS NULL AS judging, m.proposal, m.built, s.version, s.released,
       coalesce(s.newest = (SELECT max(id) FROM release WHERE environment = $environment), false) AS is_live,
       coalesce(s.override, false) AS override, greatest(j.opened, m.built) AS time
FROM known k JOIN checkpoint c ON c.sha256 = k.sha256 JOIN run u ON u.id = c.run_id
LEFT JOIN judged j ON j.sha256 = k.sha256 LEFT JOIN made m ON m.sha256 = k.sha256
LEFT JOIN shipped s ON s.sha256 = k.sha256
QUALIFY row_number() OVER (PARTITION BY c.sha256 ORDER BY c.state = 'deleted', c.run_id DESC) = 1
ORDER BY time DESC, c.sha256
"""

_SIGNED = """
SELECT p.checkpoint_sha256 AS sha256, a.proposal_id AS proposal, a.evidence_sha256 AS evidence, a.user_id AS "user",
       coalesce(u.name, '') AS name, a.kind, a.created, d.decision, y.text AS policy,
       (SELECT list(DISTINCT coalesce(k.text, '')) FROM campaign c LEFT JOIN policy k ON k.sha256 = c.policy_sha256
        WHERE c.candidate_sha256 = p.checkpoint_sha256) AS registered
FROM approval a JOIN proposal p ON p.id = a.proposal_id JOIN decision d ON d.id = a.decision_id
LEFT JOIN policy y ON y.sha256 = d.policy_sha256 LEFT JOIN "user" u ON u.id = a.user_id
WHERE a.environment = $environment ORDER BY a.id DESC
"""

_RELEASED = """
WITH every AS (
    SELECT r.id, r.version, r.kind, r.override, r.reason, r.created, r.created_by, r.sha256, p.checkpoint_sha256,
           lead(r.version) OVER turn AS next_version, lead(r.created) OVER turn AS next_created
    FROM release r JOIN proposal p ON p.id = r.proposal_id WHERE r.environment = $environment
    WINDOW turn AS (ORDER BY r.id)
)
SELECT version, kind, override, reason, created, created_by, sha256, next_version IS NULL AS is_live, next_version,
       next_created
FROM every WHERE checkpoint_sha256 = $sha256 ORDER BY id DESC
"""

_DIGESTS = """
SELECT p.candidate, r.sha256, p.merged, CAST(p.digests AS VARCHAR) AS digests
FROM release r JOIN proposal p ON p.id = r.proposal_id
WHERE r.environment = $environment AND r.version = $version ORDER BY r.id DESC LIMIT 1
"""

_JUDGING = """
SELECT id FROM campaign WHERE candidate_sha256 = $sha256 AND closed IS NULL ORDER BY id
"""

_ASKED = """
WITH ranked AS (
    SELECT id, args, actor, created, taken, done, result,
           row_number() OVER (PARTITION BY done IS NULL ORDER BY id DESC) AS place
    FROM request WHERE run_id = $run_id AND kind = 'propose'
)
SELECT id, CAST(args AS VARCHAR) AS args, actor, created, taken, done, result
FROM ranked WHERE done IS NULL OR place <= $most ORDER BY id DESC
"""
