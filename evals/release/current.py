"""What is live, for those who load it: its folder, once every byte of it was read."""

from pathlib import Path
from typing import NamedTuple

from evals.gate.live import ENVIRONMENT
from evals.release.confirming import Running, running
from evals.release.errors import RefusedError
from evals.release.making import check_environment
from evals.release.rows import Release, live_release, nothing_live, proposal_of_release
from evals.release.settling import settle_papers
from evals.release.verifying import check_files
from store.access import Actor, require
from store.database import Snapshot, Store

__all__ = ["Current", "current"]


class Current(NamedTuple):
    """What is live."""

    release: Release
    """The row that made it so."""

    folder: Path
    """Its folder, whole."""

    running: list[Running]
    """The last that each server said."""


def current(store: Store, actor: Actor, environment: str = ENVIRONMENT) -> Current:
    """What is live in an environment.

    Papers that were not written to their end are written. Raises RefusedError where nothing is live, or the folder or
    its row is not what was released; ReleaseError, AccessError.
    """
    check_environment(environment)

    def find(snapshot: Snapshot) -> tuple[Release, list[Running]]:
        require(snapshot, actor, "release:read")
        live = live_release(snapshot, environment)
        if live is None:
            raise nothing_live(snapshot, environment)
        proposal_of_release(snapshot, live)
        return live, running(snapshot, environment)

    live, servers = store.snapshot(find)
    settle_papers(store, live)
    folder = store.root / live.path
    try:
        check_files(folder, live.sha256)
    except RefusedError as error:
        raise RefusedError(f"{live.title} is live, but its folder {folder} cannot be used: {error}") from error
    return Current(live, folder, servers)
