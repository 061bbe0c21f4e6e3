"""The audit log for people to read: whose rows, about what, when."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from store.access import Actor, require
from store.chain import MOMENT
from store.database import Snapshot
from store.errors import StoreError

__all__ = ["Wanted", "as_csv", "read_log"]


class Wanted(NamedTuple):
    """Which rows of the audit log; all of them where nothing is said."""

    person: str | None = None
    """A person's name or number, or an actor as the log has it (command:ann, rules)."""

    object: str | None = None
    """Part of what it was done to; one that ends in a number is not found in a longer number."""

    since: datetime | None = None
    """The first moment, UTC."""

    until: datetime | None = None
    """The first moment after, UTC."""

    last: int | None = None
    """The last so many of them."""


def read_log(snapshot: Snapshot, actor: Actor, wanted: Wanted) -> list[dict[str, Any]]:
    """Rows of the audit log, in their order; `name` is the person's, null where there is none or it was erased.

    Raises AccessError, StoreError where nobody of that name was ever here.
    """
    require(snapshot, actor, "audit:read")
    values = {**wanted._asdict(), "last": wanted.last if wanted.last is not None else 1 << 62}
    if wanted.person is not None and not snapshot.rows(_SOMEONE, {"person": wanted.person}):
        raise StoreError(f"the audit log knows nobody called {wanted.person}; assay user ls lists people")
    return snapshot.rows(_LOG, values)


def as_csv(rows: Iterable[dict[str, Any]]) -> str:
    """Rows of `read_log` for a spreadsheet; with every column of the chain, so that it can be checked elsewhere."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for row in rows:
        table.writerow([_cell(row[name]) for name in COLUMNS])
    return out.getvalue()


COLUMNS = (
    "seq", "created", "actor", "name", "role", "action", "object", "payload", "payload_sha256", "previous", "hash",
)  # fmt: skip

_SOMEONE = """
SELECT 1 FROM "user" WHERE name = $person OR CAST(id AS VARCHAR) = $person
UNION ALL SELECT 1 FROM audit WHERE actor = $person LIMIT 1
"""

_LOG = f"""
SELECT * FROM (
  SELECT {", ".join("u.name" if name == "name" else f"a.{name}" for name in COLUMNS)}
  FROM (SELECT * REPLACE ({MOMENT} AS created) FROM audit) a LEFT JOIN "user" u ON a.actor = concat('user:', u.id)
  WHERE ($person IS NULL OR a.actor = $person OR u.name = $person OR CAST(u.id AS VARCHAR) = $person)
    AND ($object IS NULL OR regexp_matches(a.object,
      concat(regexp_escape($object), if(regexp_matches($object, '[0-9]$'), '($|[^0-9])', ''))))
    AND ($since IS NULL OR a.created >= $since) AND ($until IS NULL OR a.created < $until)
  ORDER BY a.seq DESC LIMIT $last
) ORDER BY seq
"""


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds") + "Z"
    text = "" if value is None else str(value)
    # A spreadsheet would take such a text for a formula.
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
