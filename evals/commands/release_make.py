"""`assay release make` and `restore`: move the pointer of an environment."""

import os
from collections.abc import Callable
from pathlib import Path

import click

from evals.commands.gate_common import environment_option, own_key_option, policy_option, read_policy_option
from evals.commands.release_common import (
    print_told,
    release_dict,
    release_line,
    say_no,
    second_dict,
    second_line,
    told_dict,
    webhook_option,
)
from evals.commands.review_common import command_actor
from evals.release.countersigning import second_of
from evals.release.errors import RefusedError
from evals.release.making import Made, make
from evals.release.restoring import restore
from evals.release.telling import hook_of
from store.commands.common import console, json_option, loaded_store, notes, print_json, store_option
from store.commands.passphrase import passphrase_for
from store.database import Store
from store.keys import read_private

__all__ = ["make_command", "restore_command"]


@click.command("make")
@click.argument("candidate", metavar="RUN@STEP")
@click.option("--reason", default="", help="Why, in a sentence; stands in its papers.")
@policy_option
@environment_option
@webhook_option
@store_option
@json_option
def make_command(
    *, candidate: str, reason: str, policy: Path | None, environment: str, webhook: str | None, store: str | None,
    as_json: bool,
) -> int:  # fmt: skip
    """Release a checkpoint that passes and is approved.

    Everything is looked at anew, and every byte of the checkpoint, of the folder and of an adapter's base is read. Exit
    1 where the answer is no: the gate does not pass, approvals are missing, somebody refused, files were changed. What
    is live already stays as it is.
    """
    hook, rules, place = hook_of(webhook, os.environ), read_policy_option(policy), loaded_store(store)
    return _act(
        place, lambda: make(
            place, command_actor(), candidate, environment=environment, policy=rules, reason=reason, hook=hook
        ), as_json=as_json, key="released",
    )  # fmt: skip


@click.command("restore")
@click.argument("named", metavar="VERSION|DIGEST")
@click.option("--reason", required=True, help="Why, in a sentence.")
@own_key_option
@environment_option
@webhook_option
@store_option
@json_option
def restore_command(
    *, named: str, reason: str, key: Path | None, environment: str, webhook: str | None, store: str | None,
    as_json: bool,
) -> int:  # fmt: skip
    """Put an earlier release back, such as v2.

    Its signature is checked, and every byte of its folder, its checkpoint and an adapter's base is read first. It acts
    at once; another lead should confirm it within 24 hours (assay release countersign). Without --key only an account
    is known, and two leads should. Exit 1 where something is not what was released.
    """
    hook, place = hook_of(webhook, os.environ), loaded_store(store)
    private = None if key is None else read_private(key, passphrase_for(key), place.root)
    return _act(
        place, lambda: restore(
            place, command_actor(), named, reason=reason, environment=environment, hook=hook, key=private
        ), as_json=as_json, key="restored",
    )  # fmt: skip


def _act(store: Store, act: Callable[[], Made], *, as_json: bool, key: str) -> int:
    try:
        made = act()
    except RefusedError as error:
        return say_no(error, as_json=as_json, key=key)
    one, folder = made.release, str(store.root / made.release.path)
    second = store.snapshot(lambda snapshot: second_of(snapshot, one))
    if as_json:
        told = {
            "already_live": made.already, "path": folder, "webhook": told_dict(made.told),
            "second": second_dict(second), "warning": made.warning or None,
        }  # fmt: skip
        print_json({key: True, **release_dict(one), **told})
        return 0
    said = "nothing was done, as it is live already: " if made.already else ""
    console.print(f"{said}{release_line(one)}", markup=False)
    console.print(folder, markup=False, soft_wrap=True)
    if second is not None:
        console.print(second_line(second), markup=False, soft_wrap=True)
    if made.warning:
        notes.print(f"warning: {made.warning}", markup=False)
    print_told(made.told)
    return 0
