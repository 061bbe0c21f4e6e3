"""A run that starts from another run's checkpoint: it names it, and holds it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb

from assay.recording import Run
from store.artifacts import ArtifactError, read_manifest
from store.database import Store
from store.errors import StoreError
from store.pins import pin
from store.refs import find_run

__all__ = ["Parent", "holding", "parent_of"]


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
