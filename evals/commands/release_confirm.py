"""`assay release confirm`: a server says what it runs."""

import platform

import click

from evals.commands.gate_common import environment_option
from evals.commands.review_common import command_actor
from evals.release.confirming import confirm
from store.commands.common import console, json_option, loaded_store, notes, print_json, store_option

__all__ = ["confirm_command"]


@click.command("confirm")
@click.option(
    "--digest",
    required=True,
    metavar="DIGEST",
    help="Digest of the folder that was loaded; 12 characters or more name a release.",
)
@click.option("--host", default=None, metavar="NAME", help="Name of the server. Default: this machine's.")
@environment_option
@store_option
@json_option
def confirm_command(*, digest: str, host: str | None, environment: str, store: str | None, as_json: bool) -> int:
    """Say that a server runs a release.

    Called by the server once it has loaded it. The digest is that of the folder's manifest.json, as `assay release
    current --json` has it. What is not live is noted as well, with exit 1.
    """
    name = platform.node() if host is None else host
    found = confirm(loaded_store(store), command_actor(), digest, host=name, environment=environment)
    if as_json:
        live = found.live
        print_json({
            "live": found.is_live, "sentence": found.sentence, "host": name,
            "live_digest": f"sha256:{live.sha256}" if live else None, "live_version": live.version if live else None,
        })  # fmt: skip
    else:
        (console if found.is_live else notes).print(found.sentence, markup=False)
    return 0 if found.is_live else 1
