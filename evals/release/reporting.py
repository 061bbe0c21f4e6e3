"""What the printed report of a release is made of: its bundle, and what the store knows of it since."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from evals.gate.gate import Check, gate
from evals.gate.live import ENVIRONMENT
from evals.gate.policy import Policy, whole_policy
from evals.gate.required import leads_required
from evals.gate.reviewed import campaigns_of
from evals.release.confirming import Running, running
from evals.release.lineage import Link, lineage_of
from evals.release.making import check_environment
from evals.release.refusal import standing_refusal
from evals.release.rows import Release, find_release, live_release, nothing_live, proposal_of_release, releases_of
from evals.release.settling import require_row, settle_papers
from store.access import Actor, require
from store.clock import utc_now
from store.database import Snapshot, Store

__all__ = ["Reported", "local_and_utc", "reported"]


@dataclass(frozen=True, slots=True)
class Reported:
    """All of it."""

    release: Release
    """The release, as it was first made."""

    bundle: dict[str, Any]
    """Its bundle, whose signature holds."""

    policy: Policy
    """What it was checked by."""

    required: int
    """Leads who had to sign, as the gate counts them."""

    checks: tuple[Check, ...]
    """The checks, which the gate makes anew where it says the same; empty where a later gate says something else."""

    spans: tuple[Release, ...]
    """Each time this version was live, the oldest first."""

    refused: str
    """Which lead refuses it, when and why; empty where no refusal stands."""

    running: tuple[Running, ...]
    """The last that each server said."""

    line: tuple[Link, ...]
    """Its lineage, the oldest first."""

    made: datetime
    """When this was gathered, in UTC."""

    @property
    def is_live(self) -> bool:
        """Whether it is live now."""
        return self.spans[-1].until is None


def reported(store: Store, actor: Actor, named: str | None, environment: str = ENVIRONMENT) -> Reported:
    """Gather it for VERSION or DIGEST; for what is live where none is named.

    Raises RefusedError where nothing is live, or the row is not what was signed; ReleaseError, AccessError.
    """
    check_environment(environment)

    def find(snapshot: Snapshot) -> Release:
        require(snapshot, actor, "release:read")
        live = live_release(snapshot, environment)
        if named is None and live is None:
            raise nothing_live(snapshot, environment)
        return find_release(snapshot, named or f"v{live.version if live else 0}", environment)

    release = store.snapshot(find)
    settle_papers(store, release)
    return store.snapshot(lambda snapshot: _gathered(snapshot, release))


def local_and_utc(moment: datetime | str) -> str:
    """A time of the store, or of a bundle, where this machine is and in UTC."""
    known = datetime.fromisoformat(moment.removesuffix("Z")) if isinstance(moment, str) else moment
    here = known.replace(tzinfo=UTC).astimezone()
    offset = here.strftime("%z")
    return f"{here:%Y-%m-%d %H:%M} ({offset[:3]}:{offset[3:]}) · {known:%Y-%m-%d %H:%M} UTC"


def _gathered(snapshot: Snapshot, release: Release) -> Reported:
    bundle = require_row(snapshot, release)
    made = proposal_of_release(snapshot, release)
    policy = whole_policy(bundle["policy"]["text"])
    checks = gate(policy, bundle["evidence"])
    same = [check.as_dict() for check in checks] == bundle["checks"]
    spans = [one for one in releases_of(snapshot, release.environment) if one.version == release.version]
    line = lineage_of(snapshot, made.candidate, made.checkpoint_sha256, made.run_id)
    return Reported(
        release, bundle, policy, _required(snapshot, bundle, policy), tuple(checks) if same else (),
        tuple(spans), standing_refusal(snapshot, made, release.environment),
        tuple(running(snapshot, release.environment)), tuple(line.links()), utc_now(),
    )  # fmt: skip


def _required(snapshot: Snapshot, bundle: Mapping[str, Any], policy: Policy) -> int:
    """Of the campaigns that there were when it was released, which the audit log tells."""
    known = campaigns_of(snapshot, bundle["what"]["checkpoint_sha256"])
    return leads_required(snapshot, policy, [one for one in known if (one.opened or 0) <= bundle["audit"]["seq"]])
