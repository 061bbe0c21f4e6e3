"""A release checked by the server itself, with the keys registered in its own store.

Whoever can write the store can register keys: for anyone else's eyes there is `verifying`, with keys given by hand.
"""

from typing import NamedTuple

from evals.release.base import require_base
from evals.release.check_papers import check_papers
from evals.release.errors import RefusedError, ReleaseError
from evals.release.rows import Release, proposal_of_release
from evals.release.settling import require_told, settle_papers
from evals.release.trust import registered
from evals.release.verifying import check_files
from store.database import Store
from store.keys import KeyFileError

__all__ = ["Own", "check_own"]


class Own(NamedTuple):
    """What was found."""

    files: int
    """Files whose every byte was read."""

    why: str
    """The first thing that does not hold; empty where all does."""


def check_own(store: Store, release: Release) -> Own:
    """Check row, papers and every byte of a release's folder and of its base, and decide again. Papers that were not
    written to their end are written. Raises StoreError.
    """
    try:
        store.snapshot(lambda snapshot: check_papers(release.papers, registered(snapshot)))
        made = store.snapshot(lambda snapshot: proposal_of_release(snapshot, release))
        settle_papers(store, release)
        store.snapshot(lambda snapshot: require_told(snapshot, release.environment))
        files = len(check_files(store.root / release.path, release.sha256)["files"])
        require_base(store.root, made)
        return Own(files, "")
    except (RefusedError, ReleaseError, KeyFileError) as error:
        return Own(0, str(error))
