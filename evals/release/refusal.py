"""Why a candidate is not released, in a sentence; each reason its own."""

from evals.gate.looking import Look
from evals.gate.numbers import short
from evals.gate.proposals import Proposal
from evals.gate.signed import Approval, standing
from store.database import Snapshot

__all__ = ["refusal", "say_evidence_changed", "standing_refusal"]


def refusal(seen: Look) -> str:
    """The first reason that stands against releasing what was looked at; empty where none does."""
    name, standing = seen.place.candidate, seen.standing
    if seen.proposal is None:
        return f"no folder was built from {name}, so there is nothing to release; propose it: assay gate check {name}"
    if standing.refused is not None:
        return _said(standing.refused, name)
    missing = standing.missing(seen.decision)
    if not missing:
        return ""
    return _not_passed(seen, missing) if seen.decision != "pass" else _not_approved(seen, missing)


def standing_refusal(snapshot: Snapshot, proposal: Proposal, environment: str) -> str:
    """That a lead refuses a candidate, which is about it whatever its evidence; empty where no refusal stands."""
    refused = standing(snapshot, proposal, environment, "", 0).refused
    return "" if refused is None else _said(refused, proposal.candidate)


def say_evidence_changed(seen: Look, again: Look) -> str:
    """What is said where the evidence changed while it was being released."""
    return (
        f"the evidence of {seen.place.candidate} changed while it was being released: it was {short(seen.digest)} and "
        f"is {short(again.digest)}; approve what it is now"
    )


def _said(refused: Approval, candidate: str) -> str:
    return f"{refused.name} refused {candidate} on {refused.created:%Y-%m-%d %H:%M} UTC: {refused.reason}"


def _not_passed(seen: Look, missing: int) -> str:
    """The gate does not pass, and too few leads overrode it."""
    name, open_ones = seen.place.candidate, [one for one in seen.checks if one.result != "pass"]
    more = f", and {len(open_ones) - 1} more checks do not pass" if len(open_ones) > 1 else ""
    over = f"{seen.standing.overrides} of {seen.standing.required} leads overrode it" if seen.standing.overrides else ""
    return (
        f"the gate says {seen.decision} for {name}: {open_ones[0].name}: {open_ones[0].says}{more}"
        f"{f'; {over}, {missing} missing' if over else ''}"
    )


def _not_approved(seen: Look, missing: int) -> str:
    """Approvals are missing; where somebody's does not count, why."""
    name, required = seen.place.candidate, seen.standing.required
    counted = {one.user for one in seen.standing.counted}
    void = next((one for one in seen.standing.void if one.user not in counted), None)
    said = f"{missing} of {required} approvals are missing for {name}"
    if void is not None:
        when = f"{void.created:%Y-%m-%d %H:%M} UTC"
        said += f"; what {void.name or 'somebody'} signed on {when} does not count: {void.void}"
    return f"{said}; leads approve it on the page Release check, or by assay gate approve {name} --key FILE"
