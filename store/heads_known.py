"""Ends of the audit log that bundles of releases know, which nobody who writes the store can take back."""

import json
from pathlib import Path
from typing import Any, NamedTuple, cast

from store.database import Snapshot
from store.errors import StoreError

__all__ = ["Known", "known_of_releases", "read_known"]

BUNDLE = "bundle.json"


class Known(NamedTuple):
    """An end of the audit log, as somebody knows it."""

    where: str
    """Who knows it, for people: a file, or a release."""

    seq: int
    """Number of the row that was last."""

    hash: str
    """Its hash."""


def read_known(path: Path) -> Known:
    """The end that a bundle knows: its file, or the folder of a release. Raises StoreError."""
    file = path / BUNDLE if path.is_dir() else path
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise StoreError(f"cannot read the bundle {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise StoreError(f"{file} is no bundle of a release: it is no text") from error
    known = _known(text, str(file))
    if known is None:
        raise StoreError(f'{file} is no bundle of a release: it does not say where the audit log ended ("audit")')
    return known


def known_of_releases(snapshot: Snapshot) -> tuple[list[Known], list[str]]:
    """The ends that this store's own releases know, and a sentence for each that cannot be read."""
    known: list[Known] = []
    unread: list[str] = []
    for row in snapshot.rows("SELECT environment, version, kind, bundle FROM release ORDER BY id"):
        where = f"the bundle of {row['environment']} v{row['version']}"
        found = _known(row["bundle"], where)
        if found is None:
            unread.append(f"{where} in this store is damaged: it does not say where the audit log ended")
        else:
            known.append(found)
    return known, unread


def _known(text: str, where: str) -> Known | None:
    try:
        bundle: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    audit: Any = cast("dict[str, Any]", bundle).get("audit") if isinstance(bundle, dict) else None
    fields = cast("dict[str, Any]", audit) if isinstance(audit, dict) else {}
    seq, row_hash = fields.get("seq"), fields.get("hash")
    if not isinstance(seq, int) or isinstance(seq, bool) or not isinstance(row_hash, str):
        return None
    return Known(where, seq, row_hash.removeprefix("sha256:"))
