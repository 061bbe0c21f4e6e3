"""`assay release report`: one file that an auditor can read, print and keep."""

from pathlib import Path
from typing import cast

import click

from evals.commands.gate_common import environment_option
from evals.commands.release_common import say_no
from evals.commands.review_common import command_actor
from evals.gate.words_zh import Language
from evals.release.errors import RefusedError
from evals.release.report import report_html
from evals.release.reporting import reported
from store.commands.common import (
    console,
    json_option,
    loaded_store,
    print_json,
    require_new,
    store_option,
    write_new,
)

__all__ = ["report_command"]


@click.command("report")
@click.argument("named", metavar="[VERSION|DIGEST]", required=False)
@click.option("--lang", type=click.Choice(("zh", "en")), default="en", show_default=True, help="Language.")
@click.option(
    "--out", required=True, metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
    help="HTML file, which must not be there yet.",
)  # fmt: skip
@environment_option
@store_option
@json_option
def report_command(
    *, named: str | None, lang: str, out: Path, environment: str, store: str | None, as_json: bool
) -> int:
    """Write the report of a release as one file.

    Without a name it is of what is live: decision, evidence, who signed, lineage, digests. The file is HTML without
    scripts and without anything from elsewhere, made to be printed on A4.
    """
    place = loaded_store(store)
    require_new(out, place)
    try:
        found = reported(place, command_actor(), named, environment)
    except RefusedError as error:
        return say_no(error, as_json=as_json, key="written")
    write_new(out, report_html(found, cast("Language", lang)))
    if as_json:
        print_json({"written": True, "file": str(out), "version": found.release.version, "environment": environment})
    else:
        console.print(f"{out} is the report of {found.release.title}", markup=False)
    return 0
