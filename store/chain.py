"""The chain of the audit log: its rows, their hashes, and what about a row does not hold.

    hash = SHA-256(previous + canonical JSON of seq, created, actor, role, action, object, payload_sha256)

Canonical JSON is RFC 8785. Services append by `store.audit`, which also has the end of the chain signed.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import pyarrow as pa
import rfc8785

from store.clock import utc_now
from store.database import Transaction

__all__ = ["CHAIN", "MOMENT", "Entry", "append_rows", "fault", "row_hash", "stamp"]

MOMENT = "if(created BETWEEN TIMESTAMP '0001-01-02' AND TIMESTAMP '9999-12-30', created, NULL)"
"""A time in SQL, null where it is none that Python can hold: only somebody who forges writes one."""

CHAIN = f"SELECT * REPLACE ({MOMENT} AS created) FROM audit ORDER BY seq"
"""The rows of the chain, as `fault` takes them."""


class Entry(NamedTuple):
    """What is to be told."""

    actor: str
    """user:NUMBER, command:ACCOUNT, or rules."""

    role: str
    """Role by which it was allowed; empty for the rules."""

    action: str
    """What was done, such as verdict or peek."""

    object: str
    """To what, such as campaign:3."""

    payload: Mapping[str, Any]
    """Particulars, as plain JSON."""


def append_rows(transaction: Transaction, entries: Iterable[Entry], now: datetime | None = None) -> range:
    """Add rows to the chain, in their order; the numbers they got."""
    last = transaction.rows("SELECT seq, hash FROM audit WHERE seq = (SELECT max(seq) FROM audit)")
    seq, previous = (last[0]["seq"], last[0]["hash"]) if last else (0, "")
    rows: list[dict[str, Any]] = []
    for number, entry in enumerate(entries, seq + 1):
        rows.append(_row(number, now or utc_now(), entry, previous))
        previous = rows[-1]["hash"]
    if len(rows) == 1:
        # Most calls tell of one thing, and a plain insert is five times as fast.
        transaction.execute(_ONE, rows[0])
    elif rows:
        transaction.insert("audit", pa.Table.from_pylist(rows))
    return range(seq + 1, seq + 1 + len(rows))


def row_hash(row: Mapping[str, Any]) -> str:
    """The hash a row must have, from its other columns."""
    told = {name: row[name] for name in ("seq", "actor", "role", "action", "object", "payload_sha256")}
    told["created"] = stamp(row["created"])
    return _sha256(row["previous"].encode() + rfc8785.dumps(told))


def stamp(moment: datetime) -> str:
    """A time as it is hashed and signed: UTC, microseconds."""
    return moment.isoformat(timespec="microseconds") + "Z"


def fault(row: Mapping[str, Any], expected: int, previous: str) -> str | None:
    """What about a row does not hold, as the end of a sentence about it; None where all does.

    `expected` is the number it must have, `previous` the hash of the row before.
    """
    if row["seq"] != expected:
        return _misnumbered(row["seq"], expected)
    if row["payload_sha256"] != _sha256(row["payload"].encode()):
        return "its payload is not the one that was appended"
    if row["created"] is None:
        return "its time is none"
    if row["previous"] != previous:
        return "its link (previous) is not the hash of the row before"
    return None if row["hash"] == row_hash(row) else "its hash is not that of what it says"


def _misnumbered(seq: int, expected: int) -> str:
    if seq < expected:
        return "its number stands twice"
    return f"{f'row {expected} is' if seq == expected + 1 else f'rows {expected} to {seq - 1} are'} missing before it"


_ONE = """
INSERT INTO audit VALUES
  ($seq, $created, $actor, $role, $action, $object, $payload, $payload_sha256, $previous, $hash)
"""


def _row(seq: int, now: datetime, entry: Entry, previous: str) -> dict[str, Any]:
    payload = rfc8785.dumps(dict(entry.payload)).decode()
    row: dict[str, Any] = {
        "seq": seq, "created": now, "actor": entry.actor, "role": entry.role, "action": entry.action,
        "object": entry.object, "payload": payload, "payload_sha256": _sha256(payload.encode()), "previous": previous,
    }  # fmt: skip
    return {**row, "hash": row_hash(row)}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
