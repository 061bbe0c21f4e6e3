"""Put an earlier release back: one lead, a reason, and every byte of it read again.

made = restore(store, actor, "v2", reason="v3 answers in the wrong language")
can_restore(store, release)              whether that would go well today, at a glance
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evals.gate.approvals import GateError, require_clock, require_reason, shown
from evals.gate.evidence import BESIDE
from evals.gate.live import ENVIRONMENT
from evals.gate.on_disk import folder_state
from evals.gate.proposals import Proposal
from evals.release.base import known_sha256, require_base
from evals.release.bundle import utc_text
from evals.release.countersigning import acting, require_seen
from evals.release.errors import RefusedError, ReleaseError
from evals.release.making import Made, check_environment, finish, person_named, put_row
from evals.release.refusal import standing_refusal
from evals.release.restored import restore_statement
from evals.release.rows import Release, find_release, live_release, proposal_of_release
from evals.release.settling import require_row, require_told, settle_papers
from evals.release.verifying import check_files
from store.access import Actor, require
from store.alerts.targets import Target
from store.artifacts import ArtifactError, verify
from store.audit import Entry, append
from store.clock import utc_now
from store.database import Snapshot, Store, Transaction
from store.envelope import sign
from store.errors import StoreError
from store.heads import Head, sign_head
from store.keys import register_server_key

__all__ = ["can_restore", "restore"]


def restore(
    store: Store, actor: Actor, named: str, *, reason: str, environment: str = ENVIRONMENT, hook: Target | None = None,
    key: Ed25519PrivateKey | None = None, expected: int | None = None,
) -> Made:  # fmt: skip
    """Make the release of VERSION or DIGEST live again; on the command line by one's own key, or as an account alone.

    `expected` is the number of the row of `release` that it is to take the place of, as somebody looked at it. Raises
    RefusedError where its row, files, checkpoint or base are not what they were, or a lead refuses it; ReleaseError
    where there is no such release or no reason, or something else is live by now, GateError for a key that does not
    count or a reason that is none, AccessError. It is the way out of trouble: a clock that is behind the audit log is
    told, and keeps nobody from it.
    """
    check_environment(environment)
    why = require_reason(reason)
    before, wanted, proposal = store.snapshot(
        lambda snapshot: _found(snapshot, acting(snapshot, actor, key), named, environment)
    )
    if before.sha256 == wanted.sha256 and before.version == wanted.version:
        settle_papers(store, before)
        return Made(before, already=True)
    require_seen(before, expected)
    if not shown(why):
        raise ReleaseError("a release is put back for a reason; say in a sentence why")
    try:
        store.snapshot(lambda snapshot: _require_wanted(snapshot, wanted, proposal))
        settle_papers(store, wanted)
        _read_every_byte(store, proposal)
    except RefusedError as error:
        raise RefusedError(f"{wanted.title} cannot be put back: {error}") from error
    made = store.transaction(
        lambda transaction: _put_back(transaction, acting(transaction, actor, key), wanted, why, expected)
    )
    return finish(store, made, before, hook)


def can_restore(store: Store, release: Release) -> tuple[bool, str]:
    """Whether a release could be put back today, and why not: of its own files sizes are looked at, and bytes only by
    `restore`; of its base every byte, once.
    """
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
    _require_wanted(snapshot, release, made)
    for called, path, sha256, beside in (
        ("its folder", made.path, made.sha256, BESIDE),
        ("its checkpoint", made.checkpoint, made.checkpoint_sha256, None),
    ):  # fmt: skip
        found = folder_state(store.root, path, sha256, beside)
        if found["state"] == "gone":
            return False, f"{called} {path} is gone"
        if found["state"] == "changed":
            return False, f"{called} {path} was changed: {found['what']}"
    require_base(store.root, made, digest=known_sha256)
    return True, ""


def _require_wanted(snapshot: Snapshot, wanted: Release, made: Proposal) -> None:
    """Raise RefusedError where nobody can say what is live, or a lead refuses what is to be put back."""
    require_told(snapshot, wanted.environment)
    if refused := standing_refusal(snapshot, made, wanted.environment):
        raise RefusedError(refused)


def _read_every_byte(store: Store, made: Proposal) -> None:
    check_files(store.root / made.path, made.sha256)
    try:
        verify(store.root / made.checkpoint, made.checkpoint_sha256)
    except ArtifactError as error:
        raise RefusedError(f"its checkpoint is not what was sealed: {error}") from error
    require_base(store.root, made)


def _put_back(transaction: Transaction, actor: Actor, wanted: Release, reason: str, expected: int | None) -> Made:
    now = utc_now()
    role = require(transaction, actor, "release:restore")
    live = live_release(transaction, wanted.environment)
    if live is not None and (live.sha256, live.version) == (wanted.sha256, wanted.version):
        # Somebody else was faster.
        return Made(live, already=True)
    require_seen(live, expected)
    _require_wanted(transaction, wanted, proposal_of_release(transaction, wanted))
    warning = _behind(transaction, now)
    told = {
        "environment": wanted.environment, "version": wanted.version, "sha256": wanted.sha256, "reason": reason,
        **({"clock": "behind"} if warning else {}),
    }  # fmt: skip
    append(transaction, Entry(actor.named, role, "restore", f"proposal:{wanted.proposal_id}", told), now=now)
    head = sign_head(transaction, transaction.store)
    said = {
        "environment": wanted.environment, "version": wanted.version, "by": actor.named,
        "name": person_named(transaction, actor), "role": role, "time": utc_text(now), "reason": reason,
        "replaces": None if live is None else {"version": live.version, "sha256": live.sha256},
    }  # fmt: skip
    return Made(put_row(transaction, actor, {
        "environment": wanted.environment, "kind": "restore", "version": wanted.version,
        "proposal": wanted.proposal_id, "decision": wanted.decision_id, "sha256": wanted.sha256,
        "override": wanted.override, "reason": reason, "now": now, "role": role, "bundle": wanted.bundle,
        "envelope": wanted.envelope, "statement": _signed(transaction, wanted.sha256, said, head),
    }), warning=warning)  # fmt: skip


def _signed(transaction: Transaction, sha256: str, said: Mapping[str, Any], head: Head) -> str:
    return sign(restore_statement(sha256, said, head), register_server_key(transaction, transaction.store))


def _behind(snapshot: Snapshot, now: datetime) -> str:
    """That this machine's clock is behind the audit log; empty where it is not."""
    try:
        require_clock(snapshot, now)
    except GateError as error:
        return str(error)
    return ""
