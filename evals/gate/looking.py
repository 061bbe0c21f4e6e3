"""A look at a candidate: its evidence, what the gate says of it, and who has signed that.

found = look(store, actor, "triage@600")
found.decision, found.digest, found.standing.missing
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.errors import AssayError
from evals.gate.evidence import Gathering, Live, evidence_digest, gather
from evals.gate.gate import gate
from evals.gate.live import ENVIRONMENT, environment_fault, live_before
from evals.gate.policy import Policy, default_policy
from evals.gate.proposals import Proposal, newest_proposal
from evals.gate.required import leads_required, registered_policy
from evals.gate.reviewed import Campaign, Reviewed, campaigns_of
from evals.gate.signed import Standing, standing
from evals.gate.types import Check, Decision, decision_of
from evals.review.course_of import course_of
from evals.review.gathered import gather as gather_campaign
from evals.review.results import Results, decided, results, results_of
from store.access import Actor, require
from store.database import Snapshot, Store
from store.owners import owners_of, unknown_accounts, unknown_owners
from store.places import Place, find_checkpoint

__all__ = ["Look", "look", "look_again"]


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of a candidate."""

    place: Place
    """The checkpoint."""

    environment: str
    """Where it would be released."""

    policy: Policy
    """What it is checked by."""

    evidence: dict[str, Any]
    """All that it is decided on."""

    digest: str
    """SHA-256 of the evidence, as hex: what an approval signs."""

    checks: tuple[Check, ...]
    """What the gate says."""

    decision: Decision
    """The weakest of them."""

    proposal: Proposal | None
    """The folder that would be released; None where none was built."""

    live: Live | None
    """What it would take the place of."""

    standing: Standing
    """Who has signed this evidence, and what is missing."""

    results: Results | None
    """Of the campaign that counts, in full; None where there is none."""

    notes: tuple[str, ...] = ()
    """What leads should know that is no check, a sentence each: an owner whom nobody here is."""


def look(
    store: Store, actor: Actor, named: str, *, policy: Policy | None = None, environment: str = ENVIRONMENT
) -> Look:
    """Look at RUN@STEP. Without a policy it is the one its campaign was opened with, else the one Assay brings.

    What experts found is part of it, so the look is logged, and whoever looks cannot grade in the campaign. Raises
    AccessError, StoreError where there is no such checkpoint, PolicyError, AssayError for what is no environment.
    """
    if said := environment_fault(environment):
        raise AssayError(said)

    def find(snapshot: Snapshot) -> tuple[Place, Proposal | None, Live | None, list[Campaign]]:
        require(snapshot, actor, "release:read")
        place = find_checkpoint(snapshot, store.root, named)
        return place, *_proposed(snapshot, environment, place), campaigns_of(snapshot, place.sha256)

    place, proposal, live, campaigns = store.snapshot(find)
    review = _reviewed(
        store, campaigns, live, lambda number: results(store, actor, number),
        lambda number: decided(store, actor, number),
    )  # fmt: skip

    def read(snapshot: Snapshot) -> Look:
        rules = policy or _policy_of(snapshot, review)
        asked = Gathering(store.root, place, proposal, live, environment, rules.sha256)
        return _judged(snapshot, asked, rules, campaigns, review)

    return store.snapshot(read)


def look_again(snapshot: Snapshot, root: Path, seen: Look) -> Look:
    """The same look inside a transaction that acts on what it finds; nothing is logged, as `look` did so just before.

    Raises StoreError where the checkpoint is gone.
    """
    place = find_checkpoint(snapshot, root, seen.place.reference)
    proposal, live = _proposed(snapshot, seen.environment, place)
    campaigns = campaigns_of(snapshot, place.sha256)
    review = _reviewed(
        snapshot, campaigns, live, lambda number: results_of(gather_campaign(snapshot, number)),
        lambda number: course_of(gather_campaign(snapshot, number)).decision,
    )  # fmt: skip
    asked = Gathering(root, place, proposal, live, seen.environment, seen.policy.sha256)
    return _judged(snapshot, asked, seen.policy, campaigns, review)


def _proposed(snapshot: Snapshot, environment: str, place: Place) -> tuple[Proposal | None, Live | None]:
    """The folder that would be released, and what it would take the place of."""
    proposal = newest_proposal(snapshot, place.sha256)
    return proposal, live_before(snapshot, environment, place.sha256, proposal.sha256 if proposal else "")


def _judged(
    snapshot: Snapshot, asked: Gathering, rules: Policy, campaigns: Sequence[Campaign], review: Reviewed | None
) -> Look:  # fmt: skip
    evidence = gather(snapshot, asked, review)
    checks, digest = gate(rules, evidence), evidence_digest(evidence)
    signed = standing(snapshot, asked.proposal, asked.environment, digest, leads_required(snapshot, rules, campaigns))
    return Look(
        asked.place, asked.environment, rules, evidence, digest, tuple(checks), decision_of(checks), asked.proposal,
        asked.live, signed, review.results if review else None, _notes(snapshot, asked.place, demo=evidence["demo"]),
    )  # fmt: skip


def _notes(snapshot: Snapshot, place: Place, *, demo: bool) -> tuple[str, ...]:
    """In a demo store owners may sign, so that nobody needs to know who they are."""
    if demo:
        return ()
    owners = owners_of(snapshot, place.run_id)
    named = [f'the owner "{name}" of {place.run}' for name in unknown_owners(snapshot, owners)]
    trained = [f'the account "{name}" that trained {place.run}' for name in unknown_accounts(snapshot, owners)]
    return tuple(
        f"{who} is nobody known here, so the rule that owners may not approve their own run cannot be applied to them; "
        "assay user ls lists everyone"
        for who in [*named, *trained]
    )


def _reviewed(
    store: Store | Snapshot, campaigns: Sequence[Campaign], live: Live | None, read: Callable[[int], Results],
    decision: Callable[[int], str],
) -> Reviewed | None:  # fmt: skip
    """The newest campaign against what is live counts, else the newest; what the others found is told beside it."""
    if not campaigns:
        return None
    right = [one for one in campaigns if live and one.baseline_sha256 == live.checkpoint_sha256]
    chosen = (right or list(campaigns))[0]
    found = read(chosen.id)
    others = [(one.name, decision(one.id)) for one in campaigns if one.id != chosen.id]
    simulated = store.rows(_SIMULATED, {"campaign": chosen.id})[0]["count"]
    return Reviewed(found, chosen.opened, tuple(others), simulated)


def _policy_of(snapshot: Snapshot, review: Reviewed | None) -> Policy:
    if review is None:
        return default_policy()
    return registered_policy(snapshot, review.results.policy_sha256, review.results.name)


_SIMULATED = """
SELECT count(*) AS count FROM verdict v WHERE v.campaign_id = $campaign AND v.superseded IS NULL
  AND concat('user:', v.grader) IN (
    SELECT object FROM audit WHERE action = 'user-add' AND json_extract_string(payload, '$.simulated') = 'true')
"""
