"""The host's checkpoints, sealed: the same files under the run's own folder, with a manifest.

The files are linked at once where that is possible, so that they take no second place on the disk, and read, hashed and
made safe by a thread beside the training: a host that deletes or moves its own folder takes nothing away. Where they
can only be copied, the thread does that too, and seals only what is still as the host had written it.
"""

import json
import os
import shutil
import stat
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from assay.spool import spell_nonfinite
from store.artifacts import ArtifactError, Manifest, discard_temporary, seal, temporary_for
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


class _Unlinked(NamedTuple):
    """A file that can only be copied."""

    source: Path
    """The host's."""

    place: Path
    """Where it is to be copied."""

    was: tuple[int, int]
    """Its size and when it was last written, as the host had just written it."""


class _Held(NamedTuple):
    """What the training thread has taken of one folder."""

    temporary: Path
    """Where its files are linked."""

    unlinked: list[_Unlinked]
    """Those that are not."""


class Sealer:
    """Seals one checkpoint after the other, beside the training."""

    def __init__(self, run_folder: Path, facts: Callable[[], dict[str, Any]]) -> None:
        """`facts` are those of each manifest that take long to find out; it is asked on the thread."""
        self._run_folder, self._facts = run_folder, facts
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="assay-seal")
        self._waiting: list[Future[Sealed]] = []

    def take(self, source: Path, branch: int, state: TrainState, config: str, known: dict[str, Any]) -> None:
        """Seal a folder the host has just written; `config` is its configuration, `known` the facts of its manifest."""
        final = checkpoint_folder(self._run_folder, state.step, branch)
        # Before the host goes on: what it deletes then is ours already.
        held = _hold(source, final)
        self._waiting.append(self._thread.submit(self._seal, final, held, branch, state, config, known))

    def done(self, *, wait: bool = False) -> list[Sealed]:
        """Those that have been sealed, or could not be, since this was asked last; all of them where one waits."""
        if not self._waiting:
            return []
        ready = [item for item in self._waiting if wait or item.done()]
        self._waiting = [item for item in self._waiting if item not in ready]
        return [item.result() for item in ready]

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()

    def _seal(
        self, final: Path, held: _Held | OSError, branch: int, state: TrainState, config: str, known: dict[str, Any]
    ) -> Sealed:
        try:
            if isinstance(held, OSError):
                raise held
            for file in held.unlinked:
                _copy(file)
            kept = json.dumps(spell_nonfinite(state.as_dict()), indent=1)
            (held.temporary / "state.json").write_text(kept + "\n", encoding="utf-8")
            (held.temporary / "config.toml").write_text(config, encoding="utf-8")
            manifest = seal(held.temporary, final, {**self._facts(), **known})
        except (OSError, ArtifactError) as error:
            return Sealed(state.step, branch, final, None, getattr(error, "strerror", None) or str(error))
        finally:
            discard_temporary(final)
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


def _hold(source: Path, final: Path) -> _Held | OSError:
    """Link the files of a folder where it is to be sealed, and list those that cannot be; what the disk said, where it
    refused.
    """
    try:
        temporary = temporary_for(final)
        unlinked = _linked(source, temporary)
        if not unlinked and not any(temporary.iterdir()):
            return OSError(None, f"the host has written nothing in {source}")
        return _Held(temporary, unlinked)
    except OSError as error:
        return error


def _linked(source: Path, target: Path) -> list[_Unlinked]:
    unlinked: list[_Unlinked] = []
    for path in sorted(source.rglob("*")):
        known, place = path.stat(), target / path.relative_to(source)
        if stat.S_ISDIR(known.st_mode):
            place.mkdir(parents=True, exist_ok=True)
            continue
        try:
            # What a symbolic link names: a link to the link would not hold it.
            os.link(path.resolve(), place)
        except FileNotFoundError:
            raise
        except OSError:
            unlinked.append(_Unlinked(path, place, _written(known)))
    return unlinked


def _copy(file: _Unlinked) -> None:
    """Copy a file, as it was when it was listed. Raises OSError, also where it is another by now."""
    try:
        with file.source.open("rb") as source, file.place.open("wb") as target:
            shutil.copyfileobj(source, target)
            # Of the open file: one that is deleted while it is read is whole all the same.
            is_same = _written(os.fstat(source.fileno())) == file.was
    except FileNotFoundError as error:
        raise OSError(None, f"the host deleted {file.source} before it was copied; {_ADVICE}") from error
    if not is_same:
        raise OSError(None, f"the host wrote {file.source} again before it was copied; {_ADVICE}")


_ADVICE = "let the store lie on the same disk, where files are linked at once, or raise save_total_limit"


def _written(known: os.stat_result) -> tuple[int, int]:
    return known.st_size, known.st_mtime_ns
