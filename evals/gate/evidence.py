"""Gather what a release is decided on: plain JSON, the same at every look as long as nothing has changed.

    evidence = gather(snapshot, root, place, results, context)
    evidence_digest(evidence)                'sha256:…', what an approval signs

No time stands in it, and floats are rounded to nine digits, so that looking twice gives the same digest.
"""

import hashlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import rfc8785

from evals.gate.clock import went_backwards
from evals.gate.health import health
from evals.gate.on_disk import folder_state
from evals.gate.proposals import Proposal
from evals.gate.reviewed import Reviewed, reviewed
from evals.gate.scored import forgetting, scores
from store.database import Snapshot
from store.places import Place

__all__ = ["BESIDE", "Live", "canonical", "evidence_digest", "gather", "plain"]

FORMAT = 1

DIGITS = 9

BESIDE = ("README.md", "bundle.json", "bundle.intoto.json", "restore.intoto.json")
"""What lies beside the sealed files of a folder to be released."""


class Live(NamedTuple):
    """What a candidate would take the place of."""

    version: int
    """Number that people call it by."""

    candidate: str
    """RUN@STEP it was built from."""

    checkpoint_sha256: str
    """Digest of that checkpoint."""

    sha256: str
    """Digest of its folder."""


class Gathering(NamedTuple):
    """What is looked at."""

    root: Path
    """Folder of the store."""

    place: Place
    """The checkpoint."""

    proposal: Proposal | None
    """The folder that was built from it; None where there is none."""

    live: Live | None
    """What is live; None where nothing is."""

    environment: str
    """Where it would be released."""

    policy_sha256: str
    """The policy that it is checked by."""


def gather(snapshot: Snapshot, asked: Gathering, review: Reviewed | None) -> dict[str, Any]:
    """All evidence there is for a candidate. `review` is what experts found; see `reviewed.reviewed`."""
    place, live = asked.place, asked.live
    base = _bases(snapshot, place)
    baseline = {"kind": "base", "sha256": sorted(base)} if live is None else {"kind": "released", **live._asdict()}
    found: dict[str, Any] = {
        "format": FORMAT,
        "demo": snapshot.rows("SELECT demo FROM meta")[0]["demo"],
        "environment": asked.environment,
        "candidate": {
            "name": place.reference, "run": place.run, "branch": place.branch, "step": place.step,
            "sha256": place.sha256, "state": place.state,
        },
        "checkpoint": folder_state(asked.root, place.path, place.sha256),
        "proposal": _proposal(asked),
        "baseline": baseline,
        "policy_sha256": asked.policy_sha256,
        "health": health(snapshot, place),
        "scores": scores(snapshot, place, live.checkpoint_sha256 if live else None),
        "forgetting": forgetting(snapshot, place),
        "review": reviewed(review, base, live) if review else None,
        "clock": {"backwards": went_backwards(snapshot, review.opened if review else None)},
    }  # fmt: skip
    return cast("dict[str, Any]", plain(found))


def evidence_digest(evidence: Mapping[str, Any]) -> str:
    """SHA-256 of the evidence as canonical JSON, as hex."""
    return hashlib.sha256(canonical(evidence)).hexdigest()


def canonical(evidence: Mapping[str, Any]) -> bytes:
    """The evidence as RFC 8785 writes it."""
    return rfc8785.dumps(dict(evidence))


def plain(value: Any) -> Any:
    """A value as plain JSON; floats rounded, those that are none as their words.

    >>> plain({"z": 0.1 + 0.2, "odd": float("inf"), "pair": (1, None)})
    {'z': 0.3, 'odd': 'inf', 'pair': [1, None]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in cast("list[Any]", value)]
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else str(value)
    return value if isinstance(value, str | int | bool | None) else str(value)


def _bases(snapshot: Snapshot, place: Place) -> set[str]:
    """Digests by which what the candidate's run began with is known."""
    values = {"run_id": place.run_id, "artifact": place.sha256}
    return {row["base"] for row in snapshot.rows(_BASES, values) if row["base"]}


def _proposal(asked: Gathering) -> dict[str, Any] | None:
    made = asked.proposal
    if made is None:
        return None
    return {
        "sha256": made.sha256, "merged": made.merged, "digests": dict(made.digests), "answers": list(made.answers),
        "folder": folder_state(asked.root, made.path, made.sha256, beside=BESIDE),
    }  # fmt: skip


_BASES = """
SELECT base FROM eval_run WHERE artifact = $artifact
UNION
SELECT json_extract_string(provenance, '$.model.sha256') FROM run WHERE id = $run_id
UNION
SELECT c.sha256 FROM run r
JOIN run p ON starts_with(r.parent, concat(p.name, '/'))
JOIN checkpoint c ON c.run_id = p.id AND r.parent = concat(p.name, '/', c.branch, '@', c.step)
WHERE r.id = $run_id
"""
