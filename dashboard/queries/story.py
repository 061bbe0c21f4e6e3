"""How far the story of a demo has come: from the rows of its store alone, never from what somebody clicked."""

from typing import Any

from store.database import Store
from store.story import ALONE, GUARDED, PART, SECOND, TRIAGE, WATCHED

__all__ = ["story"]


def story(store: Store) -> dict[str, Any]:
    """One row: the newest run by part (triage, alone, watched, guarded, going), whether trained, spiked, rolled_back,
    scored, asked (what was forgotten), and of the newest candidate run, branch, step, campaign, judged (pairs),
    is_closed, is_looked (whether the results were looked at since), restored. Raises StoreError.
    """
    values = {
        **{name: f"^{run}(-[0-9]+)?$" for name, run in _RUNS.items()}, "part": f"$.{PART}", "second": SECOND,
    }  # fmt: skip
    return store.rows(_STORY, values)[0]


_RUNS = {"triage": TRIAGE, "alone": ALONE, "watched": WATCHED, "guarded": GUARDED}

_STORY = """
WITH newest AS (
    SELECT max(id) FILTER (regexp_matches(name, $triage)) AS triage,
           max(id) FILTER (regexp_matches(name, $alone)) AS alone,
           max(id) FILTER (regexp_matches(name, $watched)) AS watched,
           max(id) FILTER (regexp_matches(name, $guarded)) AS guarded, max(id) AS going
    FROM run
), asked AS (
    SELECT id, candidate_sha256 AS sha256, closed FROM campaign
    WHERE json_extract_string(data, $part) = $second ORDER BY id DESC LIMIT 1
), place AS (
    SELECT c.run_id, c.branch, c.step FROM checkpoint c JOIN asked a ON a.sha256 = c.sha256
    ORDER BY c.state = 'deleted', c.run_id DESC LIMIT 1
), shipped AS (
    SELECT min(r.id) AS id FROM release r JOIN proposal p ON p.id = r.proposal_id
    JOIN asked a ON a.sha256 = p.checkpoint_sha256 WHERE r.environment = 'prod'
)
SELECT
    (SELECT name FROM run WHERE id = n.triage) AS triage, (SELECT name FROM run WHERE id = n.alone) AS alone,
    (SELECT name FROM run WHERE id = n.watched) AS watched, (SELECT name FROM run WHERE id = n.guarded) AS guarded,
    (SELECT name FROM run WHERE id = n.going) AS going,
    coalesce((SELECT status = 'finished' FROM run WHERE id = n.triage), false) AS trained,
    EXISTS (SELECT 1 FROM event
            WHERE run_id IN (n.watched, n.guarded) AND kind = 'spike' AND level = 'alarm') AS spiked,
    EXISTS (SELECT 1 FROM branch WHERE run_id = n.guarded AND parent IS NOT NULL) AS rolled_back,
    EXISTS (SELECT 1 FROM eval_run WHERE run_id = n.triage AND measures = 'learned') AS scored,
    EXISTS (SELECT 1 FROM eval_run WHERE run_id = n.triage AND measures = 'kept')
        AND EXISTS (SELECT 1 FROM eval_run WHERE run_id = n.alone AND measures = 'kept') AS asked,
    (SELECT r.name FROM run r JOIN place p ON p.run_id = r.id) AS run, (SELECT branch FROM place) AS branch,
    (SELECT step FROM place) AS step, (SELECT id FROM asked) AS campaign,
    (SELECT count(DISTINCT v.item) FROM verdict v JOIN asked a ON a.id = v.campaign_id WHERE v.superseded IS NULL)
        AS judged,
    coalesce((SELECT closed IS NOT NULL FROM asked), false) AS is_closed,
    EXISTS (SELECT 1 FROM audit l JOIN asked a ON l.object = concat('campaign:', a.id)
            WHERE l.action = 'peek' AND l.created >= a.closed) AS is_looked,
    EXISTS (SELECT 1 FROM release r JOIN shipped s ON r.id > s.id
            WHERE r.environment = 'prod' AND r.kind = 'restore') AS restored
FROM newest n
"""
