"""Make a release: look at everything anew, read every byte, and move the pointer of an environment.

made = make(store, actor, "triage@600")
made.release.version, made.already

The pointer is a row, written in the transaction in which evidence and approvals still hold. The papers are written
beside the files afterwards; where that is interrupted, whoever reads next writes them (`papers`).
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from evals.gate.approvals import conflict, hold_all, keep_decision, require_clock, require_reason
from evals.gate.live import ENVIRONMENT, environment_fault
from evals.gate.looking import Look, look, look_again
from evals.gate.policy import Policy
from evals.gate.proposals import Proposal, newest_proposal
from evals.release.base import require_base
from evals.release.bundle import Making, bundle_of, papers_of, utc_text
from evals.release.errors import RefusedError, ReleaseError
from evals.release.origin import origin_of
from evals.release.refusal import refusal, say_evidence_changed
from evals.release.rows import Release, live_release, proposal_of_release, releases_of
from evals.release.settling import require_told, settle_papers
from evals.release.telling import Told, tell
from evals.release.verifying import check_files
from store.access import Actor, require
from store.alerts.targets import Target
from store.artifacts import ArtifactError, verify
from store.audit import Entry, append
from store.clock import utc_now
from store.database import Snapshot, Store, Transaction
from store.envelope import sign
from store.heads import sign_head
from store.keys import register_server_key
from store.places import find_checkpoint

__all__ = ["Made", "check_environment", "finish", "make", "person_named", "put_row"]


class Made(NamedTuple):
    """What came of it."""

    release: Release
    """What is live now."""

    already: bool = False
    """Whether it was live before, and nothing was done."""

    told: Told | None = None
    """What came of telling the webhook; None where none was named, or nothing was done."""

    warning: str = ""
    """What is odd about it, in a sentence; empty where nothing is."""


def make(
    store: Store, actor: Actor, named: str, *, environment: str = ENVIRONMENT, policy: Policy | None = None,
    reason: str = "", hook: Target | None = None,
) -> Made:  # fmt: skip
    """Release RUN@STEP.

    Raises RefusedError where the answer is no: nothing proposed, refused, approvals missing, the gate does not pass,
    files changed, base gone; GateError for a clock that is behind or a reason that is none; AccessError, StoreError,
    PolicyError, ReleaseError.
    """
    check_environment(environment)
    why = require_reason(reason)
    before, proposal = store.snapshot(lambda snapshot: _stands(snapshot, store, actor, named, environment))
    if before is not None and proposal is not None and before.sha256 == proposal.sha256:
        settle_papers(store, before)
        return Made(before, already=True)
    if proposal is not None and (once := store.snapshot(lambda now: _before(now, environment, proposal.sha256))):
        raise RefusedError(
            f"{proposal.candidate} was {once.title} before; put it back: assay release restore v{once.version}"
        )
    seen = look(store, actor, named, policy=policy, environment=environment)
    if said := refusal(seen):
        raise RefusedError(said)
    files = _read_every_byte(store.root, seen)
    made = store.transaction(lambda transaction: _release(transaction, actor, seen, files, why))
    return finish(store, made, before, hook)


def check_environment(name: str) -> None:
    """Raise ReleaseError for what is no name of a place."""
    if said := environment_fault(name):
        raise ReleaseError(said)


def finish(store: Store, made: Made, before: Release | None, hook: Target | None) -> Made:
    """Write the papers and tell the webhook, which is told though the papers cannot be written: the pointer has moved.

    Where somebody else had moved it just so, it is theirs to tell. Raises ReleaseError where papers cannot be written.
    """
    told: Told | None = None
    try:
        settle_papers(store, made.release)
    finally:
        told = None if hook is None or made.already else tell(hook, made.release, before)
    return made._replace(told=told)


def put_row(transaction: Transaction, actor: Actor, values: Mapping[str, Any]) -> Release:
    """Append a row of `release`, whose number it gets, and hold what it is made of."""
    number = transaction.rows("SELECT coalesce(max(id), 0) + 1 AS id FROM release")[0]["id"]
    transaction.execute(_INSERT, {**values, "id": number, "created_by": actor.named})
    made = live_release(transaction, values["environment"])
    assert made is not None, "it was put there just now"
    hold_all(transaction, proposal_of_release(transaction, made), holder=str(number), holder_kind="release")
    return made


def person_named(snapshot: Snapshot, actor: Actor) -> str:
    """What whoever acts is called, as papers have it: the person's name, or the command's account."""
    found = snapshot.rows('SELECT name FROM "user" WHERE id = $id', {"id": actor.user})
    return found[0]["name"] if found else actor.account


def _stands(
    snapshot: Snapshot, store: Store, actor: Actor, named: str, environment: str
) -> tuple[Release | None, Proposal | None]:
    """What is live, and what would be released."""
    require(snapshot, actor, "release:make")
    require_told(snapshot, environment)
    place = find_checkpoint(snapshot, store.root, named)
    return live_release(snapshot, environment), newest_proposal(snapshot, place.sha256)


def _before(snapshot: Snapshot, environment: str, sha256: str) -> Release | None:
    """The release of a folder that was live once."""
    return next((one for one in releases_of(snapshot, environment) if one.sha256 == sha256), None)


def _read_every_byte(root: Path, seen: Look) -> Mapping[str, Any]:
    """Files of the folder as they were sealed, once checkpoint, folder and base are what they were."""
    proposal = seen.proposal
    assert proposal is not None, "what is refused was said before"
    try:
        manifest = check_files(root / proposal.path, proposal.sha256)
    except RefusedError as error:
        raise RefusedError(f"the folder to be released is not what was built: {error}; propose it again") from error
    try:
        verify(root / seen.place.path, seen.place.sha256)
    except ArtifactError as error:
        raise RefusedError(f"the checkpoint is not what was sealed: {error}") from error
    require_base(root, proposal)
    return manifest["files"]


def _release(transaction: Transaction, actor: Actor, seen: Look, files: Mapping[str, Any], reason: str) -> Made:
    store, now = transaction.store, utc_now()
    role = require(transaction, actor, "release:make")
    require_clock(transaction, now)
    again = look_again(transaction, store.root, seen)
    if again.digest != seen.digest:
        raise RefusedError(say_evidence_changed(seen, again))
    if said := refusal(again) or _conflicts(transaction, again):
        raise RefusedError(said)
    live, proposal = live_release(transaction, seen.environment), again.proposal
    assert proposal is not None, "what is refused was said before"
    if live is not None and live.sha256 == proposal.sha256:
        # Somebody else was faster.
        return Made(live, already=True)
    version = _next_version(transaction, seen.environment)
    decision = keep_decision(transaction, actor, again, now)
    told = {
        "environment": seen.environment, "version": version, "sha256": proposal.sha256, "decision": again.decision,
        "evidence_sha256": again.digest, "override": again.decision != "pass", "reason": reason,
    }  # fmt: skip
    append(transaction, Entry(actor.named, role, "release", f"proposal:{proposal.id}", told), now=now)
    released = _released(transaction, actor, role, now, reason)
    making = Making(
        again, version, _signers(again), again.decision != "pass", files, released, _replaces(transaction, live),
        origin_of(transaction, proposal), sign_head(transaction, store),
    )  # fmt: skip
    papers = papers_of(bundle_of(making), _signing(transaction))
    return Made(put_row(transaction, actor, {
        "environment": seen.environment, "kind": "release", "version": version, "proposal": proposal.id,
        "decision": decision, "sha256": proposal.sha256, "override": making.override, "reason": reason, "now": now,
        "role": role, "bundle": papers.bundle, "envelope": papers.envelope, "statement": "",
    }))  # fmt: skip


def _conflicts(snapshot: Snapshot, seen: Look) -> str:
    """Why one of those who signed may not have; empty where all may."""
    assert seen.proposal is not None, "what is refused was said before"
    against = (conflict(snapshot, one.user, seen.proposal) for one in _signers(seen))
    return next((said for said in against if said), "")


def _signers(seen: Look) -> list[Any]:
    wanted = "approve" if seen.decision == "pass" else "override"
    return [one for one in seen.standing.counted if one.kind == wanted]


def _signing(transaction: Transaction) -> Callable[[Mapping[str, Any]], str]:
    key = register_server_key(transaction, transaction.store)
    return lambda statement: sign(statement, key)


def _released(snapshot: Snapshot, actor: Actor, role: str, now: datetime, reason: str) -> dict[str, Any]:
    return {
        "by": actor.named, "name": person_named(snapshot, actor), "role": role, "time": utc_text(now), "reason": reason,
    }  # fmt: skip


def _replaces(snapshot: Snapshot, live: Release | None) -> dict[str, Any] | None:
    if live is None:
        return None
    found = proposal_of_release(snapshot, live)
    return {
        "version": live.version, "candidate": found.candidate, "checkpoint_sha256": found.checkpoint_sha256,
        "sha256": found.sha256, "digests": dict(found.digests),
    }  # fmt: skip


def _next_version(snapshot: Snapshot, environment: str) -> int:
    sql = "SELECT coalesce(max(version), 0) + 1 AS version FROM release WHERE environment = $environment"
    return snapshot.rows(sql, {"environment": environment})[0]["version"]


_INSERT = """
INSERT INTO release VALUES
  ($id, $environment, $kind, $version, $proposal, $decision, $sha256, $override, $reason, $now, $created_by, $role,
   $bundle, $envelope, $statement)
"""
