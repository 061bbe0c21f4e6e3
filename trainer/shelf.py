"""The sealed checkpoints of a run: their states, which are kept, which one to go back to."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from assay.recording import Run
from assay.spool import as_number
from store.artifacts import ArtifactError, Manifest, announce, read_manifest, remove, sealed_folders
from store.database import Store
from store.errors import StoreError
from trainer.config import CheckpointConfig
from trainer.history import History
from trainer.mirror import Mirror

__all__ = ["Kept", "Shelf", "doomed"]

STORE_SECONDS = 1.0
"""How long a checkpoint waits at the most to know what is held."""


@dataclass(frozen=True)
class Kept:
    """One sealed checkpoint."""

    folder: Path
    """Where it is."""

    step: int
    """Step it was written after."""

    branch: int
    """Branch of that step."""

    val_loss: float | None
    """Validation loss measured after that step; None where none was, or it is no number."""

    state: str = "sealed"
    """One of store.artifacts.STATES."""


class Shelf:
    """The checkpoints of one run being trained."""

    def __init__(self, run: Run, store: Store, config: CheckpointConfig, mirror: Mirror | None = None) -> None:
        """See which checkpoints there are; damaged ones are left alone."""
        self._run, self._config, self._mirror = run, config, mirror
        self.store = store
        """Where it is known what is held."""
        self._kept: list[Kept] = []

    def read(self, history: History) -> None:
        """Take stock of a run that goes on."""
        for folder in sealed_folders(self._run.folder / "checkpoints"):
            try:
                manifest = read_manifest(folder)
            except ArtifactError:
                continue  # a damaged one is evidence
            path = folder.relative_to(self._run.folder.parent).as_posix()
            state = history.announced.get(path, {}).get("state", "sealed")
            self._kept.append(_kept(folder, manifest, state))

    def add(self, folder: Path, manifest: Manifest, history: History) -> None:
        """Put a checkpoint that was just sealed on the shelf; copy it to the mirror, clear away the unneeded."""
        self._kept.append(_kept(folder, manifest, "sealed"))
        if self._mirror:
            self._mirror.copy(folder)
        self.prune(history)

    def mature(self, step: int, unclean_step: int, history: History, *, after: int) -> None:
        """Call stable what `after` clean steps have followed, on the active path."""
        for place, item in enumerate(self._kept):
            clean = step - max(item.step, unclean_step)
            if item.state == "sealed" and clean >= after and history.is_active(item.branch, item.step):
                self._kept[place] = replace(item, state="stable")
                since = "since" if item.step >= unclean_step else "before this one"
                reason = f"no alarm in the {clean} steps {since}" if step > item.step else "the end of a clean run"
                announce(self._run, item.folder, "stable", step=item.step, branch=item.branch, reason=reason)

    def active(self, history: History) -> list[Kept]:
        """Those of the active path, by step."""
        return sorted(
            (item for item in self._kept if history.is_active(item.branch, item.step)), key=lambda item: item.step
        )

    def before(self, step: int, history: History) -> list[Kept]:
        """Those of the active path before a step that one may go back to, the best one last: stable ones by step,
        before them those of which nothing is known yet.
        """
        found = [item for item in self.active(history) if item.step < step and item.state in ("sealed", "stable")]
        return sorted(found, key=lambda item: (item.state == "stable", item.step))

    def suspect(self, step: int, history: History, reason: str) -> None:
        """Call suspect what was sealed on the active path from a step on."""
        for place, item in enumerate(self._kept):
            if item.step >= step and item.state != "suspect" and history.is_active(item.branch, item.step):
                self._kept[place] = replace(item, state="suspect")
                announce(self._run, item.folder, "suspect", step=item.step, branch=item.branch, reason=reason)

    def prune(self, history: History) -> None:
        """Delete the checkpoints that need not be kept; what cannot be decided or deleted stays."""
        unneeded = doomed(self._kept, history, self._config)
        held = _held(self.store) if unneeded else None
        for item in unneeded:
            if held is not None and item.folder.relative_to(self._run.folder.parent).as_posix() not in held:
                self._delete(item)

    def _delete(self, item: Kept) -> None:
        try:
            remove(self._run, item.folder, step=item.step, branch=item.branch, reason="not among those kept")
        except OSError as error:
            self._run.event("checkpoint", f"{item.folder} cannot be deleted: {error.strerror}", level="warning")
            return
        self._kept.remove(item)
        if self._mirror:
            self._mirror.remove(item.folder.name)


def doomed(found: list[Kept], history: History, config: CheckpointConfig) -> list[Kept]:
    """Those of a run's checkpoints that need not be kept.

    Kept are, of the active path: the newest `keep`, the one with the lowest validation loss, the newest
    stable one, the one that will be stable next, and those of every `keep_every` steps.
    """
    active = sorted((item for item in found if history.is_active(item.branch, item.step)), key=lambda item: item.step)
    kept = active[-config.keep :]
    measured = [item for item in active if item.val_loss is not None]
    kept += sorted(measured, key=lambda item: item.val_loss or 0.0)[:1]
    kept += [item for item in active if item.state == "stable"][-1:]
    # Without it, one that is pruned before it has matured would leave nothing to go back to, ever.
    kept += [item for item in active if item.state == "sealed"][:1]
    kept += [item for item in active if config.keep_every and item.step % config.keep_every == 0]
    return [item for item in found if item not in kept]


def _kept(folder: Path, manifest: Mapping[str, Any], state: str) -> Kept:
    value = as_number(manifest.get("val_loss"))
    known = None if value is None or value != value else value  # noqa: PLR0124 - NaN is not itself
    return Kept(folder, manifest["step"], manifest["branch"], known, state)


def _held(store: Store) -> set[str] | None:
    """What may not be deleted; None where that cannot be known now, as training does not wait for a store."""
    try:
        rows = store.read("SELECT target FROM pin WHERE released IS NULL", timeout=STORE_SECONDS)
    except (StoreError, duckdb.Error, OSError):
        return None
    return {str(target) for target in rows["target"].to_pylist()}
