"""bundle.json: everything that a release was decided on, so that anyone can decide it again; and what the server signs.

Digests are plain hex in it. It is canonical JSON (RFC 8785), and its fields are those of `FIELDS`.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assay.version import VERSION
from evals.gate.evidence import canonical
from evals.gate.gate import decision_of, gate
from evals.gate.looking import Look
from evals.gate.signed import Approval
from evals.release.card import card
from evals.release.papers import Papers, text_sha256
from store.envelope import RELEASE, statement
from store.heads import Head

__all__ = ["FIELDS", "FORMAT", "SIGNED", "Making", "bundle_of", "facts_of", "papers_of", "statement_of", "utc_text"]

FORMAT = 1

FIELDS = (
    "format", "program", "environment", "version", "what", "policy", "evidence", "evidence_sha256", "checks",
    "decision", "approvals", "override", "released", "replaces", "lineage", "audit", "store", "card",
)  # fmt: skip
"""What a bundle has."""

SIGNED = ("kind", "user", "name", "role", "way", "reason", "time")
"""What a bundle says of an approval besides its key and its envelope, which says the same."""

FACTS = ("environment", "version", "decision", "override", "evidence_sha256", "audit", "store", "released")
"""Fields that stand in the signed statement as well, so that it can be read alone."""


@dataclass(frozen=True, slots=True)
class Making:
    """A release that is being made."""

    seen: Look
    """What it is decided on."""

    version: int
    """Number that people will call it by."""

    approvals: Sequence[Approval]
    """Who signed it."""

    override: bool
    """Whether the gate did not pass."""

    files: Mapping[str, Any]
    """Files of the folder, as its manifest has them."""

    released: Mapping[str, Any]
    """by, name, role, time and reason of whoever releases it."""

    replaces: Mapping[str, Any] | None
    """What was live until then: version, candidate, checkpoint_sha256, sha256, digests."""

    lineage: Sequence[Mapping[str, Any]]
    """Runs it came from, the oldest first."""

    head: Head
    """End of the audit log, with the row of the release in it."""


def bundle_of(made: Making) -> dict[str, Any]:
    """The bundle, with its card in it. The checks are those that the gate gives for the evidence as it is written."""
    evidence = json.loads(canonical(made.seen.evidence))
    checks = gate(made.seen.policy, evidence)
    bundle: dict[str, Any] = {
        "format": FORMAT, "program": f"assay {VERSION}", "environment": made.seen.environment, "version": made.version,
        "what": _what(made), "policy": {"sha256": made.seen.policy.sha256, "text": made.seen.policy.text},
        "evidence": evidence, "evidence_sha256": made.seen.digest, "checks": [check.as_dict() for check in checks],
        "decision": decision_of(checks), "approvals": [_approval(one) for one in made.approvals],
        "override": made.override, "released": dict(made.released),
        "replaces": None if made.replaces is None else dict(made.replaces), "lineage": list(map(dict, made.lineage)),
        "audit": {"seq": made.head.seq, "hash": made.head.hash}, "store": {"demo": evidence["demo"]},
    }  # fmt: skip
    return {**bundle, "card": card(bundle)}


def papers_of(bundle: Mapping[str, Any], sign: Any) -> Papers:
    """The texts of a release; `sign` makes the envelope of a statement."""
    text = canonical(bundle).decode()
    return Papers(bundle["card"], text, sign(statement_of(bundle, text_sha256(text))))


def statement_of(bundle: Mapping[str, Any], bundle_sha256: str) -> dict[str, Any]:
    """What the server signs of a release."""
    subjects = {
        "release": bundle["what"]["sha256"], "bundle": bundle_sha256, "card": text_sha256(bundle["card"]),
    }  # fmt: skip
    return statement(subjects, RELEASE, facts_of(bundle))


def facts_of(bundle: Mapping[str, Any]) -> dict[str, Any]:
    """What of a bundle stands in the signed statement."""
    return {"candidate": bundle["what"]["candidate"], **{name: bundle[name] for name in FACTS}}


def utc_text(moment: datetime) -> str:
    """A time in UTC, to the second, as papers have it."""
    return f"{moment.isoformat(timespec='seconds')}Z"


def _what(made: Making) -> dict[str, Any]:
    proposal, place = made.seen.proposal, made.seen.place
    assert proposal is not None, "what is released was proposed"
    return {
        "candidate": proposal.candidate, "run": place.run, "branch": place.branch, "step": place.step,
        "checkpoint_sha256": proposal.checkpoint_sha256, "sha256": proposal.sha256, "merged": proposal.merged,
        "digests": dict(proposal.digests), "base": proposal.data.get("base"), "files": dict(made.files),
    }  # fmt: skip


def _approval(one: Approval) -> dict[str, Any]:
    """As it was signed, whatever the person is called today; `standing` has checked the signature."""
    said = json.loads(base64.b64decode(json.loads(one.envelope)["payload"]))["predicate"]
    return {**{name: said[name] for name in SIGNED}, "key_id": one.key_id, "envelope": one.envelope}
