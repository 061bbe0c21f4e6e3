"""What experts found, as it stands in the evidence: the campaign that counts, and what others of the candidate said."""

from dataclasses import asdict
from typing import Any, NamedTuple

from evals.review.results import Results
from store.database import Snapshot

__all__ = ["Campaign", "Reviewed", "campaigns_of", "reviewed"]


class Campaign(NamedTuple):
    """A campaign of a candidate."""

    id: int
    """Its number."""

    name: str
    """Its name."""

    baseline_sha256: str
    """What it was judged against."""

    policy_sha256: str
    """The policy it was opened with."""

    opened: int | None
    """Number of the audit log's row that opened it."""


class Reviewed(NamedTuple):
    """What is known of a candidate's campaigns."""

    results: Results
    """Of the one that counts."""

    opened: int | None
    """Number of the audit log's row that opened it."""

    others: tuple[tuple[str, str], ...]
    """Name and decision of the candidate's other campaigns."""

    simulated: int
    """Verdicts of the campaign that a program made up."""


def campaigns_of(snapshot: Snapshot, checkpoint_sha256: str) -> list[Campaign]:
    """The campaigns of a candidate, the newest first."""
    return [Campaign(**row) for row in snapshot.rows(_CAMPAIGNS, {"sha256": checkpoint_sha256})]


def reviewed(found: Reviewed, bases: set[str], live: Any) -> dict[str, Any]:
    """What experts found, as plain values. `bases` and `live` are what it may have been judged against."""
    one = found.results
    wanted = {live.checkpoint_sha256} if live else bases
    return {
        **{name: getattr(one, name) for name in _KEPT},
        "closed": one.closed is not None, "against_wanted": one.baseline_sha256 in wanted,
        "judged": len(one.course), "simulated": found.simulated,
        "overall": asdict(one.overall) if one.overall else None,
        "evidence": one.course[-1]._asdict() if one.course else None,
        "most": max((point.superior for point in one.course), default=None),
        "criteria": [asdict(part) for part in one.criteria],
        "specialties": [asdict(part) for part in one.specialties],
        "agreement": asdict(one.agreement) if one.agreement else None,
        "position": asdict(one.position) if one.position else None,
        "blinding": asdict(one.blinding) if one.blinding else None,
        "skips": asdict(one.skips) if one.skips else None, "length": asdict(one.length) if one.length else None,
        "critical": asdict(one.critical),
        "graders": [
            {"grader": grader.grader, "verdicts": grader.verdicts, "unblinded": grader.unblinded}
            for grader in one.graders
        ],
        "without": [asdict(each) for each in one.without], "flags": len(one.flags), "warnings": one.warnings,
        # Only where there are any: what was approved before stays approved.
        **({"offline": one.offline._asdict()} if one.offline else {}),
        "others": [{"name": name, "decision": decision} for name, decision in found.others],
    }  # fmt: skip


_KEPT = (
    "campaign", "name", "candidate", "candidate_sha256", "baseline", "baseline_sha256", "policy_sha256", "unblinded",
    "decision", "sentence", "criterion", "ended_at", "n_max", "margin", "alpha", "decides_at", "identical",
)  # fmt: skip

_CAMPAIGNS = """
SELECT c.id, c.name, c.baseline_sha256, c.policy_sha256,
       (SELECT min(seq) FROM audit a
        WHERE a.action = 'campaign-open' AND a.object = concat('campaign:', c.id)) AS opened
FROM campaign c WHERE c.candidate_sha256 = $sha256 ORDER BY c.id DESC
"""
