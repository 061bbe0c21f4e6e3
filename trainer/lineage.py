"""A run that starts from another run's checkpoint: it names it, holds it, and stands on the same base."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import duckdb

from assay.recording import Run
from store.artifacts import ArtifactError, read_manifest
from store.database import Store
from store.errors import StoreError
from store.pins import pin
from store.refs import find_run
from trainer.config import ModelConfig
from trainer.errors import ModelError
from trainer.model import fingerprint

__all__ = ["Parent", "check_base", "holding", "parent_of"]


class Parent(NamedTuple):
    """The checkpoint a run starts from."""

    run: str
    """Run it belongs to."""

    path: str
    """Its folder, relative to the store's root."""

    reference: str
    """The same as RUN/BRANCH@STEP."""


def parent_of(model: str, store: Store) -> Parent | None:
    """The checkpoint a model folder is, where it is one of a run of this store."""
    folder = Path(model).absolute()
    run = folder.parent.parent
    if folder.parent.name != "checkpoints" or run.parent.resolve() != store.root.resolve():
        return None
    try:
        manifest = read_manifest(folder)
    except ArtifactError:
        return None
    path = f"{run.name}/checkpoints/{folder.name}"
    return Parent(run.name, path, f"{run.name}/{manifest['branch']}@{manifest['step']}")


def check_base(config: ModelConfig) -> None:
    """Raise ModelError where the adapter is a checkpoint that was trained on other bytes than the model's.

    An adapter from elsewhere, or a model from the hub, says nothing of them.
    """
    try:
        manifest = read_manifest(Path(config.adapter))
    except ArtifactError:
        return
    was, now = manifest.get("base", {}).get("model_sha256"), fingerprint(replace(config, adapter=""))
    if was and now and was != now:
        raise ModelError(
            f"the model in {config.path} is not the one that the adapter in {config.adapter} was trained on; "
            f"put that one back, or name its folder"
        )


@contextmanager
def holding(parent: Parent | None, run: Run, store: Store) -> Iterator[None]:
    """Pin the parent for the sake of `run` while it begins; a store that cannot be written is told of."""
    if parent is None:
        yield
        return
    # A store that is busy is waited for beside the training, not before it.
    thread = threading.Thread(target=_hold, args=(parent, run, store), name="assay-pin", daemon=True)
    thread.start()
    yield
    thread.join(timeout=10)


def _hold(parent: Parent, run: Run, store: Store) -> None:
    try:
        owner = find_run(store, parent.run)["id"]
        pin(store, parent.path, target_kind="checkpoint", run_id=owner, holder=run.name, holder_kind="run")
    except (StoreError, duckdb.Error, OSError) as error:
        run.event("pin", f"{parent.path} is not held against deletion: {error}", level="warning")
