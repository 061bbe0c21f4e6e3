"""The audit log: a chain in which every row holds the hash of the one before.

    hash = SHA-256(previous + canonical JSON of seq, created, actor, role, action, object, payload_sha256)

Canonical JSON is RFC 8785. A row is appended inside the transaction that does what it tells of, so neither stands
without the other. People are named by number: erasing a name does not break the chain.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import pyarrow as pa
import rfc8785

from store.clock import utc_now
from store.database import Snapshot, Transaction

__all__ = ["Entry", "append", "append_all", "first_broken", "row_hash"]


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


def append(transaction: Transaction, entry: Entry, *, now: datetime | None = None) -> None:
    """Add one row to the chain."""
    append_all(transaction, [entry], now=now)


def append_all(transaction: Transaction, entries: Iterable[Entry], *, now: datetime | None = None) -> None:
    """Add rows to the chain, in their order."""
    last = transaction.rows("SELECT seq, hash FROM audit WHERE seq = (SELECT max(seq) FROM audit)")
    seq, previous = (last[0]["seq"], last[0]["hash"]) if last else (0, "")
    rows: list[dict[str, Any]] = []
    for entry in entries:
        seq += 1
        rows.append(_row(seq, now or utc_now(), entry, previous))
        previous = rows[-1]["hash"]
    if len(rows) == 1:
        # Most calls tell of one thing, and a plain insert is five times as fast.
        transaction.execute(_ONE, rows[0])
    elif rows:
        transaction.insert("audit", pa.Table.from_pylist(rows))


def first_broken(snapshot: Snapshot) -> int | None:
    """Number of the first row that is not as it was appended; None where the chain holds."""
    previous, expected = "", 1
    for row in snapshot.rows("SELECT * FROM audit ORDER BY seq"):
        intact = (
            row["seq"] == expected
            and row["previous"] == previous
            and row["payload_sha256"] == _sha256(row["payload"].encode())
            and row["hash"] == row_hash(row)
        )
        if not intact:
            return row["seq"]
        previous, expected = row["hash"], expected + 1
    return None


def row_hash(row: Mapping[str, Any]) -> str:
    """The hash a row must have, from its other columns."""
    told = {name: row[name] for name in ("seq", "actor", "role", "action", "object", "payload_sha256")}
    told["created"] = row["created"].isoformat(timespec="microseconds") + "Z"
    return _sha256(row["previous"].encode() + rfc8785.dumps(told))


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
