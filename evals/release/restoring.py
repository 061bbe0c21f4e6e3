"""Put an earlier release back: one lead, a reason, and every byte of it read again.

made = restore(store, actor, "v2", reason="v3 answers in the wrong language")
can_restore(store, release)              whether that would go well today, at a glance
"""

from evals.gate.approvals import require_clock, require_reason
from evals.gate.evidence import BESIDE
from evals.gate.live import ENVIRONMENT
from evals.gate.on_disk import folder_state
from evals.gate.proposals import Proposal
from evals.release.base import base_missing, require_base
from evals.release.errors import RefusedError, ReleaseError
from evals.release.making import Made, check_environment, finish, put_row
from evals.release.rows import Release, find_release, live_release, proposal_of_release
from evals.release.settling import require_row, settle_papers
from evals.release.verifying import check_files
from store.access import Actor, require
from store.alerts.targets import Target
from store.artifacts import ArtifactError, verify
from store.audit import Entry, append
from store.clock import utc_now
from store.database import Snapshot, Store, Transaction
from store.errors import StoreError
from store.heads import sign_head

__all__ = ["can_restore", "restore"]


def restore(
    store: Store, actor: Actor, named: str, *, reason: str, environment: str = ENVIRONMENT, hook: Target | None = None
) -> Made:
    """Make the release of VERSION or DIGEST live again.

    Raises RefusedError where its row, files, checkpoint or base are not what they were, ReleaseError where there is no
    such release or no reason, GateError for a clock that is behind or a reason that is none, AccessError.
    """
    check_environment(environment)
    why = require_reason(reason)
    before, wanted, proposal = store.snapshot(lambda snapshot: _found(snapshot, actor, named, environment))
    if before.sha256 == wanted.sha256 and before.version == wanted.version:
        settle_papers(store, before)
        return Made(before, already=True)
    if not why:
        raise ReleaseError("a release is put back for a reason; say in a sentence why")
    try:
        settle_papers(store, wanted)
        _read_every_byte(store, proposal)
    except RefusedError as error:
        raise RefusedError(f"{wanted.title} cannot be put back: {error}") from error
    made = store.transaction(lambda transaction: _put_back(transaction, actor, wanted, why))
    return finish(store, made, before, hook)


def can_restore(store: Store, release: Release) -> tuple[bool, str]:
    """Whether a release could be put back today, and why not; sizes are looked at, and bytes only by `restore`."""
    try:
        return store.snapshot(lambda snapshot: _glance(snapshot, store, release))
    except (RefusedError, StoreError) as error:
        return False, str(error)


def _found(snapshot: Snapshot, actor: Actor, named: str, environment: str) -> tuple[Release, Release, Proposal]:
    """What is live, what is wanted, and its folder."""
    require(snapshot, actor, "release:restore")
    wanted, live = find_release(snapshot, named, environment), live_release(snapshot, environment)
    assert live is not None, "there is a release"
    return live, wanted, proposal_of_release(snapshot, wanted)


def _glance(snapshot: Snapshot, store: Store, release: Release) -> tuple[bool, str]:
    require_row(snapshot, release)
    made = proposal_of_release(snapshot, release)
    for called, path, sha256, beside in (
        ("its folder", made.path, made.sha256, BESIDE),
        ("its checkpoint", made.checkpoint, made.checkpoint_sha256, None),
    ):  # fmt: skip
        found = folder_state(store.root, path, sha256, beside)
        if found["state"] == "gone":
            return False, f"{called} {path} is gone"
        if found["state"] == "changed":
            return False, f"{called} {path} was changed: {found['what']}"
    missing = base_missing(store.root, made)
    return not missing, missing


def _read_every_byte(store: Store, made: Proposal) -> None:
    check_files(store.root / made.path, made.sha256)
    try:
        verify(store.root / made.checkpoint, made.checkpoint_sha256)
    except ArtifactError as error:
        raise RefusedError(f"its checkpoint is not what was sealed: {error}") from error
    require_base(store.root, made)


def _put_back(transaction: Transaction, actor: Actor, wanted: Release, reason: str) -> Made:
    now = utc_now()
    role = require(transaction, actor, "release:restore")
    require_clock(transaction, now)
    live = live_release(transaction, wanted.environment)
    if live is not None and (live.sha256, live.version) == (wanted.sha256, wanted.version):
        # Somebody else was faster.
        return Made(live, already=True)
    told = {
        "environment": wanted.environment, "version": wanted.version, "sha256": wanted.sha256, "reason": reason,
    }  # fmt: skip
    append(transaction, Entry(actor.named, role, "restore", f"proposal:{wanted.proposal_id}", told), now=now)
    sign_head(transaction, transaction.store)
    return Made(put_row(transaction, actor, {
        "environment": wanted.environment, "kind": "restore", "version": wanted.version,
        "proposal": wanted.proposal_id, "decision": wanted.decision_id, "sha256": wanted.sha256,
        "override": wanted.override, "reason": reason, "now": now, "role": role, "bundle": wanted.bundle,
        "envelope": wanted.envelope,
    }))  # fmt: skip
