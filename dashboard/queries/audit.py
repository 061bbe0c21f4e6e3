"""The audit log for the page Audit: who did what to what, the newest first."""

from datetime import datetime
from typing import Any, NamedTuple

from store.database import Store

__all__ = ["PAGE", "Wanted", "actions", "count", "newest", "page", "people", "signed", "subjects", "whole"]

PAGE = 50
"""Rows shown at a time."""

Row = dict[str, Any]


class Wanted(NamedTuple):
    """Which rows; all of them where nothing is said."""

    person: str = ""
    """Who, as audit.actor has it."""

    about: str = ""
    """Part of what it was done to or of its particulars; a campaign finds its pairs too. One that ends in a number is
    not found in a longer number.
    """

    actions: tuple[str, ...] = ()
    """What was done, any of these."""

    since: datetime | None = None
    """The first moment, UTC."""

    until: datetime | None = None
    """The first moment after, UTC."""


def newest(store: Store) -> Row:
    """What changes when there is something new: rows, and heads (ends that were signed). Raises StoreError."""
    return store.rows(_NEWEST)[0]


def page(store: Store, wanted: Wanted, start: int) -> list[Row]:
    """`PAGE` rows from a place on: seq, created, actor, name (of the person; null where it was erased), role, action,
    object, payload (JSON). Raises StoreError.
    """
    return store.rows(_PAGE, {**_values(wanted), "most": PAGE, "start": start})


def count(store: Store, wanted: Wanted) -> int:
    """How many rows there are. Raises StoreError."""
    return store.rows(f"SELECT count(*) AS rows FROM audit a WHERE {_FITS}", _values(wanted))[0]["rows"]


def whole(store: Store, wanted: Wanted) -> list[Row]:
    """All of them with every column of the chain and the person's name, as `store.audit_log.as_csv` takes them.

    Raises StoreError.
    """
    return store.rows(_WHOLE, _values(wanted))


def people(store: Store) -> list[Row]:
    """Everyone who did something: actor, name (null where there is none, or it was erased). Raises StoreError."""
    return store.rows(_PEOPLE)


def actions(store: Store) -> list[str]:
    """What was ever done. Raises StoreError."""
    return [row["action"] for row in store.rows("SELECT DISTINCT action FROM audit ORDER BY action")]


def subjects(store: Store) -> list[Row]:
    """What numbers of objects stand for: object, name; of a proposal run and at (BRANCH@STEP). Raises StoreError."""
    return store.rows(_SUBJECTS)


def signed(store: Store, seq: int) -> datetime | None:
    """When the end of the log was signed at this row; None where it was not. Raises StoreError."""
    return store.rows("SELECT max(created) AS at FROM audit_head WHERE seq = $seq", {"seq": seq})[0]["at"]


def _values(wanted: Wanted) -> Row:
    about = wanted.about.strip().lower()
    kind, _, number = about.partition(":")
    pairs = f"pair:{number}/" if kind == "campaign" and number.isdigit() else ""
    return {
        "person": wanted.person, "about": about, "pairs": pairs, "actions": list(wanted.actions),
        "since": wanted.since, "until": wanted.until,
    }  # fmt: skip


_NEWEST = """
SELECT (SELECT coalesce(max(seq), 0) FROM audit) AS rows, (SELECT count(*) FROM audit_head) AS heads
"""

_TEXT = "lower(concat(a.object, ' ', a.payload))"

_FITS = f"""
($person = '' OR a.actor = $person)
AND (len($actions) = 0 OR list_contains($actions, a.action))
AND ($since IS NULL OR a.created >= $since) AND ($until IS NULL OR a.created < $until)
AND ($about = '' OR ($pairs <> '' AND starts_with(a.object, $pairs))
     OR (contains({_TEXT}, $about) AND (NOT regexp_matches($about, '[0-9]$') OR regexp_matches({_TEXT},
         concat(regexp_escape($about), '($|[^0-9])')))))
"""

_PAGE = f"""
WITH found AS (
    SELECT a.seq FROM audit a WHERE {_FITS} ORDER BY a.seq DESC LIMIT $most OFFSET $start
)
SELECT a.seq, a.created, a.actor, nullif(u.name, '') AS name, a.role, a.action, a.object, a.payload
FROM audit a LEFT JOIN "user" u ON a.actor = concat('user:', u.id)
WHERE a.seq IN (SELECT seq FROM found) ORDER BY a.seq DESC
"""

_WHOLE = f"""
SELECT a.*, nullif(u.name, '') AS name
FROM audit a LEFT JOIN "user" u ON a.actor = concat('user:', u.id)
WHERE {_FITS} ORDER BY a.seq
"""

_PEOPLE = """
SELECT DISTINCT a.actor, nullif(u.name, '') AS name
FROM audit a LEFT JOIN "user" u ON a.actor = concat('user:', u.id) ORDER BY name NULLS LAST, a.actor
"""

_SUBJECTS = """
SELECT concat('campaign:', id) AS object, name, NULL AS run, NULL AS at FROM campaign
UNION ALL SELECT concat('user:', id), nullif(name, ''), NULL, NULL FROM "user"
UNION ALL SELECT concat('proposal:', id), candidate, regexp_extract(candidate, '^[^/@]+'), concat(branch, '@', step)
FROM proposal
"""
