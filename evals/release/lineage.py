"""Where a candidate comes from and what became of it, as plain rows: the strip of pages, the line in a report.

found = lineage_of(snapshot, "triage@600", proposal.checkpoint_sha256, proposal.run_id)
[link.name for link in found.links()]        base, runs, what happened, checkpoint, scores, reviews, who signed, live
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Literal, NamedTuple, TypeAlias

from store import lineage
from store.database import Snapshot
from store.refs import parse_ref

__all__ = ["Kind", "Lineage", "Link", "lineage_of", "went_on_at"]

Row = dict[str, Any]

Kind: TypeAlias = Literal[
    "gone", "base", "run", "branch", "alarm", "checkpoint", "scores", "campaign", "signed", "release"
]
"""What a link of the line is; `gone` is a run that others came from and that was removed."""


class Link(NamedTuple):
    """One link of the line."""

    kind: Kind
    """What it is."""

    name: str
    """Its name, in no language: a path, RUN@STEP, a reason, a campaign, an environment with its version."""

    row: Row
    """What else is known of it; see the function of `store.lineage` that it comes from."""


class Lineage(NamedTuple):
    """All that is known, by its parts."""

    candidate: str
    """RUN@STEP it is about."""

    ancestry: list[Row]
    """See `store.lineage.ancestry`; empty where the run was removed."""

    moments: list[Row]
    """See `store.lineage.moments`; those before the checkpoint was written."""

    checkpoint: Row
    """run (null where it was removed), branch, step, sha256 of the checkpoint."""

    scores: list[Row]
    """See `store.lineage.scores`."""

    campaigns: list[Row]
    """See `store.lineage.campaigns`."""

    signatures: list[Row]
    """See `store.lineage.signatures`."""

    releases: list[Row]
    """See `store.lineage.releases`."""

    def links(self) -> list[Link]:
        """All of it in one line, the oldest first."""
        return [
            *_before(self.ancestry),
            *(Link(row["kind"], row["words"], row) for row in self.moments),
            Link("checkpoint", self.candidate, self.checkpoint),
            *(Link("scores", ", ".join(row["suites"]), row) for row in self.scores),
            *(Link("campaign", row["name"], row) for row in self.campaigns),
            *(Link("signed", row["environment"], row) for row in self.signatures if row["environment"] is not None),
            *(Link("release", f"{row['environment']} v{row['version']}", row) for row in self.releases),
        ]


def lineage_of(snapshot: Snapshot, candidate: str, sha256: str, run_id: int | None) -> Lineage:
    """The lineage of a checkpoint by its digest; `run_id` is its run, None where that was removed."""
    found = snapshot.rows(_CHECKPOINT, {"sha256": sha256, "run_id": run_id})
    ref = parse_ref(candidate)
    place: Row = found[0] if found else {"run": None, "branch": ref.branch, "step": ref.step, "written": None}
    past = run_id if found else None
    return Lineage(
        candidate,
        [] if past is None else lineage.ancestry(snapshot, past).to_pylist(),
        [] if past is None else lineage.moments(snapshot, past, place["written"]).to_pylist(),
        {"run": place["run"], "branch": place["branch"], "step": place["step"], "sha256": sha256},
        lineage.scores(snapshot, [sha256]),
        lineage.campaigns(snapshot, [sha256]),
        lineage.signatures(snapshot, [sha256]),
        lineage.releases(snapshot, [sha256]),
    )


def went_on_at(name: str, reference: str | None) -> str:
    """A run, and the step at which another one began: RUN@STEP.

    >>> went_on_at("book", "book/1@81"), went_on_at("book", None)
    ('book@81', 'book')
    """
    step = None if reference is None else parse_ref(reference).step
    return name if step is None else f"{name}@{step}"


def _before(rows: list[Row]) -> Iterator[Link]:
    """Base or what is left of a parent that is gone, the runs before, the candidate's own."""
    if not rows:
        return
    oldest = rows[0]
    if oldest["parent"] is not None:
        yield Link("gone", oldest["parent"], oldest)
    elif oldest["model"]:
        yield Link("base", oldest["model"], oldest)
    for parent, child in pairwise(rows):
        yield Link("run", went_on_at(parent["name"], child["parent"]), parent)
    yield Link("run", rows[-1]["name"], rows[-1])


_CHECKPOINT = """
SELECT r.name AS run, c.branch, c.step, c.created AS written
FROM checkpoint c JOIN run r ON r.id = c.run_id
WHERE c.sha256 = $sha256 AND c.run_id = $run_id
ORDER BY c.created LIMIT 1
"""
