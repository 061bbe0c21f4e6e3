"""Why a candidate is not released, in a sentence; each reason its own."""

from evals.gate.looking import Look
from evals.gate.numbers import short

__all__ = ["refusal", "say_evidence_changed"]


def refusal(seen: Look) -> str:
    """The first reason that stands against releasing what was looked at; empty where none does."""
    name, standing = seen.place.candidate, seen.standing
    if seen.proposal is None:
        return f"no folder was built from {name}, so there is nothing to release; propose it: assay gate check {name}"
    if standing.refused is not None:
        one = standing.refused
        return f"{one.name} refused {name} on {one.created:%Y-%m-%d %H:%M} UTC: {one.reason}"
    missing = standing.missing(seen.decision)
    if not missing:
        return ""
    return _not_passed(seen, missing) if seen.decision != "pass" else _not_approved(seen, missing)


def say_evidence_changed(seen: Look, again: Look) -> str:
    """What is said where the evidence changed while it was being released."""
    return (
        f"the evidence of {seen.place.candidate} changed while it was being released: it was {short(seen.digest)} and "
        f"is {short(again.digest)}; approve what it is now"
    )


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
