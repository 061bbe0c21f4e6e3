"""Who may do what: roles of our own, looked up in the store on every call.

`require` is the first line of every service that people reach. Pages hide what someone may not do; this refuses it.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from assay.errors import AssayError
from store.clock import utc_now
from store.database import Snapshot

__all__ = [
    "ACTIONS",
    "ADMIN",
    "ANYWHERE",
    "AUDITOR",
    "BINDABLE",
    "ENGINEER",
    "EXPERT",
    "LEAD",
    "ROLES",
    "AccessError",
    "Actor",
    "may",
    "require",
    "roles_of",
]  # fmt: skip

ENGINEER, EXPERT, LEAD, AUDITOR, ADMIN = ROLES = ("engineer", "expert", "lead", "auditor", "admin")

ACTIONS: Mapping[str, frozenset[str]] = {
    "run:read": frozenset({ENGINEER, LEAD, AUDITOR}),
    "run:act": frozenset({ENGINEER}),
    "campaign:open": frozenset({ENGINEER, LEAD}),
    "campaign:close": frozenset({LEAD}),
    "campaign:status": frozenset({ENGINEER, LEAD, AUDITOR}),
    "campaign:results": frozenset({ENGINEER, LEAD, AUDITOR}),
    "campaign:export": frozenset({LEAD}),
    "verdict:write": frozenset({EXPERT}),
    "user:invite": frozenset({LEAD, ADMIN}),
    "user:manage": frozenset({ADMIN}),
    "user:list": frozenset({LEAD, AUDITOR, ADMIN}),
    "audit:read": frozenset({AUDITOR}),
    "release:read": frozenset({ENGINEER, LEAD, AUDITOR}),
    "release:propose": frozenset({ENGINEER, LEAD}),
    "release:approve": frozenset({LEAD}),
    "release:make": frozenset({LEAD}),
    "release:restore": frozenset({LEAD}),
    "release:confirm": frozenset({ENGINEER, LEAD}),
}
"""Roles that may do each action; whatever is not here, nobody may."""

ANYWHERE = frozenset({"verdict:write", "campaign:status"})
"""Actions that a role for one campaign allows without one being named: what is found is then asked for one by one."""

BINDABLE = frozenset({EXPERT, LEAD})
"""Roles that can be given for one campaign; the others are about more than campaigns."""

_UNBOUND = ("local", "command")
"""Ways in that need the machine itself: whoever can open the store's file may do everything."""


class AccessError(AssayError):
    """Someone may not do what was asked."""


class Actor(NamedTuple):
    """Who asks, as the way in says; what the person may do is in the store."""

    way: Literal["local", "command", "oidc", "invite", "persona"]
    """local and command need the machine itself; oidc and invite are logins; a persona is played in a demo store."""

    user: int | None
    """Number of the user; None where the person is unknown to this store, and for commands."""

    account: str = ""
    """Account on the machine, for commands."""

    login: str | None = None
    """SHA-256 of the token in the cookie of someone invited."""

    @property
    def named(self) -> str:
        """As the audit log has it."""
        return f"command:{self.account}" if self.user is None else f"user:{self.user}"


def require(snapshot: Snapshot, actor: Actor, action: str, campaign: int | None = None) -> str:
    """The role by which someone may do something. Raises AccessError otherwise.

    `campaign` is the one it is about; roles bound to another one count for nothing, and without one bound roles count
    for what is `ANYWHERE` alone. Called inside the snapshot or transaction that acts, so that what is taken back works
    at once.
    """
    allowed = ACTIONS.get(action, frozenset[str]())
    held = roles_of(snapshot, actor, campaign, bound=action in ANYWHERE)
    role = next((role for role in ROLES if role in allowed and role in held), None)
    if role is None:
        raise AccessError(_refusal(snapshot, actor, allowed))
    return role


def may(snapshot: Snapshot, actor: Actor, action: str, campaign: int | None = None) -> bool:
    """Whether `require` would pass."""
    held = roles_of(snapshot, actor, campaign, bound=action in ANYWHERE)
    return bool(ACTIONS.get(action, frozenset[str]()) & held)


def roles_of(snapshot: Snapshot, actor: Actor, campaign: int | None = None, *, bound: bool = True) -> frozenset[str]:
    """Roles someone has now, for everything or for this campaign; without one, with `bound`, for any campaign too."""
    if actor.way in _UNBOUND:
        return frozenset(ROLES)
    if actor.user is None:
        return frozenset()
    values = {"user": actor.user, "campaign": campaign, "login": actor.login, "now": utc_now(), "bound": bound}
    return frozenset(row["role"] for row in snapshot.rows(_BY_WAY.get(actor.way, _HELD), values))


_HELD = """
SELECT DISTINCT r.role FROM role r JOIN "user" u ON u.id = r.user_id
WHERE r.user_id = $user AND r.revoked IS NULL AND u.removed IS NULL AND $login IS NULL AND $now IS NOT NULL
  AND (r.campaign_id IS NULL OR r.campaign_id = $campaign OR ($bound AND $campaign IS NULL))
"""

# An invite carries one role in one campaign, whatever else the person may do elsewhere.
_INVITED = """
SELECT DISTINCT r.role FROM login l
JOIN invite i ON i.id = l.invite_id
JOIN "user" u ON u.id = l.user_id
JOIN role r ON r.user_id = l.user_id AND r.campaign_id = i.campaign_id
WHERE l.token_sha256 = $login AND l.user_id = $user AND l.revoked IS NULL AND l.expires > $now
  AND i.revoked IS NULL AND u.removed IS NULL AND r.revoked IS NULL AND r.role = 'expert'
  AND (i.campaign_id = $campaign OR ($bound AND $campaign IS NULL))
"""

# Nobody but whoever sits at the machine of a demo asks as one of its people; elsewhere they could do nothing.
_PLAYED = f"{_HELD} AND u.issuer = 'demo' AND (SELECT demo FROM meta)"

_BY_WAY = {"invite": _INVITED, "persona": _PLAYED}


def _refusal(snapshot: Snapshot, actor: Actor, allowed: frozenset[str]) -> str:
    if actor.user is None and actor.way not in _UNBOUND:
        return "you are not known here; ask an admin to add you (assay user add)"
    if actor.way == "invite" and not roles_of(snapshot, actor):
        return "this invitation has ended; ask whoever invited you for a new one"
    if not allowed:
        return "nobody may do this"
    return f"this needs the role {' or '.join(role for role in ROLES if role in allowed)}; ask an admin for it"
