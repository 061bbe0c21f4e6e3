"""Where a release comes from, for its bundle: the runs behind it with their checkpoints and data, by digest."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import PurePath
from typing import Any

from evals.gate.proposals import Proposal
from store.database import Snapshot
from store.lineage import ancestry
from store.owners import owners_of, owning
from store.refs import parse_ref

__all__ = ["origin_of"]

Row = dict[str, Any]


def origin_of(snapshot: Snapshot, proposal: Proposal) -> list[Row]:
    """Models and runs from the base to the candidate, the oldest first; only the candidate where its run is gone.

    Each is `{"kind": "model", "name", "sha256"}` or a run: kind, name, stage, checkpoint (RUN/BRANCH@STEP that the next
    one began with), sha256, owner ([run] owner), accounts that it was trained under, users (numbers of those here who
    own it), and data: a row a file with name, role, rows, sha256. Machine paths stay here.
    """
    rows: list[Row] = [] if proposal.run_id is None else ancestry(snapshot, proposal.run_id).to_pylist()
    candidate = f"{parse_ref(proposal.candidate).run}/{proposal.branch}@{proposal.step}"
    if not rows:
        return [_run(snapshot, None, {"name": parse_ref(proposal.candidate).run, "stage": None}, candidate, proposal)]
    began = [child["parent"] for _, child in pairwise(rows)]
    return [
        *_model(snapshot, rows[0]),
        *(
            _run(snapshot, _number(snapshot, row["name"]), row, reference, proposal)
            for row, reference in zip(rows, [*began, candidate], strict=True)
        ),
    ]


def _model(snapshot: Snapshot, oldest: Row) -> Iterator[Row]:
    """What the oldest run began with, where it is known."""
    found = snapshot.rows(_MODEL, {"name": oldest["name"]})
    name = PurePath(str(found[0]["path"] or oldest["model"] or "")).name if found else ""
    if oldest["parent"] is not None:
        yield {"kind": "model", "name": oldest["parent"], "sha256": None}
    elif name:
        yield {"kind": "model", "name": name, "sha256": found[0]["sha256"]}


def _run(snapshot: Snapshot, number: int | None, row: Row, reference: str, proposal: Proposal) -> Row:
    ref, values = parse_ref(reference), {"run_id": number}
    found = snapshot.rows(_CHECKPOINT, {**values, "branch": ref.branch, "step": ref.step})
    owners = owners_of(snapshot, number)
    is_candidate = ref.run == parse_ref(proposal.candidate).run
    data = [{**one, "name": PurePath(one["name"]).name} for one in snapshot.rows(_DATA, values)]
    return {
        "kind": "run", "name": row["name"], "stage": row["stage"], "checkpoint": reference,
        "sha256": proposal.checkpoint_sha256 if is_candidate else found[0]["sha256"] if found else None,
        "owner": sorted(owners.names), "accounts": sorted(owners.accounts), "users": owning(snapshot, owners),
        "data": data,
    }  # fmt: skip


def _number(snapshot: Snapshot, name: str) -> int:
    return snapshot.rows("SELECT id FROM run WHERE name = $name", {"name": name})[0]["id"]


_MODEL = """
SELECT json_extract_string(provenance, '$.model.path') AS path,
       json_extract_string(provenance, '$.model.sha256') AS sha256
FROM run WHERE name = $name
"""

_CHECKPOINT = """
SELECT sha256 FROM checkpoint WHERE run_id = $run_id AND branch = $branch AND step = $step AND sha256 IS NOT NULL
ORDER BY created DESC LIMIT 1
"""

_DATA = "SELECT path AS name, role, rows, sha256 FROM dataset WHERE run_id = $run_id ORDER BY role, path, sha256"
