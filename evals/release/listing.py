"""Everything that was live in an environment, and whether it can be put back today."""

from typing import NamedTuple

from evals.gate.live import ENVIRONMENT
from evals.release.making import check_environment
from evals.release.restoring import can_restore
from evals.release.rows import Release, releases_of
from store.access import Actor, require
from store.database import Snapshot, Store

__all__ = ["Listed", "listed"]


class Listed(NamedTuple):
    """A row."""

    release: Release
    """What became live."""

    can_be_put_back: bool
    """Whether it can be made live again today, as far as a glance tells."""

    why_not: str
    """Why it cannot; empty where it can."""


def listed(store: Store, actor: Actor, environment: str = ENVIRONMENT) -> list[Listed]:
    """Every row of an environment, the newest first. Raises AccessError, ReleaseError."""
    check_environment(environment)

    def read(snapshot: Snapshot) -> list[Release]:
        require(snapshot, actor, "release:read")
        return releases_of(snapshot, environment)

    rows = store.snapshot(read)
    known = {one.version: can_restore(store, one) for one in rows}
    return [Listed(one, *known[one.version]) for one in reversed(rows)]
