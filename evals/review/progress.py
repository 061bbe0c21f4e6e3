"""How far a campaign has come: counts and pace, and nothing that tells who wins."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from evals.review.gathered import find_campaign
from evals.review.policy import ReviewPolicy
from evals.review.roster import roster
from evals.review.settling import settle
from store.access import Actor, may, require
from store.clock import utc_now
from store.database import Snapshot, Store

__all__ = ["PACE_DAYS", "Status", "status", "status_dict"]

PACE_DAYS = 7.0
"""Days whose verdicts make the pace."""


@dataclass(frozen=True, slots=True)
class Status:
    """A campaign's progress."""

    campaign: int
    """Its number."""

    name: str
    """Its name."""

    title: str
    """What experts call it."""

    candidate: str
    """RUN@STEP that may be released."""

    baseline: str
    """What it is judged against."""

    language: str
    """zh or en."""

    simulated: bool
    """Whether its verdicts are made up by a program."""

    demo: bool
    """Whether the store is a demo store, in which one person may play all roles."""

    opened: datetime
    """When."""

    opened_by: str
    """By whom, as in the audit log."""

    closed: datetime | None
    """When it was closed."""

    closed_by: str
    """By whom, as in the audit log; empty for the rules, and while it is open."""

    reason: str
    """Why it was closed; that of the rules does not say what they found."""

    pairs: int
    """Pairs to be judged."""

    most: int
    """Pairs after which it ends, whatever was found."""

    least: int
    """Pairs before which good news does not end it; 0 for none. Its rules say so, whatever is found."""

    judged: int
    """Pairs that have all their verdicts."""

    final: int
    """Pairs whose verdicts can no longer change, so that they count."""

    verdicts: int
    """Verdicts given."""

    wanted: int
    """Verdicts planned."""

    skipped: int
    """Pairs that someone skipped and nobody has judged."""

    flags: int
    """Pairs found faulty."""

    identical: int
    """Pairs set aside, as both answers are the same."""

    open_leases: int
    """Pairs that are before a grader now."""

    graders: int
    """People who have judged."""

    roster: int
    """People who may judge."""

    pace: float
    """Verdicts a day, over the last seven."""

    forecast: datetime | None
    """When all verdicts are given at that pace, at the latest; None without a pace and once nothing is left."""

    seconds: float | None
    """Median time a verdict took; None before the first."""

    warnings: tuple[str, ...]
    """What was found before it opened."""

    policy_sha256: str
    """SHA-256 of the policy's file."""

    policy: ReviewPolicy
    """Its rules."""


def status(store: Store, actor: Actor, campaign: int | None = None) -> list[Status]:
    """One campaign, or all of them, the newest first; whose course has ended are closed first.

    Raises AccessError, and CampaignError where there is no such campaign.
    """

    def numbers(snapshot: Snapshot) -> list[int]:
        require(snapshot, actor, "campaign:status", campaign)
        if campaign is not None:
            find_campaign(snapshot, campaign)
        return _own(snapshot, actor, _OPEN, campaign)

    for number in store.snapshot(numbers):
        settle(store, number)

    def read(snapshot: Snapshot) -> list[Status]:
        require(snapshot, actor, "campaign:status", campaign)
        return [_status(snapshot, number) for number in _own(snapshot, actor, _ALL, campaign)]

    return store.snapshot(read)


def _own(snapshot: Snapshot, actor: Actor, sql: str, campaign: int | None) -> list[int]:
    """Of the campaigns found those that someone may see: a role may be for some of them."""
    found = [row["id"] for row in snapshot.rows(sql, {"campaign": campaign})]
    return [number for number in found if may(snapshot, actor, "campaign:status", number)]


def status_dict(found: Status) -> dict[str, Any]:
    """As `assay review status --json` has it."""
    times = {name: None if moment is None else f"{moment.isoformat()}Z" for name, moment in _times(found)}
    return {**asdict(found), **times}


def _times(found: Status) -> list[tuple[str, datetime | None]]:
    return [("opened", found.opened), ("closed", found.closed), ("forecast", found.forecast)]


def _status(snapshot: Snapshot, number: int) -> Status:
    row, policy = find_campaign(snapshot, number)
    now = utc_now()
    values = {"campaign": number, "now": now, "before": now - timedelta(hours=policy.sitting_hours),
              "since": now - timedelta(days=PACE_DAYS), "most": policy.n_max}  # fmt: skip
    counts = snapshot.rows(_COUNTS, values)[0]
    rules = policy.rules_of(counts["pairs"])
    left, recent = counts.pop("left_over"), counts.pop("recent")
    days = min(PACE_DAYS, max(1.0, (now - row["opened"]).total_seconds() / 86400))
    pace = 0.0 if row["closed"] else recent / days
    kept = ("name", "title", "candidate", "baseline", "language", "simulated", "opened", "opened_by", "closed",
            "policy_sha256")  # fmt: skip
    return Status(
        campaign=number, **{name: row[name] for name in kept}, closed_by=row["closed_by"] or "",
        reason=row["reason"] or "", most=rules.cap, least=rules.least, pace=pace,
        forecast=now + timedelta(days=left / pace) if pace and left else None,
        warnings=_warnings(row["data"]), policy=policy, roster=len(roster(snapshot, number, now)), **counts,
    )  # fmt: skip


def _warnings(data: dict[str, Any]) -> tuple[str, ...]:
    """Sentences of warning that the campaign was opened with."""
    found = data.get("warnings")
    return tuple(map(str, found)) if isinstance(found, list) else ()  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - JSON that a program wrote


_ALL = "SELECT id FROM campaign WHERE id = coalesce($campaign, id) ORDER BY id DESC"

_OPEN = "SELECT id FROM campaign WHERE closed IS NULL AND id = coalesce($campaign, id) ORDER BY id"

_COUNTS = """
WITH asked AS (
    SELECT item, planned, place FROM pair WHERE campaign_id = $campaign AND state = 'asked'
), given AS (
    SELECT v.* FROM verdict v SEMI JOIN asked a ON a.item = v.item
    WHERE v.campaign_id = $campaign AND v.superseded IS NULL
), done AS (
    SELECT a.item, a.planned, a.place, count(g.id) AS verdicts,
           count(g.id) FILTER (g.final IS NOT NULL OR s.opened <= $before) AS final
    FROM asked a LEFT JOIN given g ON g.item = a.item
    LEFT JOIN lease l ON l.token = g.token LEFT JOIN sitting s ON s.id = l.sitting GROUP BY ALL
), skipped AS (
    SELECT DISTINCT item FROM lease WHERE campaign_id = $campaign AND outcome = 'skipped'
)
SELECT (SELECT count(*) FROM asked) AS pairs,
       (SELECT count(*) FROM done WHERE verdicts >= planned) AS judged,
       (SELECT count(*) FROM done WHERE final >= planned) AS final,
       (SELECT count(*) FROM given) AS verdicts,
       (SELECT coalesce(sum(planned), 0)::BIGINT FROM asked) AS wanted,
       (SELECT count(*) FROM done d SEMI JOIN skipped s ON s.item = d.item WHERE d.verdicts = 0) AS skipped,
       (SELECT count(DISTINCT item) FROM flag WHERE campaign_id = $campaign) AS flags,
       (SELECT count(*) FROM pair WHERE campaign_id = $campaign AND state = 'identical') AS identical,
       (SELECT count(*) FROM lease WHERE campaign_id = $campaign AND outcome IS NULL AND expires > $now) AS open_leases,
       (SELECT count(DISTINCT grader) FROM given) AS graders,
       (SELECT count(*) FROM given WHERE created > $since) AS recent,
       (SELECT coalesce(sum(greatest(planned - verdicts, 0)), 0)::BIGINT FROM done WHERE place < $most) AS left_over,
       (SELECT median(seconds) FROM given) AS seconds,
       (SELECT demo FROM meta) AS demo
"""
