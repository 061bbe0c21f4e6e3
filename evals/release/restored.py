"""The paper of a restore: what the server signs of it, which is kept in its row and beside the released files.

    text = sign(restore_statement(...), key)
    said = check_restored(text, trusted, sha256)         who put it back, when, why, and where the audit log ended then

The bundle is that of the release that was put back, and knows nothing of it. Whoever has a copy of this paper can tell
when the audit log was cut off after the restore (`assay db audit verify --bundle`).
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from evals.release.errors import BrokenError, RefusedError
from evals.release.papers import paper_text, write_paper
from evals.release.trust import Trusted
from store.envelope import RESTORE, EnvelopeError, open_envelope, statement
from store.heads import Head
from store.heads_known import RESTORED

__all__ = ["RESTORED", "check_restored", "mend_restored", "restore_statement"]

FACTS = frozenset({"environment", "version", "by", "name", "role", "time", "reason", "replaces", "audit"})
"""What it says."""


def restore_statement(sha256: str, told: Mapping[str, Any], head: Head) -> dict[str, Any]:
    """What is signed of the restore of a folder: `told` has all of `FACTS` but audit."""
    return statement({"release": sha256}, RESTORE, {**told, "audit": {"seq": head.seq, "hash": head.hash}})


def check_restored(text: str, trusted: Trusted, sha256: str) -> dict[str, Any]:
    """What the paper says, once a server's key has signed it of this folder. Raises BrokenError."""
    try:
        found = open_envelope(text, trusted.for_server).statement
    except EnvelopeError as error:
        raise BrokenError(f"{RESTORED} does not hold: {error}") from error
    if found["predicateType"] != RESTORE or found["predicate"].keys() != FACTS:
        raise BrokenError(f"{RESTORED} is no restore: it was signed for something else")
    if found["subject"] != [{"name": "release", "digest": {"sha256": sha256}}]:
        raise BrokenError(f"{RESTORED} is about another folder")
    return found["predicate"]


def mend_restored(folder: Path, text: str | None, earlier: Collection[str]) -> bool:
    """Write the paper of the newest restore where it is not there, or an earlier one is; whether that was so. Without
    a restore there is none.

    Raises RefusedError for one that was changed after it had been written, or is of no restore that the store knows;
    OSError where the disk refuses.
    """
    place = folder / RESTORED
    there = paper_text(place)
    if text is None:
        if there is not None:
            raise RefusedError(f"{place} tells of a restore that the store knows nothing of; compare it with a backup")
        return False
    if there == text:
        return False
    if there is not None and there not in earlier:
        raise RefusedError(f"{place} is not the one that was written; put it back as it was, or remove it")
    write_paper(place, text)
    return True
