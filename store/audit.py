"""The audit log: a chain in which every row holds the hash of the one before, its end signed now and then.

A row is appended inside the transaction that does what it tells of, so neither stands without the other. People are
named by number: erasing a name does not break the chain. `store.chain` has the format, `store.heads` the signatures.
"""

from collections.abc import Iterable
from datetime import datetime

from store.chain import CHAIN, Entry, append_rows, fault, row_hash
from store.database import Snapshot, Transaction
from store.heads import EVERY, sign_if_possible

__all__ = ["Entry", "append", "append_all", "first_broken", "row_hash"]


def append(transaction: Transaction, entry: Entry, *, now: datetime | None = None) -> None:
    """Add one row to the chain."""
    append_all(transaction, [entry], now=now)


def append_all(transaction: Transaction, entries: Iterable[Entry], *, now: datetime | None = None) -> None:
    """Add rows to the chain, in their order; with each hundredth row its end is signed, where it can be."""
    added = append_rows(transaction, entries, now)
    if (added.start - 1) // EVERY < (added.stop - 1) // EVERY:
        sign_if_possible(transaction, now)


def first_broken(snapshot: Snapshot) -> int | None:
    """Number of the first row that is not as it was appended; None where the chain holds."""
    previous, expected = "", 1
    for row in snapshot.rows(CHAIN):
        if fault(row, expected, previous) is not None:
            return row["seq"]
        previous, expected = row["hash"], expected + 1
    return None
