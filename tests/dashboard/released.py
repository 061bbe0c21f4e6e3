"""A store with releases for the pages Releases and Audit: v1, then v2 in its place, then v1 put back."""

from pathlib import Path
from typing import NamedTuple

from evals.release.confirming import confirm
from evals.release.making import make
from evals.release.restoring import restore
from store.database import Store
from tests.evals.gate.passing import Passing, copied, next_candidate, passing_store, sign

__all__ = ["WHY", "Released", "again", "released_store"]

WHY = "v2 answered <in> English"


class Released(NamedTuple):
    """The store and its candidates."""

    first: Passing
    """`triage@400`, which is v1."""

    second: Passing
    """`triage@600`, which is v2."""

    @property
    def store(self) -> Store:
        """The store."""
        return self.first.store


def released_store(folder: Path) -> Released:
    """Make it: Li and Zhao approve v1, Li and Sun v2; Zhao releases; Li puts v1 back, which gpu-1 runs, gpu-2 not."""
    first = passing_store(folder)
    sign(first, first.li, "good enough for the clinic")
    sign(first, first.zhao)
    make(first.store, first.zhao, first.candidate, reason="the first one")
    second = next_candidate(first)
    sign(second, second.li)
    sign(second, second.sun)
    make(first.store, first.zhao, second.candidate)
    restore(first.store, first.li, "v1", reason=WHY)
    confirm(first.store, first.chen, first.proposal.sha256, host="gpu-1")
    confirm(first.store, first.chen, second.proposal.sha256, host="gpu-2")
    return Released(first, second)


def again(made: Released, folder: Path) -> Released:
    """The same in a folder that is not there yet: to be changed, for one test."""
    first = copied(made.first, folder)
    return Released(first, made.second._replace(store=first.store))
