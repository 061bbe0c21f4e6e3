"""Ends of the audit log that bundles of releases and statements of restores know, which nobody who writes the store can
take back.
"""

import base64
import json
from pathlib import Path
from typing import Any, NamedTuple, cast

from store.database import Snapshot
from store.errors import StoreError

__all__ = ["RESTORED", "Known", "known_of_releases", "read_known"]

BUNDLE = "bundle.json"

RESTORED = "restore.intoto.json"
"""Statement of the newest restore of a folder, beside its files."""


class Known(NamedTuple):
    """An end of the audit log, as somebody knows it."""

    where: str
    """Who knows it, for people: a file, or a release."""

    seq: int
    """Number of the row that was last."""

    hash: str
    """Its hash."""


def read_known(path: Path) -> list[Known]:
    """The end that a bundle or a restore's statement knows; of a folder of a release those of both.

    Raises StoreError.
    """
    if not path.is_dir():
        return [_read(path)]
    restored = path / RESTORED
    return [_read(path / BUNDLE), *([_read(restored)] if restored.exists() else [])]


def _read(file: Path) -> Known:
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
    for row in snapshot.rows("SELECT environment, version, kind, bundle, statement FROM release ORDER BY id"):
        papers = {"bundle": row["bundle"], **({"restore": row["statement"]} if row["kind"] == "restore" else {})}
        for name, text in papers.items():
            where = f"the {name} of {row['environment']} v{row['version']}"
            found = _known(text, where)
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
    paper = cast("dict[str, Any]", bundle) if isinstance(bundle, dict) else {}
    audit: Any = _signed(paper["payload"]).get("audit") if "payload" in paper else paper.get("audit")
    fields = cast("dict[str, Any]", audit) if isinstance(audit, dict) else {}
    seq, row_hash = fields.get("seq"), fields.get("hash")
    if not isinstance(seq, int) or isinstance(seq, bool) or not isinstance(row_hash, str):
        return None
    return Known(where, seq, row_hash.removeprefix("sha256:"))


def _signed(payload: Any) -> dict[str, Any]:
    """What an envelope says; whether it holds is for those to look at who have keys."""
    try:
        predicate: Any = json.loads(base64.b64decode(payload))["predicate"]
    except (ValueError, TypeError, LookupError, RecursionError):
        return {}
    return cast("dict[str, Any]", predicate) if isinstance(predicate, dict) else {}
