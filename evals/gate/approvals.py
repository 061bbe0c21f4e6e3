"""Leads sign what the gate said: approve, refuse, or override.

    number = approve(store, actor, seen)                    in the browser: the server's key says who signed in how
    number = approve(store, actor, seen, key=my_key)        on the command line: the person's own key

What is signed is the digest of the evidence that was looked at; where it has changed since, nothing is signed. Nobody
signs who owns the run or graded in a campaign of the candidate, which the audit log tells; in a demo store one person
may play all roles, but still nobody signs twice.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import category

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assay.errors import AssayError
from evals.gate.clock import TOLERANCE
from evals.gate.evidence import canonical
from evals.gate.looking import Look, look_again
from evals.gate.proposals import Proposal
from evals.gate.signed import Kind, Standing
from store.access import Actor, require
from store.audit import Entry, append
from store.clock import utc_now
from store.database import Snapshot, Store, Transaction
from store.envelope import APPROVAL, sign, statement
from store.heads import sign_head
from store.keys import key_id, key_owner, register_server_key
from store.owners import owners_of, owns
from store.pins import hold

__all__ = [
    "LEAST_REASON", "LONGEST_REASON", "GateError", "Signer", "approve", "conflict", "keep_decision", "override",
    "refuse", "require_clock", "require_reason", "shown", "signer_of",
]  # fmt: skip

LEAST_REASON = 30
"""Letters, digits and punctuation that the reason of an override has at least; blanks do not count."""

LONGEST_REASON = 1000
"""Characters that a reason has at most: it stands in every paper of a release."""

NO_TEXT = ("Cc", "Cf", "Cn", "Co", "Cs")
"""Categories of signs that turn, hide or hold nothing: a reason that has them may not be read as it stands."""

FILLERS = frozenset("\u115f\u1160\u3164\uffa0")
"""Letters of Korean by their category, which show nothing."""


class GateError(AssayError):
    """Something about a release that the rules do not allow."""


class Signer(NamedTuple):
    """Who signs."""

    user: int
    """Number of the person."""

    name: str
    """What the person is called."""

    role: str
    """Role by which it is allowed."""

    way: str
    """How the person came in, or key for a key of their own."""


def approve(store: Store, actor: Actor, seen: Look, reason: str = "", *, key: Ed25519PrivateKey | None = None) -> int:
    """Approve a candidate whose evidence passes; the approval's number.

    Raises GateError where it does not pass, the evidence has changed since `seen`, or the person may not; AccessError.
    """
    if seen.decision != "pass":
        raise GateError(
            f"the gate says {seen.decision} for {seen.place.candidate}, so it cannot be approved; refuse it, or "
            f"override with a reason of {LEAST_REASON} characters"
        )
    return _sign(store, actor, seen, "approve", require_reason(reason), key)


def refuse(store: Store, actor: Actor, seen: Look, reason: str, *, key: Ed25519PrivateKey | None = None) -> int:
    """Refuse a candidate; it waits until the same person approves. Raises likewise."""
    why = require_reason(reason)
    if not shown(why):
        raise GateError("a refusal needs a reason; say in a sentence what must be different")
    return _sign(store, actor, seen, "refuse", why, key)


def override(store: Store, actor: Actor, seen: Look, reason: str, *, key: Ed25519PrivateKey | None = None) -> int:
    """Sign that a candidate may be released though the gate does not pass; it stays red for ever. Raises likewise."""
    if seen.decision == "pass":
        raise GateError(f"the gate passes {seen.place.candidate}; approve it instead")
    why = require_reason(reason)
    if shown(why) < LEAST_REASON:
        raise GateError(
            f"an override needs a reason of {LEAST_REASON} characters at least without blanks, and this one has "
            f"{shown(why)}"
        )
    return _sign(store, actor, seen, "override", why, key)


def require_reason(text: str) -> str:
    """A reason on one line, which may be empty.

    Raises GateError for one that is too long, or has signs that do not show as they stand.
    """
    reason = " ".join(text.split())
    if len(reason) > LONGEST_REASON:
        raise GateError(f"a reason has {LONGEST_REASON:,} characters at most, and this one has {len(reason):,}")
    odd = next((sign for sign in reason if category(sign) in NO_TEXT or sign in FILLERS), None)
    if odd is not None:
        raise GateError(f"the reason holds a sign that does not show (U+{ord(odd):04X}); write it anew without it")
    return reason


def shown(reason: str) -> int:
    """How many letters, digits and punctuation marks of a reason show.

    >>> shown("Not yet, no."), shown("\u200b \u3164")
    (10, 0)
    """
    return sum(category(sign)[0] in "LNP" and sign not in FILLERS for sign in reason)


def conflict(snapshot: Snapshot, user: int, proposal: Proposal) -> str | None:
    """Why someone may not sign for a candidate, as the audit log and the run have it; None where nothing is against it.

    In a demo store nothing is.
    """
    if snapshot.rows("SELECT demo FROM meta")[0]["demo"]:
        return None
    person = snapshot.rows('SELECT id, name, subject FROM "user" WHERE id = $id', {"id": user})[0]
    if owns(owners_of(snapshot, proposal.run_id), person):
        return f"{person['name']} owns the run of {proposal.candidate}; somebody else must sign"
    graded = snapshot.rows(_GRADED, {"actor": f"user:{user}", "sha256": proposal.checkpoint_sha256})
    if graded:
        return (
            f"{person['name']} graded in campaign {graded[0]['name']} of {proposal.candidate}; somebody else must sign"
        )
    return None


def keep_decision(transaction: Transaction, actor: Actor, seen: Look, now: datetime) -> int:
    """Keep what the gate said of the evidence, once; its number."""
    assert seen.proposal is not None, "what is decided about is there"
    key = {"proposal": seen.proposal.id, "environment": seen.environment, "evidence_sha256": seen.digest}
    known = transaction.rows(_KNOWN, key)
    if known:
        return known[0]["id"]
    number = transaction.rows("SELECT coalesce(max(id), 0) + 1 AS id FROM decision")[0]["id"]
    transaction.execute(_DECISION, {
        **key, "id": number, "policy_sha256": seen.policy.sha256, "evidence": canonical(seen.evidence).decode(),
        "decision": seen.decision, "checks": json.dumps([check.as_dict() for check in seen.checks], ensure_ascii=False),
        "created": now, "created_by": actor.named,
    })  # fmt: skip
    values = {"sha256": seen.policy.sha256, "text": seen.policy.text, "now": now}
    if not transaction.rows("SELECT 1 FROM policy WHERE sha256 = $sha256", {"sha256": seen.policy.sha256}):
        transaction.execute("INSERT INTO policy VALUES ($sha256, $text, $now)", values)
    return number


def require_clock(snapshot: Snapshot, now: datetime) -> None:
    """Raise GateError where this machine's clock is behind the audit log."""
    latest = snapshot.rows("SELECT max(created) AS latest FROM audit")[0]["latest"]
    if latest is not None and now < latest - timedelta(seconds=TOLERANCE):
        raise GateError(
            f"this machine's clock says {now:%Y-%m-%d %H:%M} UTC, which is before the last entry of the audit log "
            f"({latest:%Y-%m-%d %H:%M} UTC); set it right first"
        )


def _sign(store: Store, actor: Actor, seen: Look, kind: Kind, reason: str, key: Ed25519PrivateKey | None) -> int:
    proposal = seen.proposal
    if proposal is None:
        raise GateError(
            f"no folder was built from {seen.place.candidate}, so there is nothing to sign; propose it first: "
            f"assay gate check {seen.place.candidate}"
        )

    def work(transaction: Transaction) -> int:
        now = utc_now()
        require_clock(transaction, now)
        who = signer_of(transaction, actor, key)
        _require_may_sign(transaction, who, proposal, _as_seen(transaction, store.root, seen), kind)
        decision = keep_decision(transaction, actor, seen, now)
        signing = key or register_server_key(transaction, store)
        told = _statement(who, seen, proposal, kind, reason, now)
        number = transaction.rows("SELECT coalesce(max(id), 0) + 1 AS id FROM approval")[0]["id"]
        row = {
            "id": number, "proposal": proposal.id, "decision": decision, "environment": seen.environment,
            "evidence": seen.digest, "kind": kind, "user": who.user, "role": who.role, "way": who.way, "reason": reason,
            "key": key_id(signing.public_key()), "envelope": sign(told, signing), "now": now,
        }  # fmt: skip
        transaction.execute(_APPROVAL, row)
        hold_all(transaction, proposal, holder=str(number), holder_kind="approval")
        payload = {"evidence_sha256": seen.digest, "approval": number, "reason": reason, "key": row["key"]}
        by = f"user:{who.user}"
        append(transaction, Entry(by, who.role, kind, f"proposal:{proposal.id}", payload), now=now)
        sign_head(transaction, store)
        return number

    return store.transaction(work)


def hold_all(transaction: Transaction, proposal: Proposal, *, holder: str, holder_kind: str) -> None:
    """Hold what a proposal is made of: its checkpoint, its folder, and the base where that is a checkpoint here."""
    held: dict[str, str] = {proposal.checkpoint: "checkpoint", proposal.path: "export"}
    base = proposal.data.get("base_checkpoint")
    if base:
        held[str(base)] = "checkpoint"
    for target, kind in held.items():
        run = transaction.rows("SELECT id FROM run WHERE name = $name", {"name": target.partition("/")[0]})
        hold(
            transaction, target, target_kind=kind, run_id=run[0]["id"] if run else proposal.run_id, holder=holder,
            holder_kind=holder_kind,
        )  # fmt: skip


def _as_seen(snapshot: Snapshot, root: Path, seen: Look) -> Standing:
    """Who has signed by now. Raises GateError where the evidence is not what was seen any more."""
    now = look_again(snapshot, root, seen)
    if now.digest != seen.digest:
        raise GateError(
            f"the evidence has changed since you looked: it was {seen.digest[:12]} and is {now.digest[:12]}; look again"
        )
    return now.standing


def signer_of(snapshot: Snapshot, actor: Actor, key: Ed25519PrivateKey | None) -> Signer:
    """The lead who signs: in the browser whoever came in, on the command line whose key it is.

    Raises GateError without a key that counts where one is needed, AccessError for who is no lead.
    """
    if key is None:
        role = require(snapshot, actor, "release:approve")
        if actor.user is None:
            raise GateError("on the command line a release is signed with a key of one's own; name it with --key")
        return Signer(actor.user, _name(snapshot, actor.user), role, actor.way)
    known = key_owner(snapshot, key_id(key.public_key()))
    if known is None or known.user_id is None:
        raise GateError("this key is registered for nobody here; an admin adds it: assay user key add NAME FILE.pub")
    if known.retired is not None:
        raise GateError(f"this key was retired at {known.retired:%Y-%m-%d %H:%M} UTC; sign with one that counts")
    role = require(snapshot, Actor("oidc", known.user_id), "release:approve")
    return Signer(known.user_id, _name(snapshot, known.user_id), role, "key")


def _name(snapshot: Snapshot, user: int) -> str:
    found = snapshot.rows('SELECT name FROM "user" WHERE id = $id', {"id": user})
    return found[0]["name"] if found else ""


def _require_may_sign(
    snapshot: Snapshot, who: Signer, proposal: Proposal, signed: Standing, kind: Kind
) -> None:  # fmt: skip
    against = conflict(snapshot, who.user, proposal)
    if against is not None:
        raise GateError(against)
    before = next((one for one in signed.counted if one.user == who.user), None)
    if before is not None and before.kind == kind:
        raise GateError(f"{who.name} has signed this already ({kind}); another lead must sign")


def _statement(who: Signer, seen: Look, proposal: Proposal, kind: Kind, reason: str, now: datetime) -> dict[str, Any]:
    return statement(
        {"evidence": seen.digest, "release": proposal.sha256}, APPROVAL,
        {
            "kind": kind, "user": who.user, "name": who.name, "role": who.role, "way": who.way, "reason": reason,
            "environment": seen.environment, "candidate": proposal.candidate, "decision": seen.decision,
            "policy_sha256": seen.policy.sha256, "time": f"{now.isoformat(timespec='seconds')}Z",
        },
    )  # fmt: skip


_GRADED = """
SELECT c.name FROM audit a
JOIN campaign c ON c.candidate_sha256 = $sha256 AND starts_with(a.object, concat('pair:', c.id, '/'))
WHERE a.actor = $actor AND a.action IN ('verdict', 'verdict-edit') LIMIT 1
"""

_KNOWN = """
SELECT id FROM decision
WHERE proposal_id = $proposal AND environment = $environment AND evidence_sha256 = $evidence_sha256
"""

_DECISION = """
INSERT INTO decision VALUES
  ($id, $proposal, $environment, $policy_sha256, $evidence_sha256, $evidence, $decision, $checks, $created, $created_by)
"""

_APPROVAL = """
INSERT INTO approval VALUES
  ($id, $proposal, $decision, $environment, $evidence, $kind, $user, $role, $way, $reason, $key, $envelope, $now)
"""
