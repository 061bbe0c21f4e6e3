"""One-time links to a campaign: a code in the link, a PIN told by another way, and what they are exchanged for.

Of code, PIN and token only hashes are kept. Whoever has the link alone has five tries at a PIN of a million.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from store.access import EXPERT, Actor, require
from store.audit import Entry, append
from store.clock import utc_now
from store.database import Store, Transaction
from store.errors import StoreError
from store.roster import campaign_named
from store.users import LOCAL, find_user, grant_in, insert_user

__all__ = [
    "AGAIN", "TRIES", "Exchanged", "Invitation", "Refused", "Wanted", "can_enter", "end_login", "exchange", "invite",
    "opened_by", "take_back_invites",
]  # fmt: skip

TRIES = 5
"""Wrong PINs after which an invite is locked."""

AGAIN = timedelta(seconds=60)
"""How long after a link was used it may be used again: a button pressed twice, or an answer that was lost."""

Row = dict[str, Any]


class Wanted(NamedTuple):
    """Who is to be invited to what."""

    name: str
    """What the person is called."""

    campaign: str
    """Name or number of the campaign."""

    specialties: tuple[str, ...] = ()
    """Fields of which the person judges questions; empty for all, or as before."""

    days: int = 14
    """How long the link and what it opens hold, if the campaign lasts that long."""


class Invitation(NamedTuple):
    """An invite as it is handed out, once."""

    user: int
    """Whom it is for."""

    campaign: str
    """Name of the campaign it opens."""

    code: str
    """Secret part of the link."""

    pin: str
    """Six digits, to be told by another way."""

    expires: datetime
    """When both end."""

    renewed: bool
    """Whether someone of this name was invited to the campaign before: it is for that same person."""


class Exchanged(NamedTuple):
    """What a link and its PIN were exchanged for."""

    token: str
    """Secret of the browser."""

    expires: datetime
    """Until when it holds."""


class Refused(NamedTuple):
    """Why a link opened nothing."""

    left: int
    """Tries left where the PIN alone was wrong; 0 where the link opens nothing (any more)."""


def invite(store: Store, actor: Actor, wanted: Wanted) -> Invitation:
    """Let someone judge in a campaign, by a new link; an earlier one that was not used ends.

    Raises StoreError where the campaign is not there or is over, AccessError.
    """
    code, pin = secrets.token_urlsafe(24), f"{secrets.randbelow(1_000_000):06d}"

    def make(transaction: Transaction) -> Invitation:
        campaign = campaign_named(transaction, wanted.campaign)
        by = require(transaction, actor, "user:invite", campaign["id"])
        expires = _end(campaign, wanted.days)
        user, renewed = _person(transaction, wanted, campaign["id"])
        grant_in(transaction, actor, user, EXPERT, campaign["id"])
        values = {"user": user, "campaign": campaign["id"], "now": utc_now()}
        transaction.execute(_END_UNUSED, values)
        number = transaction.rows("SELECT coalesce(max(id), 0) + 1 AS id FROM invite")[0]["id"]
        transaction.execute(
            _INSERT,
            {**values, "id": number, "code": _sha256(code), "pin": _sha256(f"{code}:{pin}"), "by": actor.named,
             "expires": expires},
        )  # fmt: skip
        payload = {"campaign": campaign["id"], "invite": number, "expires": f"{expires.isoformat()}Z"}
        append(transaction, Entry(actor.named, by, "invite", f"user:{user}", payload))
        return Invitation(user, campaign["name"], code, pin, expires, renewed)

    return store.transaction(make)


def exchange(store: Store, code: str, pin: str) -> Exchanged | Refused:
    """Exchange a link and its PIN for a token, once; within `AGAIN` of that for another, which ends the first.

    Links that were used, have ended, were taken back or locked, or never were take the same way and give the same
    answer. Raises StoreError.
    """
    token = secrets.token_urlsafe(32)

    def turn(transaction: Transaction) -> Exchanged | Refused:
        found = transaction.rows(_USABLE, _times(code=_sha256(code)))
        expected = found[0]["pin_sha256"] if found else ""
        right = hmac.compare_digest(expected, _sha256(f"{code}:{pin}"))
        if not found:
            return Refused(0)
        return _let_in(transaction, found[0], token) if right else _count_failure(transaction, found[0])

    return store.transaction(turn)


def take_back_invites(store: Store, actor: Actor, named: str) -> None:
    """Take back someone's invites with what they opened and the roles they gave.

    Raises StoreError where there is no such person or none to take back, AccessError.
    """

    def take(transaction: Transaction) -> None:
        person = find_user(transaction, named)
        values = {"user": person["id"], "now": utc_now()}
        campaigns = [row["campaign_id"] for row in transaction.rows(_INVITED_TO, {"user": person["id"]})]
        by = ""
        for campaign in campaigns or [None]:
            by = require(transaction, actor, "user:invite", campaign)
        if not campaigns:
            raise StoreError(f"{person['name']} has no invitation to take back; assay user ls shows who has one")
        for statement in _TAKE_BACK:
            transaction.execute(statement, values)
        append(transaction, Entry(actor.named, by, "invite-revoke", f"user:{person['id']}", {}))

    store.transaction(take)


def end_login(store: Store, login: str) -> None:
    """End a browser's login, as its person asks; nothing happens where it has ended. Raises StoreError."""

    def end(transaction: Transaction) -> None:
        found = transaction.rows(
            "SELECT user_id, invite_id FROM login WHERE token_sha256 = $login AND revoked IS NULL", {"login": login}
        )
        if not found:
            return
        transaction.execute(
            "UPDATE login SET revoked = $now WHERE token_sha256 = $login", {"login": login, "now": utc_now()}
        )
        user = f"user:{found[0]['user_id']}"
        append(transaction, Entry(user, EXPERT, "logout", user, {"invite": found[0]["invite_id"]}))

    store.transaction(end)


def opened_by(store: Store, code: str, login: str) -> bool:
    """Whether a browser's login came of this link, and holds. Raises StoreError."""
    return bool(store.rows(_OPENED_BY, {"code": _sha256(code), "login": login, "now": utc_now()}))


def can_enter(store: Store, *, oidc: bool) -> bool:
    """Whether anyone could get in from elsewhere: by an invite or, with a provider, a login. Raises StoreError."""
    found = store.rows(_WAYS, _times(local=LOCAL))[0]
    return bool(found["invited"] or found["let_in"] or (oidc and found["known"]))


def _end(campaign: Row, days: int) -> datetime:
    now = utc_now()
    if campaign["closed"] is not None or campaign["expires"] <= now:
        raise StoreError(f"campaign {campaign['name']} is over; open a new one to invite to")
    return min(campaign["expires"], now + timedelta(days=days))


def _times(**values: str) -> Row:
    now = utc_now()
    return {**values, "now": now, "again": now - AGAIN, "tries": TRIES}


def _person(transaction: Transaction, wanted: Wanted, campaign: int) -> tuple[int, bool]:
    name = wanted.name.strip()
    if not name:
        raise StoreError("whom to invite needs a name; give --name")
    known = transaction.rows(_INVITED_BEFORE, {"name": name, "campaign": campaign})
    if not known:
        return insert_user(transaction, name, None, None, wanted.specialties), False
    if wanted.specialties:
        transaction.execute(
            'UPDATE "user" SET specialties = $specialties WHERE id = $user',
            {"user": known[0]["id"], "specialties": list(wanted.specialties)},
        )
    return known[0]["id"], True


def _let_in(transaction: Transaction, found: Row, token: str) -> Exchanged:
    now = utc_now()
    values = {"id": found["id"], "now": now}
    transaction.execute("UPDATE invite SET used = coalesce(used, $now) WHERE id = $id", values)
    transaction.execute("UPDATE login SET revoked = $now WHERE invite_id = $id AND revoked IS NULL", values)
    transaction.execute(
        "INSERT INTO login VALUES ($token, $user, $invite, $now, $expires, NULL)",
        {"token": _sha256(token), "user": found["user_id"], "invite": found["id"], "now": now,
         "expires": found["expires"]},
    )  # fmt: skip
    user = f"user:{found['user_id']}"
    append(transaction, Entry(user, EXPERT, "login", user, {"way": "invite", "invite": found["id"]}))
    return Exchanged(token, found["expires"])


def _count_failure(transaction: Transaction, found: Row) -> Refused:
    failures = found["failures"] + 1
    transaction.execute("UPDATE invite SET failures = $n WHERE id = $id", {"id": found["id"], "n": failures})
    payload = {"invite": found["id"], "failures": failures}
    append(transaction, Entry("rules", "", "login-refused", f"user:{found['user_id']}", payload))
    return Refused(TRIES - failures)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_INVITED_BEFORE = """
SELECT DISTINCT u.id FROM "user" u JOIN invite i ON i.user_id = u.id
WHERE u.name = $name AND u.issuer IS NULL AND u.removed IS NULL AND i.campaign_id = $campaign
"""

_END_UNUSED = """
UPDATE invite SET revoked = $now
WHERE user_id = $user AND campaign_id = $campaign AND used IS NULL AND revoked IS NULL
"""

_INSERT = """
INSERT INTO invite VALUES ($id, $code, $pin, $user, $campaign, $now, $by, $expires, 0, NULL, NULL)
"""

_INVITED_TO = "SELECT DISTINCT campaign_id FROM invite WHERE user_id = $user AND revoked IS NULL ORDER BY campaign_id"

_OPENED_BY = """
SELECT 1 FROM login l JOIN invite i ON i.id = l.invite_id
WHERE l.token_sha256 = $login AND i.code_sha256 = $code AND l.revoked IS NULL AND l.expires > $now
  AND i.revoked IS NULL
"""

_WAYS = """
SELECT
  (SELECT count(*) FROM invite i JOIN campaign c ON c.id = i.campaign_id
     WHERE (i.used IS NULL OR i.used > $again) AND i.revoked IS NULL AND i.failures < $tries AND i.expires > $now
       AND c.closed IS NULL) AS invited,
  (SELECT count(*) FROM login l JOIN invite i ON i.id = l.invite_id JOIN campaign c ON c.id = i.campaign_id
     WHERE l.revoked IS NULL AND l.expires > $now AND i.revoked IS NULL AND c.closed IS NULL) AS let_in,
  (SELECT count(*) FROM "user" u WHERE u.issuer IS NOT NULL AND u.issuer <> $local AND u.removed IS NULL AND EXISTS
     (SELECT 1 FROM role r WHERE r.user_id = u.id AND r.revoked IS NULL)) AS known
"""

_USABLE = """
SELECT i.id, i.user_id, i.pin_sha256, i.failures, i.expires FROM invite i
JOIN "user" u ON u.id = i.user_id
JOIN campaign c ON c.id = i.campaign_id
WHERE i.code_sha256 = $code AND (i.used IS NULL OR i.used > $again) AND i.revoked IS NULL AND i.failures < $tries
  AND i.expires > $now AND u.removed IS NULL AND c.closed IS NULL
"""

_TAKE_BACK = (
    "UPDATE login SET revoked = $now WHERE user_id = $user AND revoked IS NULL",
    """
    UPDATE role SET revoked = $now WHERE user_id = $user AND role = 'expert' AND revoked IS NULL AND campaign_id IN
      (SELECT campaign_id FROM invite WHERE user_id = $user AND revoked IS NULL)
    """,
    "UPDATE invite SET revoked = $now WHERE user_id = $user AND revoked IS NULL",
)
