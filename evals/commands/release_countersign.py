"""`assay release countersign`: a second lead confirms what was put back."""

from pathlib import Path

import click

from evals.commands.gate_common import environment_option, key_option
from evals.commands.release_common import release_dict, say_no, second_dict
from evals.commands.review_common import command_actor
from evals.release.countersigning import countersign
from evals.release.errors import RefusedError
from store.commands.common import console, json_option, loaded_store, print_json, store_option
from store.commands.passphrase import passphrase_for
from store.keys import read_private

__all__ = ["countersign_command"]


@click.command("countersign")
@key_option
@environment_option
@store_option
@json_option
def countersign_command(*, key: Path, environment: str, store: str | None, as_json: bool) -> int:
    """Confirm, as a second lead, what another one put back.

    A restore acts at once; another lead should confirm it within 24 hours. After that it is shown in red, and nothing
    is undone by itself. Exit 1 where there is nothing to confirm.
    """
    place = loaded_store(store)
    private = read_private(key, passphrase_for(key), place.root)
    try:
        live, second = countersign(place, command_actor(), environment, key=private)
    except RefusedError as error:
        return say_no(error, as_json=as_json, key="countersigned")
    if as_json:
        print_json({"countersigned": True, **release_dict(live), "second": second_dict(second)})
    else:
        console.print(f"{second.by} confirmed {live.title}, which {live.by} put back", markup=False)
    return 0
