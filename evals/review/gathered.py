"""All that results are made of, in one read: pairs in their order, final verdicts, guesses, flags."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from evals.review.errors import CampaignError
from evals.review.judged import Judged, final_verdicts, planned_items
from evals.review.offline import Offline, offline
from evals.review.policy import ReviewPolicy, policy_from
from evals.stats.items import PlannedItem, Verdict
from store.database import Snapshot

__all__ = ["Gathered", "Guesses", "JudgedPair", "find_campaign", "gather", "said"]


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """A pair that is judged, with its answers by whose they are."""

    item: str
    """Its id."""

    question: str
    """What was asked."""

    specialty: str
    """Field; empty for everyone's."""

    candidate: str
    """The candidate's answer."""

    baseline: str
    """The baseline's answer."""


class Guesses(NamedTuple):
    """How often graders knew which answer was the candidate's."""

    right: int
    """They named it."""

    wrong: int
    """They named the other."""

    unknown: int
    """They did not know."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """A campaign as it stands."""

    campaign: Mapping[str, Any]
    """Its row, `data` read."""

    policy: ReviewPolicy
    """What it was opened with."""

    pairs: Mapping[str, JudgedPair]
    """Pairs that are judged, by their ids."""

    order: tuple[PlannedItem, ...]
    """The same in the seeded order."""

    identical: int
    """Pairs whose answers are the same: ties that nobody judges."""

    verdicts: tuple[Judged, ...]
    """Final verdicts, by place; of a pair no more than were planned."""

    guesses: Guesses
    """What the blinding index is made of."""

    flags: tuple[Mapping[str, Any], ...]
    """Pairs found faulty: item, question, reason, created."""

    names: Mapping[int, str]
    """Names of the graders."""

    offline: Offline | None
    """Of the verdicts, those that came by packs; None where none did."""

    @property
    def is_complete(self) -> bool:
        """Whether no verdict is to come: each pair has those it is to get, and all of them are final."""
        given = Counter(verdict.item for verdict in self.verdicts)
        return bool(self.order) and all(given[place.item] + place.skipped >= place.planned for place in self.order)


def said(verdict: Judged) -> Verdict:
    """A verdict as the statistics take it; graders are known there by number."""
    return Verdict(verdict.item, str(verdict.grader), verdict.score)


def find_campaign(snapshot: Snapshot, number: int) -> tuple[dict[str, Any], ReviewPolicy]:
    """A campaign's row with `data` read, and its policy. Raises CampaignError where there is none."""
    rows = snapshot.rows(_CAMPAIGN, {"campaign": number})
    if not rows:
        raise CampaignError(f"there is no campaign {number}; `assay review status` lists them")
    row = rows[0]
    text = row.pop("policy_text") or ""
    return {**row, "data": json.loads(row["data"] or "{}")}, policy_from(text)


def gather(snapshot: Snapshot, number: int) -> Gathered:
    """Read a campaign. Raises CampaignError where there is none."""
    campaign, policy = find_campaign(snapshot, number)
    values = {"campaign": number}
    order, final = tuple(planned_items(snapshot, number)), final_verdicts(snapshot, number)
    wanted = _wanted(order, final)
    return Gathered(
        campaign=campaign, policy=policy, order=order,
        pairs={row["item"]: JudgedPair(**row) for row in snapshot.rows(_PAIRS, values)},
        identical=snapshot.rows(_IDENTICAL, values)[0]["count"],
        verdicts=wanted, offline=offline(snapshot, number, [verdict.id for verdict in wanted]),
        guesses=_guesses(snapshot.rows(_GUESSES, values), final), flags=tuple(snapshot.rows(_FLAGS, values)),
        names={row["id"]: row["name"] for row in snapshot.rows(_NAMES, values)},
    )  # fmt: skip


def _guesses(rows: list[dict[str, Any]], final: list[Judged]) -> Guesses:
    """Counts of the guesses whose verdicts are final; others can still change."""
    counted = {(verdict.item, verdict.grader) for verdict in final}
    count = Counter(row["said"] for row in rows if (row["item"], row["grader"]) in counted)
    return Guesses(count["right"], count["wrong"], count["unknown"])


def _wanted(order: tuple[PlannedItem, ...], verdicts: list[Judged]) -> tuple[Judged, ...]:
    """The first of each pair, as many as were planned: one beyond was given because of them, or came late."""
    left = {place.item: place.planned for place in order}
    kept: list[Judged] = []
    for verdict in verdicts:
        if left.get(verdict.item, 0):
            left[verdict.item] -= 1
            kept.append(verdict)
    return tuple(kept)


_CAMPAIGN = """
SELECT c.* EXCLUDE (data), CAST(c.data AS VARCHAR) AS data, p.text AS policy_text
FROM campaign c LEFT JOIN policy p ON p.sha256 = c.policy_sha256 WHERE c.id = $campaign
"""

_PAIRS = """
SELECT p.item, p.question, p.specialty, if(m.candidate = 'first', p.first, p.second) AS candidate,
       if(m.candidate = 'first', p.second, p.first) AS baseline
FROM pair p JOIN mapping m ON m.campaign_id = p.campaign_id AND m.item = p.item
WHERE p.campaign_id = $campaign AND p.state = 'asked'
"""

_GUESSES = """
SELECT g.item, g.grader,
       CASE g.choice WHEN 'unknown' THEN 'unknown' WHEN m.candidate THEN 'right' ELSE 'wrong' END AS said
FROM guess g JOIN mapping m ON m.campaign_id = g.campaign_id AND m.item = g.item WHERE g.campaign_id = $campaign
"""

_IDENTICAL = "SELECT count(*) AS count FROM pair WHERE campaign_id = $campaign AND state = 'identical'"

_FLAGS = """
SELECT f.item, p.question, f.reason, f.created FROM flag f
JOIN pair p ON p.campaign_id = f.campaign_id AND p.item = f.item
WHERE f.campaign_id = $campaign ORDER BY f.created, f.item
"""

_NAMES = """
SELECT id, name FROM "user" WHERE id IN (SELECT grader FROM verdict WHERE campaign_id = $campaign)
"""
