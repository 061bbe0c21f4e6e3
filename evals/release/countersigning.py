"""A second lead confirms what one lead alone has put back: a restore acts at once, and is looked at by another within a
day. Nothing is undone where nobody does; it is shown in red.

    second_of(snapshot, live)            what is known of it; None where nobody need confirm
    countersign(store, actor)            another lead confirms what is live

A command without a key knows an account and no lead. What it put back two different leads confirm: the first may be who
gave the command, and counts as that. The audit log tells who did: no row of `release` changes.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

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
from store.owners import Owners, owns
from store.users import LOCAL

__all__ = ["WITHIN", "Second", "acting", "countersign", "may_confirm", "require_seen", "second_of"]

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

    first: str = ""
    """Who confirmed first what a command without a key put back, and counts as who gave it; empty until then."""

    missing: int = 0
    """Leads who must still confirm."""

    def is_late(self, now: datetime) -> bool:
        """Whether nobody has, and should have."""
        return self.confirmed is None and now > self.due


def second_of(snapshot: Snapshot, release: Release) -> Second | None:
    """The second lead of a restore; None of a release, and where its policy asks for one lead alone."""
    if release.kind != "restore" or _leads(release) < 2:
        return None
    return _second(release, _signed(snapshot, release))


def _second(release: Release, signed: list[dict[str, Any]]) -> Second:
    """Where it stands once these have confirmed, in their order."""
    due, needed = release.created + WITHIN, 2 if _is_keyless(release) else 1
    first = signed[0]["by"] if signed and needed == 2 else ""
    if len(signed) < needed:
        return Second(due, "", None, first, needed - len(signed))
    return Second(due, signed[needed - 1]["by"], signed[needed - 1]["created"], first)


def acting(snapshot: Snapshot, actor: Actor, key: Ed25519PrivateKey | None) -> Actor:
    """Who acts: on the command line the lead whose key it is, where one is given. Raises GateError, AccessError."""
    return actor if key is None else Actor("oidc", signer_of(snapshot, actor, key).user)


def require_seen(live: Release | None, expected: int | None) -> None:
    """Raise ReleaseError where something else is live than the row of `release` that somebody looked at.

    Without a number of a row nothing is expected.
    """
    if expected is not None and live is not None and live.id != expected:
        raise ReleaseError(f"since you looked, {live.title} was made live by {live.by}; look again")


def countersign(
    store: Store, actor: Actor, environment: str = ENVIRONMENT, *, key: Ed25519PrivateKey | None = None,
    expected: int | None = None, version: int | None = None,
) -> tuple[Release, Second]:  # fmt: skip
    """Confirm, as another lead, the restore that is live; on the command line by one's own key.

    `expected` is the number of the row of `release` that was looked at, `version` what it is called; where either is
    another by now, nothing is confirmed. Raises RefusedError where nothing is live, it is no restore, or it needs no
    second lead; ReleaseError where somebody has confirmed it, it is one's own or not what was looked at; GateError for
    a clock that is behind or a key that does not count; AccessError.
    """
    check_environment(environment)

    def work(transaction: Transaction) -> tuple[Release, Second]:
        now = utc_now()
        who = signer_of(transaction, actor, key)
        require_clock(transaction, now)
        live = live_release(transaction, environment)
        require_seen(live, expected)
        if live is not None and version is not None and live.version != version:
            raise ReleaseError(f"{live.title} is live, and not v{version}; look again")
        live = _to_confirm(transaction, live, environment)
        signed = _signed(transaction, live)
        _require_another(transaction, live, who.user, signed)
        told = {"environment": environment, "release": live.id, "version": live.version, "sha256": live.sha256}
        by = f"user:{who.user}"
        append(transaction, Entry(by, who.role, "countersign", f"environment:{environment}", told), now=now)
        sign_head(transaction, store)
        return live, _second(live, [*signed, {"by": who.name, "created": now}])

    return store.transaction(work)


def may_confirm(snapshot: Snapshot, release: Release, user: int) -> bool:
    """Whether someone, who must be a lead, is neither who put it back nor has confirmed it."""
    try:
        _require_another(snapshot, release, user, _signed(snapshot, release))
    except ReleaseError:
        return False
    return True


def _require_another(snapshot: Snapshot, live: Release, user: int, signed: list[dict[str, Any]]) -> None:
    """Raise ReleaseError for who put it back, and for who has confirmed it, also by another login of the same name."""
    person = snapshot.rows('SELECT id, name, subject, issuer FROM "user" WHERE id = $user', {"user": user})[0]
    if not _is_keyless(live) and _is_same(snapshot, live.created_by, person):
        raise ReleaseError(f"{person['name']} put {live.title} back; another lead must confirm it")
    if any(_is_same(snapshot, one["actor"], person) for one in signed):
        raise ReleaseError(f"{person['name']} counts as who put {live.title} back; another lead must confirm it")


def _is_same(snapshot: Snapshot, actor: str, person: dict[str, Any]) -> bool:
    """Whether somebody is `actor`, as the audit log has it; who sits at this machine may log in elsewhere as well."""
    if actor == f"user:{person['id']}":
        return True
    other = snapshot.rows("SELECT name, subject, issuer FROM \"user\" WHERE concat('user:', id) = $actor", {
        "actor": actor
    })  # fmt: skip
    if not other or LOCAL not in (other[0]["issuer"], person["issuer"]):
        return False
    called = frozenset(name for name in (other[0]["name"], other[0]["subject"]) if name)
    return owns(Owners(called, frozenset()), person)


def _is_keyless(release: Release) -> bool:
    """Whether a command without a key put it back."""
    return release.created_by.startswith("command:")


def _signed(snapshot: Snapshot, release: Release) -> list[dict[str, Any]]:
    """Who has confirmed it, the first first, each once."""
    return snapshot.rows(_CONFIRMED, {"release": release.id, "restorer": release.created_by})


def _to_confirm(snapshot: Snapshot, live: Release | None, environment: str) -> Release:
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
SELECT a.actor, coalesce(u.name, regexp_replace(a.actor, '^[a-z]+:', '')) AS "by", a.created
FROM audit a LEFT JOIN "user" u ON concat('user:', u.id) = a.actor
WHERE a.action = 'countersign' AND a.actor <> $restorer
  AND CASE WHEN json_valid(a.payload) THEN json_extract_string(a.payload, '$.release') END = CAST($release AS VARCHAR)
QUALIFY row_number() OVER (PARTITION BY a.actor ORDER BY a.seq) = 1 ORDER BY a.seq
"""
