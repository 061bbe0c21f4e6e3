"""`assay release countersign`: a second lead confirms what was put back."""

from pathlib import Path

import click

from evals.commands.gate_common import environment_option, key_option
from evals.commands.release_common import release_dict, say_no, second_dict, second_line
from evals.commands.review_common import command_actor
from evals.release.countersigning import countersign
from evals.release.errors import RefusedError
from evals.release.rows import version_of
from store.commands.common import console, json_option, loaded_store, print_json, store_option
from store.commands.passphrase import passphrase_for
from store.keys import read_private

__all__ = ["countersign_command"]


@click.command("countersign")
@key_option
@click.option("--version", "named", metavar="VERSION", help="What must be live, such as v2; else nothing is confirmed.")
@environment_option
@store_option
@json_option
def countersign_command(*, key: Path, named: str | None, environment: str, store: str | None, as_json: bool) -> int:
    """Confirm, as a second lead, what another one put back.

    A restore acts at once; another lead should confirm it within 24 hours. After that it is shown in red, and nothing
    is undone by itself. What was put back without a key two leads confirm. Exit 1 where there is nothing to confirm.
    """
    version = None if named is None else version_of(named)
    if named is not None and version is None:
        raise click.UsageError(f"--version {named} is no version; give one such as v2, as assay release ls prints it")
    place = loaded_store(store)
    private = read_private(key, passphrase_for(key), place.root)
    try:
        live, second = countersign(place, command_actor(), environment, key=private, version=version)
    except RefusedError as error:
        return say_no(error, as_json=as_json, key="countersigned")
    if as_json:
        print_json({"countersigned": True, **release_dict(live), "second": second_dict(second)})
    elif second.missing:
        console.print(f"{live.title}: {second_line(second)}", markup=False, soft_wrap=True)
    else:
        console.print(f"{second.by} confirmed {live.title}, which {live.by} put back", markup=False)
    return 0
