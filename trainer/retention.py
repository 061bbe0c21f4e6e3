"""Which checkpoints are kept: the newest few, the best, and what something holds."""

from pathlib import Path

import duckdb

from assay.recording import Run
from assay.spool import as_number
from store.artifacts import ArtifactError, Manifest, read_manifest, remove, sealed_folders
from store.database import Store
from store.errors import StoreError
from trainer.history import History

__all__ = ["doomed", "prune"]

STORE_SECONDS = 1.0
"""How long a checkpoint waits at the most to know what is held."""


def prune(run: Run, store: Store, history: History, keep: int) -> None:
    """Delete the checkpoints that need not be kept; what cannot be decided or deleted stays."""
    found: list[tuple[Path, Manifest]] = []
    for folder in sealed_folders(run.folder / "checkpoints"):
        try:
            found.append((folder, read_manifest(folder)))
        except ArtifactError:
            continue  # a damaged one is evidence
    unneeded = doomed(found, history, keep)
    held = _held(store) if unneeded else None
    for folder, manifest in unneeded:
        if held is not None and folder.relative_to(run.folder.parent).as_posix() not in held:
            _delete(run, folder, manifest)


def doomed(found: list[tuple[Path, Manifest]], history: History, keep: int) -> list[tuple[Path, Manifest]]:
    """Those of a run's checkpoints that are neither among the newest `keep` of its active path nor the
    best one on it.
    """
    active = [item for item in found if history.is_active(item[1]["branch"], item[1]["step"])]
    by_age = sorted(active, key=lambda item: item[1]["step"])
    measured = [item for item in by_age if _val_loss(item[1]) is not None]
    best = min(measured, key=lambda item: _val_loss(item[1]) or 0.0, default=None)
    kept = [*by_age[-keep:], best]
    return [item for item in found if item not in kept]


def _val_loss(manifest: Manifest) -> float | None:
    value = as_number(manifest.get("val_loss"))
    return None if value is None or value != value else value  # noqa: PLR0124 - NaN is not itself


def _held(store: Store) -> set[str] | None:
    """What may not be deleted; None where that cannot be known now, as training does not wait for a store."""
    try:
        rows = store.read("SELECT target FROM pin WHERE released IS NULL", timeout=STORE_SECONDS)
    except (StoreError, duckdb.Error, OSError):
        return None
    return {str(target) for target in rows["target"].to_pylist()}


def _delete(run: Run, folder: Path, manifest: Manifest) -> None:
    try:
        remove(run, folder, step=manifest["step"], branch=manifest["branch"], reason="not among those kept")
    except OSError as error:
        run.event("checkpoint", f"{folder} cannot be deleted: {error.strerror}", level="warning")
