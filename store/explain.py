"""What an error of DuckDB means for the person whose store it is."""

from pathlib import Path

import duckdb

from store import instance
from store.errors import StoreBusyError, StoreDamagedError, StoreError

__all__ = ["FILE_ERRORS", "explain"]

FILE_ERRORS = (duckdb.IOException, duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException)
"""Errors about the file; all others are about the SQL, which is ours."""

_LOCKED = ("Could not set lock", "Conflicting lock", "used by another process")

_FORKED = "Unique file handle conflict"
"""Said where an instance that came by fork, and must never be closed, has the file attached for ever."""

_REFUSED = ("No space left", "File too large", "Permission denied", "Read-only file system", "Is a directory")


def explain(error: duckdb.Error, path: Path) -> StoreError:
    """Turn an error met while a store was attached or used into the sentence a person gets."""
    text = str(error)
    first = text.splitlines()[0]
    if isinstance(error, duckdb.InternalException | duckdb.FatalException):
        # DuckDB refuses all further work of an instance that met one.
        instance.discard()
    if any(word in text for word in _LOCKED):
        return StoreBusyError(f"the store {path} is held by a program that keeps it open; end it ({first})")
    if _FORKED in text:
        return StoreError(
            f"the store {path} was in use in the process that this one was forked from, and cannot be written here; "
            f"start this one anew, by spawn ({first})"
        )
    if any(word in text for word in _REFUSED):
        return StoreError(f"the disk refuses the store {path}: {first}")
    return StoreDamagedError(
        f"the store {path} cannot be read ({first}); `assay db rebuild` restores it from the spools"
    )
