"""The checkpoint that people name as RUN@STEP, from the store's rows alone: no file is read, no model loaded."""

from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from store.database import Snapshot
from store.errors import StoreError
from store.refs import Ref, parse_ref

__all__ = ["Place", "find_checkpoint"]


class Place(NamedTuple):
    """A checkpoint of a run of this store."""

    run: str
    """Name of the run."""

    run_id: int
    """Its number."""

    branch: int
    """Branch of the run."""

    step: int
    """Step after which it was written."""

    path: str
    """Its folder, relative to the store's root; whether it is there is not looked at."""

    sha256: str
    """Digest it was announced with."""

    state: str
    """sealed, stable or suspect."""

    @property
    def candidate(self) -> str:
        """It, as RUN@STEP."""
        return f"{self.run}@{self.step}"

    @property
    def reference(self) -> str:
        """It, as RUN/BRANCH@STEP, which stays the same when the run goes on elsewhere."""
        return f"{self.run}/{self.branch}@{self.step}"


def find_checkpoint(snapshot: Snapshot, root: Path, text: str) -> Place:
    """Find the checkpoint that RUN, RUN@STEP or RUN/BRANCH@STEP names.

    A bare RUN is its newest one, without a branch the active path is meant. Raises StoreError where there is no such
    run or checkpoint, or where it was deleted.
    """
    ref = parse_ref(text)
    run_id = _run_id(snapshot, root, ref.run)
    rows = snapshot.rows(_KNOWN, {"id": run_id, "branch": ref.branch})
    there = [row for row in rows if row["state"] != "deleted" and row["sha256"]]
    fitting = [row for row in there if ref.step is None or row["step"] == ref.step]
    if not fitting:
        raise StoreError(_refusal(ref, rows, there))
    return Place(ref.run, run_id, **max(fitting, key=lambda row: (row["step"], row["branch"])))


_KNOWN = """
SELECT c.branch, c.step, c.path, c.sha256, c.state FROM checkpoint c
LEFT JOIN active_path p ON p.run_id = c.run_id AND p.branch = c.branch AND c.step <= p.last_step
WHERE c.run_id = $id AND if($branch IS NULL, p.branch IS NOT NULL, c.branch = $branch)
"""


def _run_id(snapshot: Snapshot, root: Path, name: str) -> int:
    found = snapshot.rows("SELECT id FROM run WHERE name = $name", {"name": name})
    if found:
        return found[0]["id"]
    near = get_close_matches(name, [row["name"] for row in snapshot.rows("SELECT name FROM run")])
    hint = f"did you mean {' or '.join(near)}?" if near else "`assay runs ls` lists them"
    raise StoreError(f"there is no run {name} in {root}; {hint}")


def _refusal(ref: Ref, rows: list[dict[str, Any]], there: list[dict[str, Any]]) -> str:
    where = f"branch {ref.branch} of run {ref.run}" if ref.branch else f"run {ref.run}"
    steps = ", ".join(str(step) for step in sorted({row["step"] for row in there})) or "none"
    if ref.step is not None and any(row["step"] == ref.step and row["state"] == "deleted" for row in rows):
        return f"the checkpoint of {where} at step {ref.step} was deleted; those that are left: {steps}"
    at = f" at step {ref.step}" if ref.step is not None else ""
    return f"{where} has no sealed checkpoint{at}; there are: {steps}"
