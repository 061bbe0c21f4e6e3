"""`assay rollback`: ask a running trainer to go back to a checkpoint."""

import getpass

import click

from assay.errors import AssayError
from store.commands.common import json_option, loaded_store, print_json, store_option
from store.refs import find_run
from store.requests import ask
from store.runs import status_of

__all__ = ["rollback"]


@click.command()
@click.argument("run")
@click.option("--to", "step", type=click.IntRange(0), required=True, metavar="STEP", help="Step of a checkpoint.")
@store_option
@json_option
def rollback(run: str, step: int, store: str | None, as_json: bool) -> None:
    """Ask a running trainer to go back to a checkpoint.

    It does so at its next step, on a branch of its own; what came after the checkpoint stays on the old
    one. `assay runs show RUN` lists the checkpoints.
    """
    place = loaded_store(store)
    status = status_of(find_run(place, run))
    if status not in ("running", "paused"):
        raise AssayError(
            f"run {run} is {status}, nobody would take the request; "
            f"`assay train --resume {run}@{step}` goes on from that checkpoint"
        )
    number = ask(place, run, "rollback", {"step": step}, actor=getpass.getuser())
    if as_json:
        print_json({"request": number, "run": run, "step": step})
    else:
        click.echo(f"asked run {run} to go back to step {step} (request {number}); it does so at its next step")
