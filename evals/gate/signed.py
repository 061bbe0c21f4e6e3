"""Who has signed a candidate's evidence, each signature checked anew, and what is still missing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from evals.gate.proposals import Proposal
from store.access import LEAD
from store.database import Snapshot
from store.envelope import APPROVAL, EnvelopeError, open_envelope
from store.keys import read_public

__all__ = ["PREDICATE", "Approval", "Kind", "Standing", "standing"]

PREDICATE = APPROVAL
"""Type of the statement that a lead signs."""

Kind = Literal["approve", "refuse", "override"]

CHANGED = "the evidence has changed since"
"""Why most of what is void is."""


@dataclass(frozen=True, slots=True)
class Approval:
    """What somebody signed."""

    id: int
    """Number in the store."""

    kind: Kind
    """approve, refuse or override."""

    user: int
    """Who."""

    name: str
    """What the person is called."""

    way: str
    """How the person came in: local, oidc or key."""

    reason: str
    """Why."""

    evidence_sha256: str
    """What was signed."""

    key_id: str
    """By which key."""

    created: datetime
    """When."""

    envelope: str
    """The signed statement."""

    void: str = ""
    """Why it does not count; empty where it does."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a candidate's approval has come."""

    required: int
    """Leads who must sign."""

    counted: tuple[Approval, ...]
    """Each person's newest word on the evidence as it is now."""

    void: tuple[Approval, ...]
    """What says nothing of it any more, and why, the newest first."""

    @property
    def refused(self) -> Approval | None:
        """A lead's refusal that stands."""
        return next((one for one in self.counted if one.kind == "refuse"), None)

    @property
    def approvals(self) -> int:
        """Leads who approved."""
        return sum(one.kind == "approve" for one in self.counted)

    @property
    def overrides(self) -> int:
        """Leads who want it released though the gate does not pass."""
        return sum(one.kind == "override" for one in self.counted)

    def missing(self, decision: str) -> int:
        """Signatures that a release still needs: approvals where the gate passes, overrides where it does not."""
        return max(0, self.required - (self.approvals if decision == "pass" else self.overrides))


def standing(
    snapshot: Snapshot, proposal: Proposal | None, environment: str, evidence_sha256: str, required: int
) -> Standing:
    """Read and check everything that was signed for a candidate."""
    if proposal is None:
        return Standing(required, (), ())
    rows = snapshot.rows(_SIGNED, {"sha256": proposal.checkpoint_sha256, "environment": environment, "lead": LEAD})
    counted: dict[int, Approval] = {}
    void: list[Approval] = []
    spoken: set[int] = set()
    for row in rows:
        one = _checked(snapshot, row, evidence_sha256, proposal, is_newest=row["user"] not in spoken)
        spoken |= {one.user} if one.void in ("", CHANGED) else set()
        if one.void:
            void.append(one)
        else:
            counted[one.user] = one
    return Standing(required, tuple(sorted(counted.values(), key=lambda one: one.id)), tuple(void))


def _checked(
    snapshot: Snapshot, row: dict[str, Any], evidence_sha256: str, proposal: Proposal, *, is_newest: bool
) -> Approval:
    """What somebody signed, void where anything about it does not hold; a person's newest word alone counts.

    A refusal is about the candidate, whatever its evidence: it stands until the same lead says something else.
    """
    void = _broken(snapshot, row, proposal) if row["is_lead"] else "the person is no lead any more"
    if not void and not is_newest:
        void = "the person has said something else since"
    if not void and row["kind"] != "refuse" and row["evidence_sha256"] != evidence_sha256:
        void = CHANGED
    return Approval(**{name: row[name] for name in _FIELDS}, void=void)


def _broken(snapshot: Snapshot, row: dict[str, Any], proposal: Proposal) -> str:
    """Why a row is not what was signed; empty where it is."""
    keys = snapshot.rows("SELECT * FROM signing_key WHERE key_id = $key", {"key": row["key_id"]})
    if not keys:
        return "it was signed with a key that is not registered here"
    key = keys[0]
    if key["retired"] is not None and key["retired"] <= row["created"]:
        return "it was signed with a key that was retired before"
    if key["user_id"] not in (None, row["user"]):
        return "it was signed with another person's key"
    try:
        opened = open_envelope(row["envelope"], {row["key_id"]: read_public(key["public_key"])})
    except EnvelopeError as error:
        return f"it is not what was signed: {error}"
    return _differs(opened.statement, row, proposal)


def _differs(statement: dict[str, Any], row: dict[str, Any], proposal: Proposal) -> str:
    subjects = {each["name"]: each["digest"]["sha256"] for each in statement.get("subject", ())}
    said = statement.get("predicate", {})
    mine = {"evidence": row["evidence_sha256"], "release": proposal.sha256}
    if row["kind"] == "refuse":
        # Another folder of the same checkpoint does not take a refusal back.
        mine["release"] = subjects.get("release", "")
    if statement.get("predicateType") != PREDICATE or subjects != mine:
        return "it was signed for another release"
    same = said.get("user") == row["user"] and said.get("kind") == row["kind"] and said.get("reason") == row["reason"]
    if not same or said.get("environment") != row["environment"]:
        return "its row was changed after it was signed"
    return ""


_FIELDS = (
    "id", "kind", "user", "name", "way", "reason", "evidence_sha256", "key_id", "created", "envelope",
)  # fmt: skip

_SIGNED = """
SELECT a.id, a.kind, a.user_id AS "user", coalesce(u.name, '') AS name, a.way, a.reason, a.evidence_sha256, a.key_id,
       a.created, a.envelope, a.environment,
       u.removed IS NULL AND (u.issuer = 'local' OR EXISTS (
           SELECT 1 FROM role r WHERE r.user_id = a.user_id AND r.role = $lead AND r.revoked IS NULL
             AND r.campaign_id IS NULL)) AS is_lead
FROM approval a JOIN proposal p ON p.id = a.proposal_id LEFT JOIN "user" u ON u.id = a.user_id
WHERE p.checkpoint_sha256 = $sha256 AND a.environment = $environment
ORDER BY a.id DESC
"""
