"""A second lead confirms what one lead alone has put back: a restore acts at once, and is looked at by another within a
day. Nothing is undone where nobody does; it is shown in red.

    second_of(snapshot, live)            what is known of it; None where nobody need confirm
    countersign(store, actor)            another lead confirms what is live

The audit log tells who did: no row of `release` changes.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evals.gate.approvals import require_clock, signer_of
from evals.gate.live import ENVIRONMENT
from evals.gate.policy import whole_policy
from evals.release.errors import RefusedError, ReleaseError
from evals.release.making import check_environment
from evals.release.rows import Release, live_release, nothing_live
from evals.review.policy import PolicyError
from store.access import Actor
from store.audit import Entry, append
from store.clock import utc_now
from store.database import Snapshot, Store, Transaction
from store.heads import sign_head

__all__ = ["WITHIN", "Second", "countersign", "is_restorer", "second_of"]

WITHIN = timedelta(hours=24)
"""How long another lead has."""


class Second(NamedTuple):
    """The second lead of a restore."""

    due: datetime
    """Until when one should have confirmed it, in UTC."""

    by: str
    """Who did; empty until somebody has."""

    confirmed: datetime | None
    """When; None until then."""

    def is_late(self, now: datetime) -> bool:
        """Whether nobody has, and should have."""
        return self.confirmed is None and now > self.due


def second_of(snapshot: Snapshot, release: Release) -> Second | None:
    """The second lead of a restore; None of a release, and where its policy asks for one lead alone."""
    if release.kind != "restore" or _leads(release) < 2:
        return None
    found = snapshot.rows(_CONFIRMED, {"release": release.id, "restorer": release.created_by})
    if not found:
        return Second(release.created + WITHIN, "", None)
    return Second(release.created + WITHIN, found[0]["by"], found[0]["created"])


def countersign(
    store: Store, actor: Actor, environment: str = ENVIRONMENT, *, key: Ed25519PrivateKey | None = None
) -> tuple[Release, Second]:
    """Confirm, as another lead, the restore that is live; on the command line by one's own key.

    Raises RefusedError where nothing is live, it is no restore, or it needs no second lead; ReleaseError where somebody
    has confirmed it or it is one's own; GateError for a clock that is behind or a key that does not count; AccessError.
    """
    check_environment(environment)

    def work(transaction: Transaction) -> tuple[Release, Second]:
        now = utc_now()
        who = signer_of(transaction, actor, key)
        require_clock(transaction, now)
        live = _to_confirm(transaction, environment)
        if is_restorer(transaction, live, who.user):
            raise ReleaseError(f"{who.name} put {live.title} back; another lead must confirm it")
        told = {"environment": environment, "release": live.id, "version": live.version, "sha256": live.sha256}
        by = f"user:{who.user}"
        append(transaction, Entry(by, who.role, "countersign", f"environment:{environment}", told), now=now)
        sign_head(transaction, store)
        return live, Second(live.created + WITHIN, who.name, now)

    return store.transaction(work)


def is_restorer(snapshot: Snapshot, release: Release, user: int | None) -> bool:
    """Whether someone is who put it back, in the browser or under their account on this machine."""
    if release.created_by == f"user:{user}":
        return True
    known = snapshot.rows("SELECT subject FROM \"user\" WHERE id = $id AND issuer = 'local'", {"id": user})
    return bool(known) and release.created_by == f"command:{known[0]['subject']}"


def _to_confirm(snapshot: Snapshot, environment: str) -> Release:
    live = live_release(snapshot, environment)
    if live is None:
        raise nothing_live(snapshot, environment)
    second = second_of(snapshot, live)
    if second is None:
        why = "one lead is enough by its policy" if live.kind == "restore" else "it was released, and not put back"
        raise RefusedError(f"{live.title} needs no second lead: {why}")
    if second.confirmed is not None:
        raise ReleaseError(f"{second.by} has confirmed {live.title} already, on {second.confirmed:%Y-%m-%d %H:%M} UTC")
    return live


def _leads(release: Release) -> int:
    """As many as its policy asks for; a bundle that is damaged says nothing, and then a second one is asked for."""
    try:
        return whole_policy(release.papers.fields["policy"]["text"]).approval.approvals_required
    except (RefusedError, PolicyError, KeyError, TypeError):
        return 2


_CONFIRMED = """
SELECT coalesce(u.name, regexp_replace(a.actor, '^[a-z]+:', '')) AS "by", a.created
FROM audit a LEFT JOIN "user" u ON concat('user:', u.id) = a.actor
WHERE a.action = 'countersign' AND a.actor <> $restorer
  AND CASE WHEN json_valid(a.payload) THEN json_extract_string(a.payload, '$.release') END = CAST($release AS VARCHAR)
ORDER BY a.seq LIMIT 1
"""
