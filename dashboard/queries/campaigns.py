"""What the page Campaigns reads besides the services of `evals.review`: nothing here tells who wins."""

from datetime import timedelta

import pyarrow as pa

from store.clock import utc_now
from store.database import Store

__all__ = ["asked", "ended", "places", "to_judge"]

SHOWN = 5
"""Requests that were carried out or refused, as many as are shown."""

RECENT = timedelta(days=30)
"""How long a campaign that ended waits for a look."""

PLACES = 200
"""Checkpoints to choose from, the newest."""


def asked(store: Store) -> pa.Table:
    """Requests to open a campaign, those that wait and the newest that are done, the newest first: id, run, args
    (JSON), actor, created, taken, done, result. Raises StoreError.
    """
    return store.read(_ASKED, {"most": SHOWN})


def places(store: Store) -> pa.Table:
    """Sealed checkpoints of runs that are not archived, the newest first: run, branch, step, active, several (whether
    its run has more than one branch). Raises StoreError.
    """
    return store.read(_PLACES, {"most": PLACES})


def ended(store: Store, viewer: str) -> pa.Table:
    """Campaigns that ended within `RECENT` and whose results this viewer (as in the audit log) has not seen since:
    id, name, closed. Raises StoreError.
    """
    return store.read(_ENDED, {"viewer": viewer, "since": utc_now() - RECENT})


def to_judge(store: Store, user: int) -> int:
    """Pairs of open campaigns that still want a verdict and that this person has not judged or skipped. Raises
    StoreError.
    """
    return store.rows(_TO_JUDGE, {"user": user, "now": utc_now()})[0]["pairs"]


_TO_JUDGE = """
SELECT count(*) AS pairs FROM pair p JOIN campaign c ON c.id = p.campaign_id
WHERE c.closed IS NULL AND c.expires > $now AND NOT c.simulated AND p.state = 'asked'
  AND p.planned > (SELECT count(*) FROM verdict v
                   WHERE v.campaign_id = p.campaign_id AND v.item = p.item AND v.superseded IS NULL)
  AND NOT EXISTS (FROM lease l WHERE l.campaign_id = p.campaign_id AND l.item = p.item AND l.grader = $user
                  AND l.outcome IN ('verdict', 'skipped'))
"""

_ASKED = """
WITH ranked AS (
    SELECT q.id, r.name AS run, q.args, q.actor, q.created, q.taken, q.done, q.result,
           row_number() OVER (PARTITION BY q.done IS NULL ORDER BY q.id DESC) AS place
    FROM request q JOIN run r ON r.id = q.run_id WHERE q.kind = 'open-campaign'
)
SELECT id, run, CAST(args AS VARCHAR) AS args, actor, created, taken, done, result
FROM ranked WHERE done IS NULL OR place <= $most ORDER BY id DESC
"""

_PLACES = """
SELECT r.name AS run, c.branch, c.step, p.branch IS NOT NULL AS active
FROM checkpoint c JOIN run r ON r.id = c.run_id AND NOT r.archived
LEFT JOIN active_path p ON p.run_id = c.run_id AND p.branch = c.branch AND c.step BETWEEN p.first_step AND p.last_step
WHERE c.state <> 'deleted' AND c.sha256 IS NOT NULL
ORDER BY c.created DESC, c.step DESC LIMIT $most
"""

_ENDED = """
SELECT c.id, c.name, c.closed FROM campaign c
WHERE c.closed > $since
  AND NOT EXISTS (FROM audit a WHERE a.action = 'peek' AND a.object = 'campaign:' || c.id AND a.actor = $viewer
                  AND a.created >= c.closed)
ORDER BY c.closed DESC
"""
