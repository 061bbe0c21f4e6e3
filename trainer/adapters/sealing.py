"""The host's checkpoints, sealed: the same files under the run's own folder, with a manifest.

The files are held at once where that is possible (`trainer.adapters.holding`), and read, hashed and made safe by a
thread beside the training: a host that deletes or moves its own folder takes nothing away. Where large ones can only be
copied, the thread does that too, and seals only what is still as the host had written it.
"""

import functools
import json
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from assay.spool import spell_nonfinite
from store.artifacts import ArtifactError, Manifest, discard_temporary, seal, sealed_folders
from trainer.adapters.holding import Held, complete, copy_rest, hold
from trainer.checkpoint import checkpoint_folder
from trainer.state import TrainState

__all__ = ["CHECKPOINT", "Everywhere", "Sealed", "Sealer", "clear_behind", "make_way"]

CHECKPOINT = "checkpoint-"
"""How the host calls the folder of a checkpoint, with the step behind it."""

Everywhere: TypeAlias = Callable[[], Sequence[Mapping[str, int]]]
"""What each process sees of a checkpoint, files with their sizes, once all have written it; raises OSError where that
cannot be known.
"""


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


class _Waiting(NamedTuple):
    """A checkpoint the thread has been given."""

    sealed: Future[Sealed]
    """What becomes of it."""

    is_whole: bool
    """Whether all its files are held already, whatever the host does to its own."""

    def will_do(self) -> bool:
        """Whether the same step need not be taken again: it is sealed, or will be. Waits for copies that the host may
        have written over by now.
        """
        return (self.is_whole and not self.sealed.done()) or self.sealed.result().manifest is not None


class Sealer:
    """Seals one checkpoint after the other, beside the training."""

    def __init__(self, run_folder: Path, facts: Callable[[], dict[str, Any]]) -> None:
        """`facts` are those of each manifest that take long to find out; it is asked on the thread."""
        self._run_folder, self._facts = run_folder, facts
        self._newest: threading.Thread | None = None
        self._waiting: dict[Path, _Waiting] = {}

    def take(
        self, source: Path, branch: int, state: TrainState, config: str, known: dict[str, Any],
        everywhere: Everywhere | None = None,
    ) -> None:  # fmt: skip
        """Seal a folder the host has just written; `config` is its configuration, `known` the facts of its manifest.
        Where several processes write it, `everywhere` waits for them, on the thread, and says what they see.
        """
        final = checkpoint_folder(self._run_folder, state.step, branch)
        earlier = self._waiting.get(final)
        # A host that ends an epoch with a step writes it twice, while the first is still being sealed.
        if earlier is not None and earlier.will_do():
            return
        # Before the host goes on: what it deletes then is ours already.
        held = _held(source, final, is_whole=everywhere is None)
        sealed = self._after_others(
            functools.partial(self._seal, final, held, branch, state, config, known, everywhere=everywhere)
        )
        self._waiting[final] = _Waiting(sealed, isinstance(held, Held) and not held.unlinked)

    def done(self, *, wait: bool = False) -> list[Sealed]:
        """Those that have been sealed, or could not be, since this was asked last; all of them where one waits."""
        ready = [final for final, item in self._waiting.items() if wait or item.sealed.done()]
        return [self._waiting.pop(final).sealed.result() for final in ready]

    def close(self) -> None:
        """Wait until nothing is sealed any more."""
        if self._newest is not None:
            self._newest.join()

    def _after_others(self, work: Callable[[], Sealed]) -> "Future[Sealed]":
        """Do it on a thread once the one before has ended.

        An executor's thread is waited for before the interpreter says that its main thread has ended, by which what
        waits for other processes is told that it need not any more (`Written`).
        """
        done, before = Future[Sealed](), self._newest

        def do() -> None:
            if before is not None:
                before.join()
            try:
                done.set_result(work())
            finally:
                if not done.done():
                    done.set_exception(RuntimeError("sealing ended with an error of its own, told on stderr"))

        self._newest = threading.Thread(target=do, name="assay-seal")
        self._newest.start()
        return done

    def _seal(
        self, final: Path, held: Held | OSError, branch: int, state: TrainState, config: str, known: dict[str, Any],
        *, everywhere: Everywhere | None,
    ) -> Sealed:  # fmt: skip
        try:
            if isinstance(held, OSError):
                raise held
            if everywhere is not None:
                complete(held, everywhere())
            copy_rest(held)
            kept = json.dumps(spell_nonfinite(state.as_dict()), indent=1)
            (held.temporary / "state.json").write_text(kept + "\n", encoding="utf-8")
            (held.temporary / "config.toml").write_text(config, encoding="utf-8")
            manifest = seal(held.temporary, final, {**self._facts(), **known})
        except (OSError, ArtifactError) as error:
            return Sealed(state.step, branch, final, None, _told(error))
        finally:
            discard_temporary(final)
        return Sealed(state.step, branch, final, manifest)


def make_way(folder: Path, *, surely: bool = True) -> None:
    """Take away what lies where the host is about to write: writing over a linked file would change what is sealed.
    Where it does not `surely` write, copies are left in its place.
    """
    for path in list(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and path.stat().st_nlink > 1:
            if surely:
                path.unlink()
            else:
                _part(path)


def clear_behind(output: Path, step: int, checkpoints: Path) -> None:
    """Take away the host's own folders of the checkpoints behind a step that was gone back to, where they are sealed in
    `checkpoints` as well: who starts the host again would go on from the newest of them.
    """
    sealed = {int(folder.name.partition("-")[0]) for folder in sealed_folders(checkpoints)}
    for folder in output.glob(f"{CHECKPOINT}*"):
        number = folder.name.removeprefix(CHECKPOINT)
        if number.isdecimal() and int(number) > step and int(number) in sealed:
            shutil.rmtree(folder, ignore_errors=True)


def _held(source: Path, final: Path, *, is_whole: bool) -> Held | OSError:
    try:
        return hold(source, final, is_whole=is_whole)
    except OSError as error:
        return error


def _part(path: Path) -> None:
    """Put a copy in the place of a link."""
    copy = path.with_name(f".assay-{path.name}")
    shutil.copy2(path, copy)
    copy.replace(path)


def _told(error: OSError | ArtifactError) -> str:
    if isinstance(error, ArtifactError) or error.strerror is None:
        return str(error)
    return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
