"""The rows of `release`: what is live where, what was, and which one a person means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from evals.gate.numbers import short
from evals.gate.proposals import Proposal, proposal_of
from evals.release.errors import RefusedError, ReleaseError
from evals.release.papers import Papers, read_papers
from store.database import Snapshot

__all__ = [
    "LEAST_DIGEST", "Release", "digest_of", "find_release", "live_release", "nothing_live", "proposal_of_release",
    "releases_of", "version_of",
]  # fmt: skip

LEAST_DIGEST = 12
"""Characters of a digest that name a release."""

HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True)
class Release:
    """One row: something became live."""

    id: int
    """Number in the store."""

    environment: str
    """Where."""

    kind: str
    """release, or restore where an earlier one was put back."""

    version: int
    """Number that people call it by."""

    proposal_id: int
    """What."""

    decision_id: int
    """On which decision."""

    sha256: str
    """Digest of the folder."""

    override: bool
    """Whether the gate did not pass."""

    reason: str
    """Why."""

    created: datetime
    """Since when."""

    created_by: str
    """By whom, as in the audit log."""

    role: str
    """Role by which it was allowed."""

    bundle: str = field(repr=False)
    """bundle.json."""

    envelope: str = field(repr=False)
    """bundle.intoto.json."""

    statement: str = field(default="", repr=False)
    """restore.intoto.json; empty for a release."""

    until: datetime | None = None
    """When something else became live there; None while it is live."""

    candidate: str = ""
    """RUN@STEP it was built from."""

    path: str = ""
    """Its folder, relative to the store's root."""

    by: str = ""
    """Name of the person; of a command its account."""

    @cached_property
    def papers(self) -> Papers:
        """What lies beside the files. Raises RefusedError where the bundle in the store is damaged."""
        return read_papers(self.bundle, self.envelope)

    @property
    def title(self) -> str:
        """As people say it: v3 of prod."""
        return f"v{self.version} of {self.environment}"


def releases_of(snapshot: Snapshot, environment: str) -> list[Release]:
    """Everything that was live in an environment, the oldest first."""
    return _all(snapshot, "WHERE r.environment = $environment", {"environment": environment})


def live_release(snapshot: Snapshot, environment: str) -> Release | None:
    """What is live in an environment; None where nothing ever was."""
    found = _all(snapshot, f"WHERE r.id = ({_NEWEST})", {"environment": environment})
    return found[0] if found else None


def find_release(snapshot: Snapshot, named: str, environment: str) -> Release:
    """The release that VERSION (3, v3) or DIGEST (12 characters or more) names, as it was first made.

    Raises ReleaseError where there is none.
    """
    made = [one for one in releases_of(snapshot, environment) if one.kind == "release"]
    version = version_of(named)
    if version is not None:
        found = [one for one in made if one.version == version]
    else:
        found = [one for one in made if one.sha256.startswith(digest_of(named, least=LEAST_DIGEST))]
    if not found:
        there = ", ".join(f"v{one.version}" for one in made) or "none"
        raise ReleaseError(f"there is no release {named} of {environment}; there are: {there}")
    return found[-1]


def version_of(named: str) -> int | None:
    """The number in `3` or `v3`; None where a text is something else.

    >>> version_of("v3"), version_of("12"), version_of("12ab")
    (3, 12, None)
    """
    number = named.lower().removeprefix("v")
    return int(number) if number.isascii() and number.isdigit() and len(number) < LEAST_DIGEST else None


def digest_of(named: str, *, least: int = 64) -> str:
    """A digest as the store has it, from `sha256:HEX` or HEX. Raises ReleaseError for what is none.

    >>> digest_of("sha256:0123456789AB", least=12)
    '0123456789ab'
    """
    digest = named.strip().lower().removeprefix("sha256:")
    if not least <= len(digest) <= 64 or not set(digest) <= HEX:
        wanted = "its 64 characters" if least == 64 else f"{least} of its characters or more"
        raise ReleaseError(f"{named} is no digest of a release; give {wanted}, as assay release ls prints it")
    return digest


def nothing_live(snapshot: Snapshot, environment: str) -> RefusedError:
    """What is said where nothing is live."""
    rows = snapshot.rows("SELECT DISTINCT environment FROM release ORDER BY environment")
    others = ", ".join(row["environment"] for row in rows)
    hint = f"; there is something in: {others}" if others else "; assay release make RUN@STEP releases a checkpoint"
    return RefusedError(f"nothing is live in {environment}{hint}")


def proposal_of_release(snapshot: Snapshot, release: Release) -> Proposal:
    """The folder that was released. Raises RefusedError where its row is not the one that was signed."""
    found = proposal_of(snapshot, release.proposal_id)
    if found.sha256 != release.sha256:
        raise RefusedError(
            f"the row of {release.title} was changed: it names the folder {short(release.sha256)}, but its proposal "
            f"is {short(found.sha256)}"
        )
    return found


def _all(snapshot: Snapshot, where: str, values: Mapping[str, Any]) -> list[Release]:
    rows: Sequence[dict[str, Any]] = snapshot.rows(_READ.format(where=where), values)
    return [Release(**row) for row in rows]


_NEWEST = "SELECT max(id) FROM release WHERE environment = $environment"

_READ = """
SELECT r.*, (SELECT min_by(n.created, n.id) FROM release n WHERE n.environment = r.environment AND n.id > r.id)
         AS until,
       coalesce(p.candidate, '') AS candidate, coalesce(p.path, '') AS path,
       coalesce(u.name, regexp_replace(r.created_by, '^[a-z]+:', '')) AS by
FROM release r LEFT JOIN proposal p ON p.id = r.proposal_id
LEFT JOIN "user" u ON concat('user:', u.id) = r.created_by
{where} ORDER BY r.id
"""
