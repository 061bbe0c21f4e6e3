"""What the final verdicts of a campaign say of its candidate. One of the two places that read which answer is whose.

Whoever shows any of it writes `peek`.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from evals.review.policy import policy_from
from evals.review.roster import roster
from evals.review.types import Side
from evals.stats.items import Outcome, PlannedItem, score_of
from store.clock import utc_now
from store.database import Snapshot

__all__ = ["FoundError", "Judged", "final_verdicts", "planned_items"]

Whose = Literal["candidate", "baseline"]


class FoundError(NamedTuple):
    """A critical error that a grader found."""

    answer: Whose
    """Whose answer has it."""

    type: str
    """Its kind, one of `answers.ERROR_TYPES`."""

    quote: str
    """The sentence."""


class Judged(NamedTuple):
    """One final verdict, in terms of the candidate."""

    id: int
    """Its number."""

    item: str
    """The item's id."""

    specialty: str
    """The item's field."""

    grader: int
    """Number of the user who judged."""

    outcome: Outcome
    """Of the candidate against the baseline."""

    score: float
    """1, ½ or 0."""

    criteria: Mapping[str, float]
    """1, ½ or 0 by criterion; those left open are missing."""

    reasons: tuple[str, ...]
    """Reasons picked."""

    errors: tuple[FoundError, ...]
    """Critical errors of both answers."""

    comment: str
    """The grader's own words; personal data."""

    seconds: float
    """From the pair being shown to the first verdict."""

    candidate_side: Side
    """Where the candidate's answer stood."""

    created: datetime
    """When it was given."""

    unblinded: bool
    """Whether the grader had seen results."""


def final_verdicts(snapshot: Snapshot, campaign: int) -> list[Judged]:
    """A campaign's verdicts that cannot be changed any more, by place and then by number."""
    policy = policy_from(snapshot.rows(_POLICY, {"campaign": campaign})[0]["text"])
    values = {"campaign": campaign, "since": utc_now() - timedelta(hours=policy.sitting_hours)}
    return [_judged(row, policy.criteria) for row in snapshot.rows(_FINAL, values)]


def planned_items(snapshot: Snapshot, campaign: int) -> list[PlannedItem]:
    """The campaign's pairs in their order, with the verdicts wanted and those that nobody is left to give.

    A wanted verdict is skipped for good when too few people are left in the roster whose field fits and who have
    neither judged nor skipped the pair; once the campaign has ended nobody is left. A place that no one has judged or
    skipped still waits then.
    """
    row, now = snapshot.rows(_ENDED, {"campaign": campaign})[0], utc_now()
    ended: datetime = row["expires"] if row["closed"] is None else min(row["closed"], row["expires"])
    people = roster(snapshot, campaign, now) if now < ended else []
    done = {(row["item"], row["grader"]) for row in snapshot.rows(_DONE, {"campaign": campaign})}
    items: list[PlannedItem] = []
    for row in snapshot.rows(_PLANNED, {"campaign": campaign}):
        left = sum(person.fits(row["specialty"]) and (row["item"], person.user) not in done for person in people)
        # Nothing is missing before somebody judges or skips it: an empty roster only waits to be filled.
        missing = max(0, row["planned"] - row["given"] - left) if row["skips"] or row["given"] else 0
        items.append(PlannedItem(row["item"], row["planned"], missing))
    return items


def _judged(row: Mapping[str, Any], criteria: Sequence[str]) -> Judged:
    candidate = row["candidate"]
    outcome = _outcome(row["choice"], candidate)
    # Where both are unacceptable, neither is better by a criterion that was left open.
    open_ones = dict.fromkeys(criteria, "tie") if outcome == "both_bad" else {}
    answered = open_ones | json.loads(row["criteria"])
    errors = [
        FoundError("candidate" if error["answer"] == candidate else "baseline", error["type"], error["quote"])
        for error in json.loads(row["errors"])
    ]
    return Judged(
        id=row["id"],
        item=row["item"],
        specialty=row["specialty"],
        grader=row["grader"],
        outcome=outcome,
        score=score_of(outcome),
        criteria={name: score_of(_outcome(said, candidate)) for name, said in answered.items()},
        reasons=tuple(row["reasons"]),
        errors=tuple(errors),
        comment=row["comment"],
        seconds=row["seconds"],
        candidate_side="left" if row["left"] == candidate else "right",
        created=row["created"],
        unblinded=row["unblinded"],
    )


def _outcome(choice: str, candidate: str) -> Outcome:
    if choice == "tie":
        return "tie"
    if choice == "both_bad":
        return "both_bad"
    return "win" if choice == candidate else "loss"


_POLICY = "SELECT p.text FROM campaign c JOIN policy p ON p.sha256 = c.policy_sha256 WHERE c.id = $campaign"

_FINAL = """
SELECT v.*, l."left", m.candidate, p.specialty FROM verdict v
JOIN pair p ON p.campaign_id = v.campaign_id AND p.item = v.item
JOIN mapping m ON m.campaign_id = v.campaign_id AND m.item = v.item
JOIN lease l ON l.token = v.token
JOIN sitting s ON s.id = l.sitting
WHERE v.campaign_id = $campaign AND v.superseded IS NULL AND p.state = 'asked'
  AND (v.final IS NOT NULL OR s.closed IS NOT NULL OR s.opened <= $since)
ORDER BY p.place, v.id
"""

_ENDED = "SELECT closed, expires FROM campaign WHERE id = $campaign"

_DONE = "SELECT item, grader FROM lease WHERE campaign_id = $campaign AND outcome IN ('verdict', 'skipped')"

_PLANNED = """
SELECT p.item, p.specialty, p.planned,
       count(l.token) FILTER (l.outcome = 'verdict') AS given, count(l.token) FILTER (l.outcome = 'skipped') AS skips
FROM pair p LEFT JOIN lease l ON l.campaign_id = p.campaign_id AND l.item = p.item
WHERE p.campaign_id = $campaign AND p.state = 'asked' AND p.place IS NOT NULL
GROUP BY ALL ORDER BY any_value(p.place)
"""
