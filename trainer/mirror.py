"""A second place for checkpoints: each sealed one is copied and verified there, beside the training.

    <mirror>/<run>/checkpoints/…    the same folders, byte for byte
    <mirror>/<run>/spool/…          the run's history so far
    <mirror>/<run>/config.toml      what takes effect
    <mirror>/<run>/delivery.json    where it is delivered, if it is, and the word that a server knows it by

So a run can go on from its mirror alone: `assay train --resume <mirror>/<run>`, or that with @STEP.
"""

import os
import queue
import re
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Self

from assay.delivery import DELIVERY_NAME
from assay.notes import write_note
from assay.recording import Run
from store.artifacts import ArtifactError, clear_temporary, digest, sealed_folders, temporary_for, verify
from store.database import Store
from trainer.errors import ResumeError

__all__ = ["Mirror", "check_absent", "is_mirrored", "restore_checkpoints", "restore_run"]

HISTORY_SECONDS = 10.0
"""How long a copy waits for the recorder, which writes beside the training, to have told of a checkpoint."""

PIECE_BYTES = 1 << 22

_TOLD = re.compile(rb'"path":"[^"]*/checkpoints/([^"/]+)"')


class Mirror:
    """Copies checkpoints of one run from a thread of its own; what fails is told, and training goes on."""

    def __init__(self, run: Run, folder: Path, say: Callable[[str], None]) -> None:
        """Copy to `folder`, once entered as a context; `say` tells the person at the terminal what fails."""
        self._run, self._place, self._say = run, folder / run.name, say
        self._is_failing = False
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._loop, name="assay-mirror", daemon=True)
        self._told: set[bytes] = set()

    def copy(self, folder: Path) -> None:
        """Copy a sealed checkpoint, soon."""
        self._work.put(partial(self._copy, folder))

    def remove(self, name: str) -> None:
        """Remove the copy of a checkpoint that is no longer kept."""
        self._work.put(lambda: shutil.rmtree(self._place / "checkpoints" / name, ignore_errors=True))

    def __enter__(self) -> Self:
        self._work.put(self._tidy)
        self._thread.start()
        return self

    def wait(self) -> None:
        """Return once everything asked for so far is copied, or has failed."""
        done = threading.Event()
        self._work.put(done.set)
        done.wait()

    def __exit__(self, *_: object) -> None:
        self._work.put(None)
        self._thread.join()

    def _loop(self) -> None:
        while work := self._work.get():
            try:
                work()
            except (OSError, ArtifactError) as error:
                self._tell(f"not copied to {self._place}: {_why(error)}")

    def _tell(self, sentence: str) -> None:
        """Record a failure; of several in a row a person is told the first, as each would say the same."""
        self._run.event("mirror", sentence, level="alarm")
        if not self._is_failing:
            self._is_failing = True
            self._say(f"{sentence}; training goes on, and each further checkpoint is tried")

    def _tidy(self) -> None:
        """Clear away what a killed copy left, and put aside the mirror of another run of this name."""
        clear_temporary(self._place / "checkpoints")
        strange = _spools(self._place).keys() - _spools(self._run.folder).keys()
        if not strange:
            return
        aside = self._place.with_name(f"{self._place.name}-{min(strange).removesuffix('.jsonl')}")
        self._place.rename(aside)
        sentence = f"{self._place} was the mirror of another run of this name; it is kept as {aside}"
        self._run.event("mirror", sentence, level="warning")

    def _copy(self, folder: Path) -> None:
        if not folder.exists():
            return  # cleared away in the meantime
        copy_sealed(folder, self._place / "checkpoints" / folder.name)
        shutil.copyfile(self._run.folder / "config.toml", self._place / "config.toml")
        _copy_note(self._run.folder, self._place)
        (self._place / "spool").mkdir(exist_ok=True)
        self._copy_history(folder.name.encode())
        self._is_failing = False

    def _copy_history(self, checkpoint: bytes) -> None:
        """Copy what was recorded up to a checkpoint: one whose steps are not recorded is not gone on from."""
        deadline = time.monotonic() + HISTORY_SECONDS
        while True:
            for name, path in _spools(self._run.folder).items():
                self._told |= _append_rest(path, self._place / "spool" / name)
            if checkpoint in self._told or time.monotonic() > deadline:
                return
            time.sleep(0.02)


def copy_sealed(folder: Path, final: Path) -> None:
    """Copy a sealed folder so that it is there whole or not at all; a damaged one in its place is put aside.

    Raises ArtifactError, OSError.
    """
    if _is_whole(final):
        return
    temporary = temporary_for(final)
    try:
        shutil.copytree(folder, temporary, dirs_exist_ok=True, copy_function=_copy_file)
        _verify_copy(folder, temporary)
        if final.exists():
            final.rename(final.with_name(f".damaged-{final.name}"))
        temporary.rename(final)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def is_mirrored(place: Path) -> bool:
    """Whether a folder is a run's mirror."""
    return (place / "config.toml").is_file() and (place / "checkpoints").is_dir()


def check_absent(place: Path, store: Store) -> None:
    """Raise ResumeError where a run cannot be brought back from its mirror, as there is one of its name."""
    if (store.root / place.name).exists():
        raise ResumeError(
            f"run {place.name} is in {store.root} already; `assay train --resume {place.name}` goes on with it"
        )
    if store.exists and store.rows("SELECT 1 AS x FROM run WHERE name = $name", {"name": place.name}):
        raise ResumeError(
            f"{store.path} still knows a run {place.name} whose folder is gone; remove it with `assay runs rm "
            f"{place.name}`, or bring it back in another store with --store"
        )


def restore_run(place: Path, final: Path, needed: str) -> list[str]:
    """Bring a run back from its mirror to where no run is; a sentence for each copy that was refused.

    Raises ResumeError where the `needed` checkpoint is among them, or the disk refuses, and leaves nothing
    half there.
    """
    temporary = final.with_name(f".tmp-{final.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        (temporary / "checkpoints").mkdir(parents=True)
        refused = restore_checkpoints(place, temporary, needed)
        # As new files: what is older than the removal of a run of this name would not be loaded.
        shutil.copytree(place / "spool", temporary / "spool", copy_function=_copy_file)
        shutil.copyfile(place / "config.toml", temporary / "config.toml")
        _copy_note(place, temporary)
        temporary.rename(final)
    except OSError as error:
        raise ResumeError(f"run {place.name} cannot be brought back from {place}: {error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return refused


def restore_checkpoints(place: Path, run_folder: Path, needed: str) -> list[str]:
    """Bring back each checkpoint of a mirror that the run has not got whole; why those refused are not taken.

    Raises ResumeError where the `needed` one is among them.
    """
    refused: list[str] = []
    # The one that is needed first: where the disk refuses it, no other is brought.
    for folder in sorted(sealed_folders(place / "checkpoints"), key=lambda folder: (folder.name != needed, folder)):
        try:
            copy_sealed(folder, run_folder / "checkpoints" / folder.name)
        except (ArtifactError, OSError) as error:
            if folder.name == needed:
                raise ResumeError(f"run {place.name} cannot be brought back from {place}: {_why(error)}") from error
            refused.append(_why(error))
    return refused


def _why(error: OSError | ArtifactError) -> str:
    """An error in words; one of a whole folder's copy lists one a file, of which the first says it."""
    listed = error.args[0] if isinstance(error, shutil.Error) else None
    return str(listed[0][2]) if isinstance(listed, list) else str(error)


def _is_whole(folder: Path) -> bool:
    try:
        verify(folder)
    except (ArtifactError, OSError):
        return False
    return True


def _verify_copy(folder: Path, copy: Path) -> None:
    try:
        verify(copy, digest(folder))
    except ArtifactError:
        verify(folder)  # it is named where the damage is in it already
        raise


def _spools(run_folder: Path) -> dict[str, Path]:
    return {path.name: path for path in sorted((run_folder / "spool").glob("*.jsonl"))}


def _copy_file(source: str, target: str) -> None:
    """Copy a file's bytes, not its times, safely to disk."""
    shutil.copyfile(source, target)
    with Path(target).open("rb") as file:
        os.fsync(file.fileno())


def _copy_note(source: Path, target: Path) -> None:
    """Copy by what a server knows a run; without it, it would be another run there."""
    with suppress(FileNotFoundError):
        write_note(target / DELIVERY_NAME, (source / DELIVERY_NAME).read_text(encoding="utf-8"))


def _append_rest(source: Path, target: Path) -> set[bytes]:
    """Copy the whole lines that the copy of an append-only file lacks; names of the checkpoints they tell of."""
    told: set[bytes] = set()
    with source.open("rb") as old, target.open("ab") as new:
        old.seek(new.tell())
        while end := (data := old.read(PIECE_BYTES)).rfind(b"\n") + 1:
            new.write(data[:end])
            told.update(_TOLD.findall(data[:end]))
            old.seek(end - len(data), os.SEEK_CUR)
    return told
