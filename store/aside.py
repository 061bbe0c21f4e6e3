"""A copy of a store's file beside it, before something is done to it that cannot be undone."""

import shutil
from pathlib import Path

from store.clock import utc_now
from store.database import Store
from store.errors import StoreError

__all__ = ["copy_aside", "remove_copy"]


def copy_aside(store: Store, word: str, then: str) -> Path:
    """Copy file and log to a name that ends in `word` and this moment; the caller holds the store (`exclusive`).

    So nobody has the file attached, and opening it drops no one's lock. Raises StoreError where there is no room, with
    what comes `then`; no half copy is left.
    """
    # A second's name could be another process's copy, which is not to be written over.
    copy = store.path.with_name(f"{store.path.name}.{word}-{utc_now():%Y%m%dT%H%M%S.%fZ}")
    try:
        shutil.copy2(store.path, copy)
        log = Path(f"{store.path}.wal")
        if log.exists():
            shutil.copy2(log, f"{copy}.wal")
    except OSError as error:
        remove_copy(copy)
        raise StoreError(f"cannot copy {store.path} before it is {then}: {error.strerror}; make room") from error
    return copy


def remove_copy(copy: Path) -> None:
    """Take a copy and its log away."""
    for path in (copy, Path(f"{copy}.wal")):
        path.unlink(missing_ok=True)
