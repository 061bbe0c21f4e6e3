"""`assay release verify`: whether a release holds, with nothing but its folder and public keys."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from evals.gate.numbers import short
from evals.release.moments import signatures_of
from evals.release.verifying import Verified, needs_base, verify_release
from store.commands.common import console, json_option, notes, print_json

__all__ = ["verify_command"]


@click.command("verify")
@click.argument("place", metavar="FOLDER|BUNDLE", type=click.Path(path_type=Path))
@click.option(
    "--keys", required=True, metavar="DIR", type=click.Path(path_type=Path),
    help="Folder with the public keys you trust (NAME.pub; the server's is server.pub).",
)  # fmt: skip
@click.option(
    "--base", default=None, metavar="DIR", type=click.Path(path_type=Path),
    help="Folder of the model that an adapter runs on, to be read as well.",
)  # fmt: skip
@json_option
def verify_command(*, place: Path, keys: Path, base: Path | None, as_json: bool) -> int:
    """Verify a release without any store.

    Every byte of the folder is read, every signature checked, and the gate run again on the same evidence by the same
    policy; the first thing that does not hold is named. Keys inside the folder are never trusted. An adapter's base
    lies elsewhere, and is looked at where --base names it. Exit 1 where something does not hold.
    """
    found = verify_release(place, keys, base)
    if as_json:
        print_json(_as_dict(found))
    else:
        _print(found)
    return 0 if found.holds else 1


def _as_dict(found: Verified) -> dict[str, Any]:
    bundle = found.bundle
    if bundle is None:
        return {"holds": False, "why": found.why, "folder": str(found.folder)}
    return {
        "holds": True, "why": None, "folder": str(found.folder), "files": found.files,
        "environment": bundle["environment"], "version": bundle["version"], "candidate": bundle["what"]["candidate"],
        "digest": f"sha256:{bundle['what']['sha256']}", "decision": bundle["decision"],
        "override": bundle["override"], "demo": bundle["store"]["demo"], "released": bundle["released"],
        "approvals": [one._asdict() for one in signatures_of(bundle)],
        "evidence_digest": f"sha256:{bundle['evidence_sha256']}", "audit": bundle["audit"],
        "server_key_known": found.server_known, "base": None if found.base is None else str(found.base),
        "restored": found.restored, "notes": _notes(found, bundle),
    }  # fmt: skip


def _notes(found: Verified, bundle: Mapping[str, Any]) -> list[str]:
    """What was not looked at, a sentence each."""
    said: list[str] = []
    if found.files is None:
        said.append("its files are not here, so only its papers were verified")
    if needs_base(bundle) and found.base is None:
        said.append("the base that it runs on was not looked at; name its folder with --base")
    if not found.server_known:
        said.append("no key is called server.pub, so each of them was taken for the server's as well")
    return said


def _print(found: Verified) -> None:
    bundle = found.bundle
    if bundle is None:
        console.print(f"does not hold: {found.why}", markup=False)
        return
    what, released = bundle["what"], bundle["released"]
    over = ", OVERRIDE" if bundle["override"] else ""
    name = f"v{bundle['version']} of {bundle['environment']}, {what['candidate']} ({short(what['sha256'])})"
    came = f"released on {released['time']} by {released['name']}"
    console.print(f"holds: {name}, the gate says {bundle['decision']}{over}; {came}", markup=False)
    for one in signatures_of(bundle):
        console.print(f"  {one.kind} by {one.name}, {one.time}, key {short(one.key_id)}", markup=False)
    if found.restored is not None:
        back = found.restored
        console.print(f"  put back by {back['name']}, {back['time']}: {back['reason']}", markup=False)
    if bundle["store"]["demo"]:
        console.print("DEMO: one person may have played every role, and verdicts may be made up", style="red")
    for said in _notes(found, bundle):
        notes.print(f"note: {said}")
