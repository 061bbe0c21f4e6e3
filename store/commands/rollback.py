"""`assay rollback`: send a run back to a checkpoint, whether it is being trained or not."""

from typing import Any

import click

from store.access import Actor
from store.commands.common import json_option, loaded_store, notes, print_json, store_option
from store.database import Store
from store.errors import StoreError
from store.refs import find_run
from store.requests import ask
from store.rollback import nearest, roll_back_stopped, sealed_on_path
from store.runs import status_of
from store.users import account

__all__ = ["rollback"]


@click.command()
@click.argument("run")
@click.option("--to", "step", type=click.IntRange(0), required=True, metavar="STEP", help="Step of a checkpoint.")
@store_option
@json_option
def rollback(run: str, step: int, store: str | None, as_json: bool) -> None:
    """Send a run back to a checkpoint.

    A running trainer is asked to, and does so at its next step. A run that has stopped goes back at once;
    `assay train --resume RUN` then goes on from there. Either way that is a branch of its own, and what came
    after the checkpoint stays on the old one. `assay runs show RUN` lists the checkpoints.
    """
    place = loaded_store(store)
    found = find_run(place, run)
    if status_of(found) in ("running", "paused"):
        _ask(place, found, step, as_json=as_json)
    else:
        _go_back(place, run, step, as_json=as_json)


def _ask(store: Store, found: dict[str, Any], step: int, *, as_json: bool) -> None:
    _check(store, found, step)
    run = found["name"]
    number = ask(store, run, "rollback", {"step": step}, actor=_named())
    if as_json:
        print_json({"run": run, "step": step, "branch": None, "request": number, "refused": []})
    else:
        click.echo(f"asked run {run} to go back to step {step} (request {number}); it does so at its next step")


def _named() -> str:
    return Actor("command", None, account()).named


def _check(store: Store, found: dict[str, Any], step: int) -> None:
    """Raise StoreError where nobody would do what is asked of a live run, or it could not be done."""
    run = found["name"]
    if found["source"] is not None or found["provenance"] is None:
        raise StoreError(
            f"run {run} cannot be rolled back: no `assay train` trains it, and other programs take no requests"
        )
    steps = list(dict.fromkeys(item.step for item in sealed_on_path(store, found["id"])))
    if step not in steps:
        raise StoreError(f"run {run} has no sealed checkpoint at step {step}{nearest(steps, step)}")


def _go_back(store: Store, run: str, step: int, *, as_json: bool) -> None:
    done = roll_back_stopped(store, run, step, _named())
    if as_json:
        refused = list(done.refused)
        print_json({"run": run, "step": done.step, "branch": done.branch, "request": None, "refused": refused})
        return
    for sentence in done.refused:
        notes.print(sentence)
    click.echo(f"run {run} {done.went_back}; `assay train --resume {run}` goes on from there")
