"""`assay gate approve`, `refuse` and `override`: what leads sign, with keys of their own."""

from collections.abc import Callable, Mapping
from typing import Any

import click

from evals.commands.gate_common import environment_option, key_option, policy_option, read_policy_option
from evals.commands.review_common import command_actor
from evals.gate.approvals import approve, override, refuse
from evals.gate.looking import Look, look
from evals.gate.numbers import short
from store.commands.common import console, json_option, loaded_store, print_json, store_option
from store.commands.passphrase import passphrase_for
from store.keys import read_private

__all__ = ["approve_command", "override_command", "refuse_command"]

_evidence_option = click.option(
    "--evidence", metavar="DIGEST", default=None, help="Sign this evidence only, as `assay gate check` printed it."
)


@click.command("approve")
@click.argument("candidate", metavar="RUN@STEP")
@key_option
@click.option("--reason", default="", help="Why, in a sentence.")
@_evidence_option
@policy_option
@environment_option
@store_option
@json_option
def approve_command(**given: Any) -> int:
    """Approve a checkpoint whose evidence passes.

    What is signed is the digest of the evidence as it is now; any change of it makes the approval void. Leads approve
    who neither own the run nor graded in its campaigns.
    """
    return _sign(approve, "approved", given)


@click.command("refuse")
@click.argument("candidate", metavar="RUN@STEP")
@key_option
@click.option("--reason", required=True, help="What must be different, in a sentence.")
@_evidence_option
@policy_option
@environment_option
@store_option
@json_option
def refuse_command(**given: Any) -> int:
    """Refuse a checkpoint; it waits until the same lead approves it."""
    return _sign(refuse, "refused", given)


@click.command("override")
@click.argument("candidate", metavar="RUN@STEP")
@key_option
@click.option("--reason", required=True, help="Why all the same, in 30 characters at least.")
@_evidence_option
@policy_option
@environment_option
@store_option
@json_option
def override_command(**given: Any) -> int:
    """Sign that a checkpoint may be released though the gate does not pass: red for ever.

    As many leads as the policy asks for must sign it.
    """
    return _sign(override, "signed an override for", given)


def _sign(act: Callable[..., int], did: str, given: Mapping[str, Any]) -> int:
    rules, place, actor = read_policy_option(given["policy"]), loaded_store(given["store"]), command_actor()
    private = read_private(given["key"], passphrase_for(given["key"]), place.root)
    seen = look(place, actor, given["candidate"], policy=rules, environment=given["environment"])
    if given["evidence"] is not None:
        _require(seen, given["evidence"])
    number = act(place, actor, seen, given["reason"], key=private)
    now = look(place, actor, given["candidate"], policy=rules, environment=given["environment"])
    missing = now.standing.missing(now.decision)
    if given["as_json"]:
        print_json({"approval": number, "evidence_digest": f"sha256:{seen.digest}", "missing": missing})
    else:
        console.print(f"{did} {seen.place.candidate}, evidence {short(seen.digest)}; still missing: {missing}")
    return 0


def _require(seen: Look, evidence: str) -> None:
    wanted = evidence.removeprefix("sha256:").lower()
    if len(wanted) < 12 or not seen.digest.startswith(wanted):
        raise click.UsageError(
            f"the evidence is {short(seen.digest)} now, and not {evidence or 'nothing'}; look again before signing"
        )
