"""The host's checkpoints, sealed: the same files under the run's own folder, with a manifest.

The files are linked where that is possible, so that they take no second place on the disk, and read, hashed and made
safe by a thread beside the training. A host that deletes or moves its own folder takes nothing away.
"""

import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from assay.spool import spell_nonfinite
from store.artifacts import ArtifactError, Manifest, seal, temporary_for
from trainer.checkpoint import checkpoint_folder
from trainer.state import TrainState

__all__ = ["CHECKPOINT", "Sealed", "Sealer", "clear_behind", "make_way"]

CHECKPOINT = "checkpoint-"
"""How the host calls the folder of a checkpoint, with the step behind it."""


class Sealed(NamedTuple):
    """What became of one checkpoint of the host."""

    step: int
    """Step it was written after."""

    branch: int
    """Branch of that step."""

    folder: Path
    """Where it is sealed."""

    manifest: Manifest | None
    """Its manifest; None where it could not be sealed."""

    why_not: str | None = None
    """Why it could not."""


class Sealer:
    """Seals one checkpoint after the other, beside the training."""

    def __init__(self, run_folder: Path, facts: Callable[[], dict[str, Any]]) -> None:
        """`facts` are those of each manifest that take long to find out; it is asked on the thread."""
        self._run_folder, self._facts = run_folder, facts
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="assay-seal")
        self._waiting: list[Future[Sealed]] = []

    def take(self, source: Path, branch: int, state: TrainState, config: str, known: dict[str, Any]) -> None:
        """Seal a folder the host has just written; `config` is its configuration, `known` the facts of its manifest."""
        self._waiting.append(self._thread.submit(self._seal, source, branch, state, config, known))

    def done(self, *, wait: bool = False) -> list[Sealed]:
        """Those that have been sealed, or could not be, since this was asked last; all of them where one waits."""
        ready = [item for item in self._waiting if wait or item.done()]
        self._waiting = [item for item in self._waiting if item not in ready]
        return [item.result() for item in ready]

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()

    def _seal(self, source: Path, branch: int, state: TrainState, config: str, known: dict[str, Any]) -> Sealed:
        final = checkpoint_folder(self._run_folder, state.step, branch)
        try:
            temporary = temporary_for(final)
            try:
                _link(source, temporary)
                kept = json.dumps(spell_nonfinite(state.as_dict()), indent=1)
                (temporary / "state.json").write_text(kept + "\n", encoding="utf-8")
                (temporary / "config.toml").write_text(config, encoding="utf-8")
                manifest = seal(temporary, final, {**self._facts(), **known})
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        except (OSError, ArtifactError) as error:
            return Sealed(state.step, branch, final, None, getattr(error, "strerror", None) or str(error))
        return Sealed(state.step, branch, final, manifest)


def make_way(folder: Path) -> None:
    """Take away what lies where the host is about to write: writing over a linked file would change what is sealed."""
    for path in folder.rglob("*") if folder.is_dir() else ():
        if path.is_file() and path.stat().st_nlink > 1:
            path.unlink()


def clear_behind(output: Path, step: int) -> None:
    """Take away the host's own folders of the checkpoints behind a step that was gone back to, where they are sealed as
    well: who starts the host again would go on from the newest of them.
    """
    for folder in output.glob(f"{CHECKPOINT}*"):
        number = folder.name.removeprefix(CHECKPOINT)
        if (
            number.isdecimal()
            and int(number) > step
            and all(path.stat().st_nlink > 1 for path in folder.rglob("*") if path.is_file())
        ):
            shutil.rmtree(folder, ignore_errors=True)


def _link(source: Path, target: Path) -> None:
    """Link the files of a folder, or copy them where the two lie on different disks. Raises OSError."""
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_dir():
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path, place)
        except OSError:
            shutil.copy2(path, place)
