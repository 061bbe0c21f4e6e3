"""A campaign's results: what is decided, on what evidence, and how far the verdicts can be trusted.

    found = results(store, actor, 3)      logged: who looks cannot grade in it
    found.decision, found.overall.win_difference

Everything is made of final verdicts, and what decides of the completed prefix of the seeded order (docs/design/0013).
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from evals.review.course_of import CourseOf, course_of
from evals.review.gathered import Gathered, gather, said
from evals.review.needed import Needed, pairs_needed
from evals.review.peeks import peek
from evals.review.progress import Status, status, status_dict
from evals.review.quality import agreed, blinding, critical, graders, length, position, skips
from evals.review.results_shape import Part, Point, Results, Share
from evals.review.settling import settle
from evals.review.shares import criteria, evidence, overall, specialties
from evals.stats.decision import Decision
from evals.stats.items import Verdict, behind_the_prefix
from evals.stats.leave_one_out import leave_one_out
from evals.stats.pigeonhole import Interval, pigeonhole_interval
from store.access import Actor, require
from store.clock import utc_now
from store.database import Store, Transaction

__all__ = [
    "Part", "Point", "Results", "Share", "Status", "decided", "results", "results_dict", "results_of", "settle",
    "status", "status_dict",
]  # fmt: skip

AGAIN = timedelta(hours=1)
"""How long one look of somebody's counts as the same."""


def results(store: Store, actor: Actor, campaign: int) -> Results:
    """A campaign's results. The look is logged, and whoever looks cannot grade in it.

    Raises AccessError, and CampaignError where there is no such campaign.
    """
    return results_of(_looked_at(store, actor, campaign))


def decided(store: Store, actor: Actor, campaign: int) -> Decision:
    """What a campaign has decided, in a fraction of the time of its results; logged and refused like them."""
    return course_of(_looked_at(store, actor, campaign)).decision


def _looked_at(store: Store, actor: Actor, campaign: int) -> Gathered:
    """What results are made of, once the look is in the log."""
    store.snapshot(lambda snapshot: require(snapshot, actor, "campaign:results", campaign))
    settle(store, campaign)

    def look(transaction: Transaction) -> Gathered:
        role = require(transaction, actor, "campaign:results", campaign)
        found = gather(transaction, campaign)
        _peek(transaction, actor, role, campaign, found.campaign["closed"])
        return found

    return store.transaction(look)


def _peek(transaction: Transaction, actor: Actor, role: str, campaign: int, closed: datetime | None) -> None:
    """Log the look, unless the same person's last one is less than an hour ago; the first look at an end is another."""
    since = max(filter(None, (utc_now() - AGAIN, closed)))
    values = {"actor": actor.named, "object": f"campaign:{campaign}", "since": since}
    if not transaction.rows(_PEEKED, values):
        peek(transaction, actor, role, f"campaign:{campaign}", {"what": "results"})


_PEEKED = """
SELECT seq FROM audit WHERE action = 'peek' AND actor = $actor AND object = $object AND created > $since
  AND json_extract_string(payload, '$.what') = 'results' LIMIT 1
"""


def results_dict(found: Results) -> dict[str, Any]:
    """As `assay review results --json` has it: shares as numbers, times in UTC, no names of graders."""
    told = asdict(found)
    told["course"] = [point._asdict() for point in found.course]
    told["needed"] = found.needed._asdict()
    told["offline"] = found.offline._asdict() if found.offline else None
    told["like_these"] = found.like_these._asdict() if found.like_these else None
    told["closed"] = _written(found.closed)
    told["flags"] = [{**flag, "created": _written(flag["created"])} for flag in found.flags]
    told["graders"] = [{name: value for name, value in one.items() if name != "name"} for one in told["graders"]]
    return told


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.isoformat()}Z"


def results_of(found: Gathered) -> Results:
    """Work out the results of what was read; logs nothing, so never for somebody's eyes by itself."""
    row, course = found.campaign, course_of(found)
    policy, rules = found.policy, course.rules
    told = [said(verdict) for verdict in found.verdicts if verdict.item in {item.item for item in course.counted}]
    return Results(
        campaign=row["id"], **{name: row[name] for name in _KEPT},
        unblinded=sum(verdict.unblinded for verdict in found.verdicts), offline=found.offline, closed=row["closed"],
        decision=course.decision, sentence=course.sentence, criterion=course.criterion,
        ended_at=course.course.ended.n if course.course.ended else None, n_max=policy.n_max, least=rules.least,
        margin=policy.margin, alpha=policy.alpha, decides_at=1 / policy.alpha, futile_at=1 / policy.futility,
        course=_course(course), overall=overall(found, course),
        behind=behind_the_prefix(found.order, map(said, found.verdicts)), identical=found.identical,
        with_identical=_with_identical(found, course), criteria=criteria(found, course),
        specialties=specialties(found, course), like_these=_like_these(told, row["seed"]),
        without=tuple(leave_one_out(told, rules)) if told else (), agreement=agreed(found),
        position=position(found.verdicts, policy.max_position_z), blinding=blinding(found),
        skips=skips(found, course), length=length(found, course), critical=critical(found, course),
        graders=graders(found), needed=_needed(found, course), flags=tuple(map(dict, found.flags)),
        warnings=tuple(map(str, row["data"].get("warnings") or ())),
    )  # fmt: skip


_KEPT = ("name", "title", "candidate", "candidate_sha256", "baseline", "baseline_sha256", "policy_sha256", "simulated")


def _course(course: CourseOf) -> tuple[Point, ...]:
    return tuple(
        Point(look.n, *map(evidence, (said.superior, said.not_worse, said.futile, said.harm)))
        for look in course.course.looks
        for said in [look.evidence]
    )


def _with_identical(found: Gathered, course: CourseOf) -> float | None:
    total = len(course.counted) + found.identical
    return sum(2 * item.score - 1 for item in course.counted) / total if total else None


def _like_these(told: Sequence[Verdict], seed: int) -> Interval | None:
    found = pigeonhole_interval(told, seed=seed) if told else None
    return Interval(2 * found.low - 1, 2 * found.high - 1) if found else None


def _needed(found: Gathered, course: CourseOf) -> Needed:
    if course.course.ended is not None or found.campaign["closed"] is not None:
        return Needed("over")
    there = sum(place.skipped < place.planned for place in found.order)
    most = min(course.rules.cap, there) - len(course.judged)
    return pairs_needed(course.judged, course.rules, most, criteria=found.policy.criteria, seed=found.campaign["seed"])
