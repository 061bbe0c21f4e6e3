"""`assay data`: training data, checked, built and mixed."""

import click

from evals.commands.data_build import build
from evals.commands.data_check import check
from evals.commands.data_mix import mix

__all__ = ["data"]


@click.group()
def data() -> None:
    """Check training data, build better data from it, mix general data in."""


for command in (check, build, mix):
    data.add_command(command)
