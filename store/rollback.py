"""Going back to a checkpoint: what is the same in a running trainer, and all of it for a run that nobody trains.

Rolling a stopped run back needs no model: it is a branch's line in the run's spool. `assay train --resume` finds
the newest checkpoint of the active path, which is then the one gone back to.
"""

import json
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from assay.holding import RunLock
from assay.spool import SpoolFile, encode
from assay.steps import StepLines, last_position
from assay.version import VERSION
from store.artifacts import ArtifactError, verify
from store.askers import called
from store.database import Store
from store.errors import StoreError
from store.loading import load_spools
from store.refs import find_run
from store.training_lock import sole_trainer

__all__ = ["RolledBack", "Sealed", "nearest", "newest_whole", "roll_back_stopped", "sealed_on_path"]

T = TypeVar("T")


class RolledBack(NamedTuple):
    """A stopped run that went back."""

    run: str
    """Its name."""

    left: int
    """Step it was at."""

    step: int
    """Step it is at now; an older one than was asked for where that one's checkpoint is damaged."""

    branch: int
    """Number of the branch that goes on from there."""

    refused: tuple[str, ...]
    """Why newer checkpoints were not taken, a sentence each."""

    @property
    def went_back(self) -> str:
        """What was done, in words."""
        return f"went back from step {self.left} to step {self.step}, on branch {self.branch}"


class Sealed(NamedTuple):
    """A checkpoint of the active path, as it was announced."""

    step: int
    """Step it was written after."""

    path: str
    """Its folder, relative to the store's root."""

    sha256: str | None
    """Digest it was announced with; None where none was."""


def roll_back_stopped(store: Store, run_name: str, step: int, actor: str) -> RolledBack:
    """Send a run that nobody trains back to the sealed checkpoint of a step of its active path.

    `actor` is who asks, as `Actor.named`. Where that one is damaged, the next older whole one is taken. The run's
    status stays what it was. Raises StoreError where that cannot be done; nothing is written then.
    """
    run = find_run(store, run_name)
    folder = store.root / run["name"]
    _refuse_hosted(store, run, step)
    if not (folder / "config.toml").exists():
        raise StoreError(
            f"run {run_name} cannot be rolled back: there is no {folder / 'config.toml'}, which `assay train` writes "
            "for each run it trains"
        )
    try:
        with sole_trainer(folder), _sole_recorder(folder):
            return _roll_back(store, folder, step, actor)
    except OSError as error:
        raise StoreError(
            f"run {run_name} cannot be rolled back in {folder}: {error.strerror or error}; mend that first"
        ) from error


def _refuse_hosted(store: Store, run: dict[str, Any], step: int) -> None:
    """Raise StoreError for a run that a script of its own trains: what it goes on from is said there."""
    if not json.loads(run["provenance"] or "{}").get("output"):
        return
    active = sealed_on_path(store, run["id"])
    found = next((item for item in reversed(active) if item.step == step), None)
    if found is None:
        steps = list(dict.fromkeys(item.step for item in active))
        raise StoreError(f"run {run['name']} has no sealed checkpoint at step {step}{nearest(steps, step)}")
    folder = str(store.root / found.path)
    raise StoreError(
        f"a script of its own trained run {run['name']}, so nothing was changed; to go back, start that script again "
        f"with the same name and output folder and trainer.train(resume_from_checkpoint={folder!r})"
    )


def sealed_on_path(store: Store, run_id: int) -> list[Sealed]:
    """The checkpoints of a run's active path that are not deleted, by step. Raises StoreError."""
    return [Sealed(**row) for row in store.rows(_ACTIVE, {"id": run_id})]


def newest_whole(found: Sequence[T], check: Callable[[T], object]) -> tuple[T | None, list[str]]:
    """The last one that `check` finds as it was sealed, and what is wrong with those behind it.

    `check` raises ArtifactError.
    """
    refused: list[str] = []
    for item in reversed(found):
        try:
            check(item)
        except ArtifactError as error:
            refused.append(str(error))
        else:
            return item, refused
    return None, refused


def nearest(steps: Sequence[int], step: int) -> str:
    """How a sentence ends that says there is no checkpoint at a step.

    >>> nearest([2, 4, 8], 5), nearest([], 5)
    ('; the nearest is at step 4 (there are 2, 4, 8)', ', nor any other')
    """
    if not steps:
        return ", nor any other"
    return (
        f"; the nearest is at step {min(steps, key=lambda at: abs(at - step))} (there are {', '.join(map(str, steps))})"
    )


@contextmanager
def _sole_recorder(folder: Path) -> Generator[None]:
    lock = RunLock(folder)
    try:
        yield
    finally:
        lock.release()


def _roll_back(store: Store, folder: Path, step: int, actor: str) -> RolledBack:
    # Only now, as nobody can record any more.
    load_spools(store)
    run = find_run(store, folder.name)
    active = sealed_on_path(store, run["id"])
    position = _position(store, folder, run)
    target, refused = _target(active, store.root, run, step)
    done = RolledBack(run["name"], run["last_step"], target.step, position[0] + 1, tuple(refused))
    facts = {"checkpoint": target.path, "abandoned_to": done.left, "actor": actor}
    lines = _lines(done, StepLines(*position), facts, called(store, actor), is_over=run["ended"] is not None)
    _write(folder, lines)
    return done


def _position(store: Store, folder: Path, run: dict[str, Any]) -> tuple[int, int]:
    """Branch and step the run is at. Raises StoreError where the store does not hold all of its spool."""
    known = store.rows("SELECT max(branch) AS branch FROM branch WHERE run_id = $id", {"id": run["id"]})
    position = last_position(folder)
    if position[0] != known[0]["branch"] or position[1] > (-1 if run["last_step"] is None else run["last_step"]):
        raise StoreError(
            f"run {folder.name} cannot be rolled back: the store {store.path} does not hold all of it yet; try again, "
            "and where that does not help, `assay db check` says why"
        )
    return position


def _target(active: list[Sealed], root: Path, run: dict[str, Any], step: int) -> tuple[Sealed, list[str]]:
    steps = list(dict.fromkeys(item.step for item in active))
    if step not in steps:
        raise StoreError(f"run {run['name']} has no sealed checkpoint at step {step}{nearest(steps, step)}")
    if step == run["last_step"]:
        raise StoreError(
            f"run {run['name']} is at step {step} already, there is nothing to go back from; "
            f"`assay runs show {run['name']}` lists its checkpoints"
        )
    older = [item for item in active if item.step <= step]
    target, refused = newest_whole(older, lambda item: verify(root / item.path, item.sha256))
    if target is None:
        raise StoreError(
            f"run {run['name']} cannot be rolled back, no checkpoint of it up to step {step} is whole: "
            f"{'; '.join(refused)}"
        )
    return target, refused


def _lines(
    done: RolledBack, steps: StepLines, facts: dict[str, Any], asker: str, *, is_over: bool
) -> Iterator[dict[str, Any]]:
    """The lines of the spool that say so."""
    data = {**facts, "refused": list(done.refused)} if done.refused else facts
    now = time.time()
    asked: list[dict[str, Any]] = [
        # Else the fresh lines would make a run whose process is gone look alive.
        *([] if is_over else [{"k": "status", "status": "lost"}]),
        {"k": "fork", "after": done.step, "reason": "rollback", "data": data},
        *(
            {"k": "event", "kind": "checkpoint", "message": sentence, "level": "alarm", "data": {"refused": True}}
            for sentence in done.refused
        ),
        {
            "k": "event", "kind": "rollback", "message": f"{asker} rolled the stopped run back: it {done.went_back}",
            "s": done.step, "data": facts,
        },
    ]  # fmt: skip
    for line in asked:
        yield from steps.lines({"t": now, **line})


def _write(folder: Path, lines: Iterator[dict[str, Any]]) -> None:
    """In one write, of which a kill leaves a beginning at the worst. Raises OSError; nothing is left then."""
    file = SpoolFile(folder, 0, f"assay {VERSION}")
    try:
        file.write(b"".join(map(encode, lines)))
        file.sync()
    except OSError:
        file.discard()
        raise
    file.close()


_ACTIVE = """
SELECT c.step, c.path, c.sha256
FROM checkpoint c JOIN active_path p ON p.run_id = c.run_id AND p.branch = c.branch AND c.step <= p.last_step
WHERE c.run_id = $id AND c.state <> 'deleted' ORDER BY c.step, c.branch
"""
