"""Bring an older store to this program's schema, each step in a transaction of its own."""

from pathlib import Path

from store.aside import copy_aside, remove_copy
from store.database import Store, Transaction
from store.errors import StoreMissingError, StoreVersionError
from store.version import Migration, migrations, schema_version, stored_version

__all__ = ["migrate"]


def migrate(store: Store, steps: list[Migration] | None = None) -> list[str]:
    """Apply what is pending, after a copy of the file was put beside it. Returns the names applied.

    Raises StoreError where the store is newer than the program or cannot be written.
    """
    if not store.exists:
        raise StoreMissingError(f"there is no store at {store.path} to migrate")
    known = migrations() if steps is None else steps
    found = store.maintenance(lambda transaction: stored_version(transaction.rows, store.path))
    if found > len(known):
        raise StoreVersionError(
            f"the store {store.path} has schema {found}, newer than {schema_version()}: install a newer Assay"
        )
    pending = known[found:]
    copy = _copied(store, found) if pending else None
    applied = [
        store.maintenance(lambda transaction, step=step: _apply(transaction, step, store.path)) for step in pending
    ]
    if copy is not None and not any(applied):
        # Another process had done it all before the copy was made, and has the copy of what was.
        remove_copy(copy)
    return [step.name for step, done in zip(pending, applied, strict=True) if done]


def _copied(store: Store, version: int) -> Path:
    with store.exclusive():
        return copy_aside(store, f"schema-{version}", "migrated")


def _apply(transaction: Transaction, step: Migration, path: Path) -> bool:
    """Whether it was still to be done: another process may migrate at the same time."""
    if stored_version(transaction.rows, path) != step.number - 1:
        return False
    transaction.execute(step.sql)
    transaction.execute("UPDATE meta SET version = $number", {"number": step.number})
    return True
