"""`assay gate check`: whether a checkpoint may be released."""

import importlib
import os
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from assay.errors import AssayError
from evals.commands.gate_common import environment_option, policy_option, read_policy_option
from evals.commands.review_common import command_actor
from evals.gate.looking import Look, look
from evals.gate.numbers import short
from store.access import Actor
from store.commands.common import console, json_option, loaded_store, notes, print_json, store_option
from store.database import Store

__all__ = ["check"]

_COLOURS = {"pass": "green", "fail": "red", "missing": "red", "inconclusive": "yellow"}


@click.command()
@click.argument("candidate", metavar="RUN@STEP")
@policy_option
@environment_option
@click.option("--merge", is_flag=True, help="Take the adapter into the weights of its base; those are then released.")
@store_option
@json_option
def check(
    *, candidate: str, policy: Path | None, environment: str, merge: bool, store: str | None, as_json: bool
) -> int:
    """Say whether a checkpoint's evidence passes.

    Where no folder to be released was built from it yet, it is built, and gives the campaign's answers again. Exit 0
    where everything passes, 1 where something fails, is missing or is undecided. Looking is written to the audit log:
    whoever looks at this machine cannot grade in its campaign any more.
    """
    rules, place, actor = read_policy_option(policy), loaded_store(store), command_actor()
    found = look(place, actor, candidate, policy=rules, environment=environment)
    if _lacks_folder(found, merge=merge) and _propose(place, actor, found, merge=merge):
        found = look(place, actor, candidate, policy=rules, environment=environment)
    if as_json:
        print_json(_as_dict(found))
    else:
        _print(found)
    return 0 if found.decision == "pass" else 1


def _lacks_folder(found: Look, *, merge: bool) -> bool:
    """Whether there is something to build, and something to build it from."""
    if found.evidence["checkpoint"]["state"] != "whole":
        return False
    made, by_name = found.proposal, {one.name: one for one in found.checks}
    if made is None or (merge and not made.merged):
        return True
    unanswered = found.evidence["review"] is not None and by_name["answers"].result == "missing"
    return by_name["proposal"].result == "missing" or unanswered


def _propose(store: Store, actor: Actor, found: Look, *, merge: bool) -> bool:
    """Build the folder; whether it was. What cannot be built stays a check that is missing."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        proposing, bar = (importlib.import_module(f"trainer.{name}") for name in ("propose", "bar"))
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in ("assay", "store", "evals", "trainer"):
            raise
        notes.print(f"no folder was built: that needs {error.name}: pip install 'assay-llm[train]'")
        return False
    try:
        with bar.Bar() as shown:
            proposing.propose(store, actor, found.place.reference, merge=merge, progress=shown.show)
    except AssayError as error:
        notes.print(f"no folder was built: {error}")
        return False
    return True


def _as_dict(found: Look) -> dict[str, Any]:
    made = found.proposal
    return {
        "candidate": found.place.candidate, "environment": found.environment, "decision": found.decision,
        "checks": [one.as_dict() for one in found.checks], "evidence_digest": f"sha256:{found.digest}",
        "policy_digest": f"sha256:{found.policy.sha256}", "release_digest": f"sha256:{made.sha256}" if made else None,
        "approvals": {
            "required": found.standing.required, "given": found.standing.approvals,
            "overrides": found.standing.overrides, "refused": found.standing.refused is not None,
            "missing": found.standing.missing(found.decision),
        },
        "notes": list(found.notes),
    }  # fmt: skip


def _print(found: Look) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("check", "result", "evidence"):
        table.add_column(name, overflow="fold")
    for one in found.checks:
        table.add_row(one.name, Text(one.result, style=_COLOURS[one.result]), Text(one.says))
    console.print(table)
    console.print()
    console.print(_said(found), markup=False)
    console.print(f"evidence {short(found.digest)}, policy {short(found.policy.sha256)}", markup=False)
    for note in found.notes:
        console.print(Text.assemble(("note  ", "yellow"), note), soft_wrap=True)


def _said(found: Look) -> str:
    """The decision in a sentence, and what comes next."""
    name, missing = found.place.candidate, found.standing.missing(found.decision)
    if found.decision != "pass":
        open_ones = [one.name for one in found.checks if one.result != "pass"]
        return f"{name}: {found.decision}; {len(open_ones)} of {len(found.checks)} checks: {', '.join(open_ones)}"
    if missing:
        return f"{name}: pass; {missing} of {found.standing.required} approvals are missing: assay gate approve {name}"
    return f"{name}: pass, and approved: assay release make {name}"
