"""Signed ends of the audit log, and whether the log is what was appended and signed.

A chain alone does not show that its end was cut off, or that all of it was written anew. The server signs its end with
each approval, refusal, release, restore and confirmation, when a campaign closes, and with each hundredth row; bundles
carry the end of their time away. What came after the last signed end and is in no bundle can still be cut off unseen:
nothing that was decided about a release.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from store.agreement import table_faults
from store.chain import CHAIN, MOMENT, fault, stamp
from store.clock import utc_now
from store.database import Snapshot, Store, Transaction
from store.heads_known import Known, known_of_releases
from store.key_files import KeyFileError, key_id, read_public
from store.server_key import KeyRow, keys_of, register_server_key

__all__ = ["EVERY", "AuditReport", "Head", "sign_head", "sign_if_possible", "verify_audit", "verify_store"]

EVERY = 100
"""Rows of the audit log after which its end is signed without anybody asking."""

TOLERANCE = timedelta(seconds=60)
"""What a clock may be set back, or a call may have waited for its turn, before it is told."""


class Head(NamedTuple):
    """An end of the audit log, signed."""

    seq: int
    """Number of the row that was last."""

    hash: str
    """Its hash."""

    created: datetime
    """When it was signed."""

    key_id: str
    """The server's key."""

    signature: str
    """Ed25519 over the canonical JSON of seq, hash and created, base64."""


class AuditReport(NamedTuple):
    """What was found about the audit log."""

    rows: int
    """Rows it has."""

    first_broken: int | None
    """Number of the first row that does not hold."""

    why: str
    """What about it does not hold; empty where all rows do."""

    heads: int
    """Signed ends that hold."""

    bundles: int
    """Ends known from bundles that hold."""

    last_signed: int
    """Number of the last row that a signature which holds stands for; 0 without one."""

    problems: tuple[str, ...]
    """What else does not hold, a sentence each: signed ends, ends in bundles, tables that the log tells of."""

    warnings: tuple[str, ...]
    """What is odd without proving anything, a sentence each."""

    @property
    def unsigned(self) -> int:
        """Rows after the last that a signature stands for: what of them is in no bundle can be cut off unseen."""
        return max(0, self.rows - self.last_signed)

    @property
    def holds(self) -> bool:
        """Whether nothing was found that does not hold."""
        return self.first_broken is None and not self.problems


def sign_head(transaction: Transaction, store: Store, *, now: datetime | None = None) -> Head:
    """Sign the end of the audit log as it stands in this transaction; twice at the same row is once.

    Raises KeyFileError where the server's key is unusable.
    """
    key = register_server_key(transaction, store, now)
    last = transaction.rows("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")[0]
    found = transaction.rows(f"{_HEADS} WHERE seq = $seq AND hash = $hash", last)
    if found:
        return Head(**found[0])
    moment = now or utc_now()
    signature = base64.b64encode(key.sign(_signed_bytes(last["seq"], last["hash"], moment))).decode()
    head = Head(last["seq"], last["hash"], moment, key_id(key.public_key()), signature)
    transaction.execute("INSERT INTO audit_head VALUES ($seq, $hash, $created, $key_id, $signature)", head._asdict())
    return head


def sign_if_possible(transaction: Transaction, now: datetime | None = None) -> None:
    """Sign the end of the audit log, but go on without where the key is unusable: no verdict is lost for it."""
    with suppress(KeyFileError):
        sign_head(transaction, transaction.store, now=now)


def verify_audit(
    snapshot: Snapshot, trusted: Mapping[str, Ed25519PublicKey] | None = None, bundles: Iterable[Known] = ()
) -> AuditReport:
    """Check every row, every signed end, every end that a bundle knows, and the tables that the log tells of.

    `trusted` are the server's keys as they were given to who verifies; without them those registered here are taken,
    which proves nothing against somebody who can write the store. `bundles` are ends known from elsewhere; those of
    this store's own releases are looked at anyway.
    """
    return _judged(_read(snapshot), trusted, bundles)


def verify_store(
    store: Store, trusted: Mapping[str, Ed25519PublicKey] | None = None, bundles: Iterable[Known] = ()
) -> AuditReport:
    """`verify_audit` that keeps nobody from writing while hashes are made. Raises StoreError."""
    return _judged(store.snapshot(_read), trusted, bundles)


class _Log(NamedTuple):
    """What stands in the store."""

    rows: list[dict[str, Any]]
    heads: list[Head]
    keys: list[KeyRow]
    known: list[Known]
    unread: list[str]
    untold: list[str]


def _read(snapshot: Snapshot) -> _Log:
    heads = [Head(**row) for row in snapshot.rows(_READ)]
    known, unread = known_of_releases(snapshot)
    return _Log(snapshot.rows(CHAIN), heads, keys_of(snapshot, None), known, unread, table_faults(snapshot))


def _judged(log: _Log, trusted: Mapping[str, Ed25519PublicKey] | None, bundles: Iterable[Known]) -> AuditReport:
    broken, why = _first_fault(log.rows)
    hashes = {row["seq"]: row["hash"] for row in log.rows}
    keys = _Keys(log.keys, trusted)
    ill = {head: said for head in log.heads if (said := _head_fault(head, hashes, keys))}
    known = [*log.known, *bundles]
    apart = {one: said for one in known if (said := _end_fault(one, hashes))}
    signed = max((head.seq for head in log.heads if head not in ill), default=0)
    # Rows are compared with a log that can be read as it was appended; else its own fault is what there is to say.
    untold = log.untold if broken is None else ()
    return AuditReport(
        rows=len(log.rows), first_broken=broken, why=why, heads=len(log.heads) - len(ill),
        bundles=len(known) - sum(one in apart for one in known), last_signed=signed,
        problems=(*ill.values(), *log.unread, *apart.values(), *untold),
        warnings=(*_backwards(log.rows), *_unsigned(log.rows, signed)),
    )  # fmt: skip


_HEADS = "SELECT seq, hash, created, key_id, signature FROM audit_head"
_READ = f"""
SELECT seq, hash, coalesce({MOMENT}, TIMESTAMP '1970-01-01') AS created, key_id, signature
FROM audit_head ORDER BY seq, created
"""


class _Keys:
    """Which keys may have signed an end, and when."""

    def __init__(self, rows: list[KeyRow], trusted: Mapping[str, Ed25519PublicKey] | None) -> None:
        self.given = trusted is not None
        self.public = trusted if trusted is not None else _intact(rows)
        self.retired = {row.key_id: row.retired for row in rows}

    def fault(self, head: Head) -> str | None:
        """What is wrong with the key of a head, or with its signature."""
        key, retired = self.public.get(head.key_id), self.retired.get(head.key_id)
        if key is None:
            return f"is by the key {head.key_id[:12]}, which is {'not among those given' if self.given else 'unknown'}"
        if retired is not None and head.created > retired:
            return f"is by the key {head.key_id[:12]}, which had been retired"
        try:
            key.verify(base64.b64decode(head.signature), _signed_bytes(head.seq, head.hash, head.created))
        except (InvalidSignature, ValueError):
            return "does not hold: what was signed was changed"
        return None


def _intact(rows: list[KeyRow]) -> dict[str, Ed25519PublicKey]:
    """The keys whose row was not changed: what is signed by another is by a key that nobody knows."""
    found: dict[str, Ed25519PublicKey] = {}
    for row in rows:
        with suppress(KeyFileError):
            public = read_public(row.public_key)
            if key_id(public) == row.key_id:
                found[row.key_id] = public
    return found


def _signed_bytes(seq: int, row_hash: str, created: datetime) -> bytes:
    return rfc8785.dumps({"seq": seq, "hash": row_hash, "created": stamp(created)})


def _first_fault(rows: list[dict[str, Any]]) -> tuple[int | None, str]:
    previous = ""
    for expected, row in enumerate(rows, 1):
        said = fault(row, expected, previous)
        if said is not None:
            return row["seq"], said
        previous = row["hash"]
    return None, ""


def _head_fault(head: Head, hashes: Mapping[int, str], keys: _Keys) -> str | None:
    said = keys.fault(head)
    if said is not None:
        return f"the signature of {head.created:%Y-%m-%d %H:%M} UTC on row {head.seq} {said}"
    return _end_fault(Known(f"the signature of {head.created:%Y-%m-%d %H:%M} UTC", head.seq, head.hash), hashes)


def _end_fault(known: Known, hashes: Mapping[int, str]) -> str | None:
    found = hashes.get(known.seq)
    if found is None and known.seq > max(hashes, default=0):
        end = f"ends at row {max(hashes)}" if hashes else "is empty"
        return f"the log was cut off: it {end}, but {known.where} knows row {known.seq}"
    if found is None:
        return f"row {known.seq} is missing, which {known.where} knows"
    if found != known.hash:
        return f"the log was written anew: row {known.seq} is another than {known.where} knows"
    return None


def _backwards(rows: list[dict[str, Any]]) -> Iterator[str]:
    latest: datetime | None = None
    for created, seq in ((row["created"], row["seq"]) for row in rows if row["created"] is not None):
        if latest is not None and created < latest - TOLERANCE:
            yield f"the clock went backwards at row {seq}, by {latest - created}"
        if latest is None or not latest - TOLERANCE <= created <= latest:
            latest = created


def _unsigned(rows: list[dict[str, Any]], signed: int) -> Iterator[str]:
    """Told once a signature that the hundredth row asks for has failed to come."""
    last = rows[-1]["seq"] if rows else 0
    if last // EVERY > signed // EVERY:
        since = next(
            (f" ({row['created']:%Y-%m-%d %H:%M} UTC)" for row in rows if row["seq"] > signed and row["created"]), ""
        )
        yield (
            f"no end of the log has been signed since row {signed}: what came after it{since} can be cut off unseen; "
            "see to the server's key"
        )
