"""`assay data`: training data, checked and built."""

import click

from evals.commands.data_build import build
from evals.commands.data_check import check

__all__ = ["data"]


@click.group()
def data() -> None:
    """Check training data, and build better data from it."""


for command in (check, build):
    data.add_command(command)
