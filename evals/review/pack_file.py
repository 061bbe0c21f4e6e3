"""The file of verdicts that the page of a pack saves: read, and held against the pack it says it is of."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from evals.review.errors import CampaignError
from evals.review.pack_seal import KIND, VERSION, digest_of, is_signed, key_of
from store.database import Snapshot, Store

__all__ = ["PackFile", "PackRow", "Said", "import_row", "pack_row", "read_file", "said_in"]

_LARGEST = 64_000_000
"""Bytes; what 200 pairs with full drafts come to is a twentieth of that."""


@dataclass(frozen=True, slots=True)
class PackFile:
    """A file of verdicts as it lies there; nothing of it is proved yet."""

    name: str
    """Its name, for people."""

    sha256: str
    """Of all of it."""

    pack: str
    """The pack it says it is of."""

    said: str
    """What the page says, as it was signed."""

    signature: str
    """The signature it carries."""


@dataclass(frozen=True, slots=True)
class PackRow:
    """What the audit log has of a pack."""

    campaign: int
    """The campaign."""

    grader: int
    """Whose it is."""

    tokens: str
    """Digest of its tokens."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a grader did with one pair of a pack."""

    verdict: Mapping[str, Any] | None
    """The fields of the verdict."""

    skip: str | None
    """Why it was skipped."""

    guess: str | None
    """Which answer seemed to be the new model's."""

    flags: tuple[str, ...]
    """What is wrong with it."""

    draft: Mapping[str, Any] | None
    """What was filled in and not sent."""

    seconds: float
    """How long it was before the grader."""


def read_file(path: Path) -> PackFile:
    """Read a file of verdicts. Raises CampaignError where it is none, or cannot be read."""
    try:
        data = path.read_bytes() if path.stat().st_size <= _LARGEST else b""
    except OSError as error:
        raise CampaignError(f"cannot read {path}: {error.strerror}") from error
    found = _object(data)
    if found.get("kind") != KIND:
        raise CampaignError(
            f"{path} is no file of verdicts: name the one that the page of a pack saved, verdicts-….json"
        )
    if found.get("version") != VERSION:
        raise CampaignError(f"{path} was saved by a pack of another version of Assay; import it with that one")
    parts = [found.get(name) for name in ("pack", "said", "signature")]
    if not all(isinstance(part, str) for part in parts):
        raise CampaignError(f"{path} is damaged: it lacks the pack, what was said, or the signature; ask for it again")
    pack, said, signed = cast("list[str]", parts)
    return PackFile(path.name, hashlib.sha256(data).hexdigest(), pack, said, signed)


def pack_row(snapshot: Snapshot, file: PackFile) -> PackRow:
    """The pack a file says it is of. Raises CampaignError where this store made none such."""
    for row in snapshot.rows(_PACKED):
        told = json.loads(row["payload"])
        if told.get("pack") == file.pack:
            return PackRow(int(row["object"].removeprefix("campaign:")), told["grader"], told["tokens"])
    raise CampaignError(f"{file.name} is of a pack that was not made from this store; import it where that was packed")


def import_row(snapshot: Snapshot, pack: str, action: str) -> Mapping[str, Any] | None:
    """When and from which file a pack was imported, or its import begun (`action`): `time`, `file`; None for never."""
    for row in snapshot.rows(_IMPORTS, {"action": action}):
        told = json.loads(row["payload"])
        if told.get("pack") == pack:
            return {"time": row["created"], **told}
    return None


def said_in(store: Store, file: PackFile, row: PackRow) -> dict[str, Said]:
    """What was done with each pair, by token.

    Raises CampaignError where the signature is not the pack's, or the pairs are not those of the pack.
    """
    if not is_signed(key_of(store, file.pack), file.pack, file.said, file.signature):
        raise CampaignError(
            f"{file.name} was changed after the page saved it, or another page made it: its signature does not fit; "
            "ask the grader to save and hand it over again"
        )
    said = _object(file.said.encode("utf-8", "surrogatepass"))
    pairs = _fields(said.get("pairs")) or {}
    if digest_of(pairs) != row.tokens:
        raise CampaignError(
            f"{file.name} is signed and lists other pairs than its pack has; ask the grader for it again"
        )
    return {token: _said(pair) for token, pair in pairs.items()}


def _said(pair: Any) -> Said:
    found = _fields(pair) or {}
    flags, seconds = found.get("flags"), found.get("seconds")
    return Said(
        verdict=_fields(found.get("verdict")),
        skip=_text(found.get("skip")),
        guess=_text(found.get("guess")),
        flags=tuple(map(str, cast("list[Any]", flags))) if isinstance(flags, list) else (),
        draft=_fields(found.get("draft")),
        seconds=float(seconds) if isinstance(seconds, int | float) and 0 <= seconds < 1e9 else 0.0,
    )


def _fields(value: Any) -> Mapping[str, Any] | None:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        found: Any = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return _fields(found) or {}


_PACKED = "SELECT object, payload FROM audit WHERE action = 'pack' ORDER BY seq DESC"

_IMPORTS = "SELECT created, payload FROM audit WHERE action = $action ORDER BY seq"
