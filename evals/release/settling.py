"""The papers beside a released folder as the store's row has them, and the row as it was signed and told."""

from typing import Any

from evals.release.bundle import utc_text
from evals.release.check_papers import check_papers
from evals.release.errors import BrokenError, RefusedError, ReleaseError
from evals.release.papers import mend_papers
from evals.release.restored import check_restored, mend_restored
from evals.release.rows import Release
from evals.release.trust import registered
from store.agreement import release_fault
from store.artifacts import MANIFEST
from store.database import Snapshot, Store

__all__ = ["require_row", "require_told", "settle_papers"]


def settle_papers(store: Store, release: Release) -> bool:
    """Write the papers where that was interrupted; whether it was. A folder that is gone is left alone.

    A folder that was released more than once has those of the newest one. Raises RefusedError where the row, or a
    paper, is not what was signed; ReleaseError where the disk refuses.
    """
    store.snapshot(lambda snapshot: require_row(snapshot, release))
    rows = store.rows(_SAME, {"sha256": release.sha256})
    folder = store.root / release.path
    if rows[-1]["envelope"] != release.envelope or not (folder / MANIFEST).is_file():
        return False
    restored = [row["statement"] for row in rows if row["statement"]]
    try:
        mended = mend_papers(folder, release.papers, {row["envelope"] for row in rows} - {release.envelope})
        return mend_restored(folder, restored[-1] if restored else None, restored[:-1]) or mended
    except OSError as error:
        raise ReleaseError(
            f"{release.title} is live, but its papers could not be written to {folder}: {error.strerror}; make room, "
            "then ask for it again: assay release current"
        ) from error


def require_row(snapshot: Snapshot, release: Release) -> dict[str, Any]:
    """The bundle of a row. Raises RefusedError where the row is not what this store's server signed."""
    trusted = registered(snapshot)
    try:
        bundle = check_papers(release.papers, trusted, again=False)
        signed: dict[str, Any] = {**bundle["released"], "environment": bundle["environment"]}
        if release.kind == "restore":
            signed = check_restored(release.statement, trusted, release.sha256)
    except BrokenError as error:
        raise RefusedError(f"the row of {release.title} does not hold: {error}") from error
    told = (bundle["environment"], bundle["version"], bundle["what"]["sha256"], bundle["override"])
    if told != (release.environment, release.version, release.sha256, release.override):
        raise RefusedError(f"the row of {release.title} was changed: what was signed is another release")
    mine = {
        "environment": release.environment, "by": release.created_by, "role": release.role,
        "time": utc_text(release.created), "reason": release.reason,
        **({"version": release.version} if release.kind == "restore" else {}),
    }  # fmt: skip
    for name, value in mine.items():
        if signed[name] != value:
            raise RefusedError(
                f"the row of {release.title} was changed: it says {value}, but {signed[name]} was signed"
            )
    return bundle


def require_told(snapshot: Snapshot, environment: str) -> None:
    """Raise RefusedError where an environment's releases are not what the audit log tells: one was removed, or added.

    Then nobody can say what is live.
    """
    said = release_fault(snapshot, environment)
    if said:
        raise RefusedError(
            f"the releases of {environment} are not what the audit log tells: {said}; compare the store with a backup"
        )


_SAME = "SELECT envelope, statement FROM release WHERE sha256 = $sha256 ORDER BY id"
