"""Folders that were built to be released, as the store knows them. `trainer.propose` builds them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.access import Actor
from store.audit import Entry, append
from store.clock import utc_now
from store.database import Snapshot, Transaction

__all__ = ["DIGESTS", "Proposal", "add_proposal", "newest_proposal", "proposal_of"]

DIGESTS = ("base", "tokenizer", "adapter", "weights", "data", "chat_template", "generation_config")
"""What a folder to be released is made of, each known by a digest."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A folder that was built from a checkpoint."""

    run_id: int | None
    """Run of the checkpoint; None where it was removed."""

    candidate: str
    """RUN@STEP."""

    branch: int
    """Branch of the run."""

    step: int
    """Step after which the checkpoint was written."""

    checkpoint: str
    """Folder of the checkpoint, relative to the store's root."""

    checkpoint_sha256: str
    """Digest of the checkpoint."""

    path: str
    """The folder, relative to the store's root."""

    sha256: str
    """Digest of its manifest."""

    merged: bool
    """Whether the adapter was taken into the weights of its base."""

    digests: Mapping[str, str | None]
    """SHA-256 by `DIGESTS`; None for what there is none of."""

    answers: Sequence[Mapping[str, Any]]
    """A row a campaign whose questions it was asked again: campaign, n, differing, share, items."""

    data: Mapping[str, Any]
    """What else is known: base, versions, owner of the run."""

    id: int = 0
    """Number in the store; 0 before it is there."""

    created: datetime | None = None
    """When it was put there."""

    created_by: str = ""
    """By whom, as in the audit log."""


def add_proposal(transaction: Transaction, actor: Actor, role: str, made: Proposal) -> int:
    """Put a folder into the store, told in the audit log, and return its number."""
    number = transaction.rows("SELECT coalesce(max(id), 0) + 1 AS id FROM proposal")[0]["id"]
    now = utc_now()
    values = {
        "id": number, **{name: getattr(made, name) for name in _COLUMNS}, "created": now, "created_by": actor.named,
        **{name: json.dumps(getattr(made, name), ensure_ascii=False) for name in ("digests", "answers", "data")},
    }  # fmt: skip
    transaction.execute(_INSERT, values)
    told = {
        "candidate": made.candidate, "checkpoint_sha256": made.checkpoint_sha256, "sha256": made.sha256,
        "merged": made.merged, "digests": dict(made.digests),
    }  # fmt: skip
    append(transaction, Entry(actor.named, role, "propose", f"proposal:{number}", told), now=now)
    return number


def newest_proposal(snapshot: Snapshot, checkpoint_sha256: str) -> Proposal | None:
    """The folder built last from a checkpoint; None where there is none."""
    found = snapshot.rows(
        f"SELECT {_READ} FROM proposal WHERE checkpoint_sha256 = $sha256 ORDER BY id DESC LIMIT 1",
        {"sha256": checkpoint_sha256},
    )
    return _of(found[0]) if found else None


def proposal_of(snapshot: Snapshot, number: int) -> Proposal:
    """A proposal by its number, which the store gave."""
    return _of(snapshot.rows(f"SELECT {_READ} FROM proposal WHERE id = $id", {"id": number})[0])


_COLUMNS = (
    "run_id", "candidate", "branch", "step", "checkpoint", "checkpoint_sha256", "path", "sha256", "merged",
)  # fmt: skip

_READ = f"""{", ".join(_COLUMNS)}, CAST(digests AS VARCHAR) AS digests, CAST(answers AS VARCHAR) AS answers,
CAST(data AS VARCHAR) AS data, id, created, created_by"""

_INSERT = """
INSERT INTO proposal VALUES
  ($id, $run_id, $candidate, $branch, $step, $checkpoint, $checkpoint_sha256, $path, $sha256, $merged, $digests,
   $answers, $created, $created_by, $data)
"""


def _of(row: dict[str, Any]) -> Proposal:
    return Proposal(**{**row, **{name: json.loads(row[name]) for name in ("digests", "answers", "data")}})
