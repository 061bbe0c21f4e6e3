"""`assay review`: blind review by experts, from the questions to what their verdicts prove."""

import click

from evals.commands.review_close import close
from evals.commands.review_export import export
from evals.commands.review_hours import hours_command
from evals.commands.review_open import open_command
from evals.commands.review_pack import import_command, pack_command
from evals.commands.review_results import results_command
from evals.commands.review_simulate import simulate
from evals.commands.review_stats import stats
from evals.commands.review_status import status_command

__all__ = ["review"]


@click.group()
def review() -> None:
    """Open blind reviews, follow them, and weigh experts' verdicts."""


for command in (
    open_command, status_command, results_command, close, export, hours_command, stats, simulate, pack_command,
    import_command,
):  # fmt: skip
    review.add_command(command)
