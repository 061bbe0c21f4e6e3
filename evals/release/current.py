"""What is live, for those who load it: its folder, once every byte of it was read."""

import json
from pathlib import Path
from typing import Any, NamedTuple, cast

from evals.gate.live import ENVIRONMENT
from evals.gate.proposals import Proposal
from evals.release.base import base_folder, needs_base, require_base
from evals.release.confirming import Running, running
from evals.release.countersigning import Second, second_of
from evals.release.errors import RefusedError
from evals.release.making import check_environment
from evals.release.rows import Release, live_release, nothing_live, proposal_of_release
from evals.release.settling import require_told, settle_papers
from evals.release.verifying import check_files
from store.access import Actor, require
from store.database import Snapshot, Store

__all__ = ["Base", "Current", "DamagedError", "current"]

CONFIG = "adapter_config.json"


class DamagedError(RefusedError):
    """Something is live, but its row, papers or files are not what was released: nothing to be deployed."""

    def __init__(self, sentence: str, release: Release) -> None:
        super().__init__(sentence)
        self.release = release


class Base(NamedTuple):
    """The model that an adapter stands on, every byte of which was read."""

    path: Path
    """Its folder."""

    sha256: str
    """Its digest, as training gave it."""


class Current(NamedTuple):
    """What is live."""

    release: Release
    """The row that made it so."""

    folder: Path
    """Its folder, whole."""

    running: list[Running]
    """The last that each server said."""

    second: Second | None
    """The second lead of a restore; None where none need confirm."""

    base: Base | None
    """What it stands on; None where it stands alone."""

    warning: str
    """What its files say of that base that is not so, in a sentence; empty where they do not."""


def current(store: Store, actor: Actor, environment: str = ENVIRONMENT) -> Current:
    """What is live in an environment.

    Papers that were not written to their end are written. Raises RefusedError where nothing is live, DamagedError where
    what is live is not what was released; ReleaseError, AccessError.
    """
    check_environment(environment)

    def find(snapshot: Snapshot) -> tuple[Release, list[Running], Second | None]:
        require(snapshot, actor, "release:read")
        live = live_release(snapshot, environment)
        if live is None:
            raise nothing_live(snapshot, environment)
        return live, running(snapshot, environment), second_of(snapshot, live)

    live, servers, second = store.snapshot(find)
    folder, base = _whole_folder(store, live)
    return Current(live, folder, servers, second, base, _warning(folder, base))


def _whole_folder(store: Store, live: Release) -> tuple[Path, Base | None]:
    """Its folder, whole, beside a row that holds, and its base. Raises DamagedError, ReleaseError."""
    folder = store.root / live.path
    try:
        made = store.snapshot(lambda snapshot: proposal_of_release(snapshot, live))
        settle_papers(store, live)
        store.snapshot(lambda snapshot: require_told(snapshot, live.environment))
    except RefusedError as error:
        raise DamagedError(f"{live.title} is live, but cannot be used: {error}", live) from error
    try:
        check_files(folder, live.sha256)
    except RefusedError as error:
        raise DamagedError(f"{live.title} is live, but its folder {folder} cannot be used: {error}", live) from error
    try:
        return folder, _whole_base(store.root, made)
    except RefusedError as error:
        raise DamagedError(f"{live.title} is live, but cannot be used: {error}", live) from error


def _whole_base(root: Path, made: Proposal) -> Base | None:
    require_base(root, made)
    return Base(base_folder(root, made), str(made.digests["base"])) if needs_base(made) else None


def _warning(folder: Path, base: Base | None) -> str:
    """An adapter names its base by a path, which cannot be written anew where the store or the base was moved."""
    named = _base_named(folder)
    if base is None or not named.is_absolute() or named.resolve() == base.path.resolve():
        return ""
    return f"{CONFIG} names the base {named}, which is not the one that was checked; load it on {base.path}"


def _base_named(folder: Path) -> Path:
    try:
        found: Any = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = {}
    named = cast("dict[str, Any]", found).get("base_model_name_or_path") if isinstance(found, dict) else None
    return Path(named if isinstance(named, str) else "")
