"""`assay gate`: what a checkpoint's evidence shows, and leads who sign it."""

import click

from evals.commands.gate_check import check
from evals.commands.gate_sign import approve_command, override_command, refuse_command

__all__ = ["gate"]


@click.group()
def gate() -> None:
    """Check a checkpoint's evidence, and approve or refuse its release."""


for command in (check, approve_command, refuse_command, override_command):
    gate.add_command(command)
