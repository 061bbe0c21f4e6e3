"""`assay release`: what is live, how it got there, and whether that holds."""

import click

from evals.commands.release_confirm import confirm_command
from evals.commands.release_countersign import countersign_command
from evals.commands.release_live import at_command, current_command, list_command
from evals.commands.release_make import make_command, restore_command
from evals.commands.release_report import report_command
from evals.commands.release_verify import verify_command

__all__ = ["release"]


@click.group()
def release() -> None:
    """Release checkpoints, restore earlier ones, and say and verify what is live."""


for command in (
    make_command, restore_command, countersign_command, current_command, list_command, at_command, confirm_command,
    report_command, verify_command,
):  # fmt: skip
    release.add_command(command)
