"""What is live, for those who load it: its folder, once every byte of it was read."""

from pathlib import Path
from typing import NamedTuple

from evals.gate.live import ENVIRONMENT
from evals.release.confirming import Running, running
from evals.release.countersigning import Second, second_of
from evals.release.errors import RefusedError
from evals.release.making import check_environment
from evals.release.rows import Release, live_release, nothing_live, proposal_of_release
from evals.release.settling import settle_papers
from evals.release.verifying import check_files
from store.access import Actor, require
from store.database import Snapshot, Store

__all__ = ["Current", "DamagedError", "current"]


class DamagedError(RefusedError):
    """Something is live, but its row, papers or files are not what was released: nothing to be deployed."""

    def __init__(self, sentence: str, release: Release) -> None:
        super().__init__(sentence)
        self.release = release


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
    return Current(live, _whole_folder(store, live), servers, second)


def _whole_folder(store: Store, live: Release) -> Path:
    """Its folder, whole, beside a row that holds. Raises DamagedError, ReleaseError."""
    folder = store.root / live.path
    try:
        store.snapshot(lambda snapshot: proposal_of_release(snapshot, live))
        settle_papers(store, live)
    except RefusedError as error:
        raise DamagedError(f"{live.title} is live, but cannot be used: {error}", live) from error
    try:
        check_files(folder, live.sha256)
    except RefusedError as error:
        raise DamagedError(f"{live.title} is live, but its folder {folder} cannot be used: {error}", live) from error
    return folder
