"""`assay review hours`: what experts worked, to pay them by."""

import csv
import io

import click
from rich.table import Table

from evals.commands.review_common import command_actor, number_of
from evals.review.hours import Worked, hours
from store.commands.common import console, json_option, loaded_store, notes, print_json, store_option

__all__ = ["hours_command"]


@click.command("hours")
@click.argument("campaign", required=False)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV on stdout, for a spreadsheet.")
@store_option
@json_option
def hours_command(*, campaign: str | None, as_csv: bool, store: str | None, as_json: bool) -> None:
    """Time that graders worked, by campaign and month.

    CAMPAIGN is a name or number; all of them without one. The time of a verdict runs from the pair being shown until
    the first answer, and is no longer than the pair was kept for its grader. Simulated campaigns are left out.
    """
    if as_csv and as_json:
        raise click.UsageError("take --csv or --json, not both")
    place = loaded_store(store)
    found = hours(place, command_actor(), None if campaign is None else number_of(place, campaign))
    if as_json:
        print_json([one.as_dict() for one in found])
    elif as_csv:
        click.echo(_csv(found), nl=False)
    elif not found:
        notes.print("no verdicts yet")
    else:
        _print(found)


def _print(found: list[Worked]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("month", "campaign", "grader", "verdicts", "hours"):
        table.add_column(heading, justify="right" if heading in ("verdicts", "hours") else "left", overflow="fold")
    for one in found:
        table.add_row(one.month, one.name, one.grader, f"{one.verdicts:,}", f"{one.seconds / 3600:,.2f}")
    console.print(table)


def _csv(found: list[Worked]) -> str:
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(("month", "campaign", "name", "user", "grader", "verdicts", "seconds", "hours"))
    for one in found:
        rows.writerow((
            one.month, one.campaign, _plain(one.name), one.user, _plain(one.grader), one.verdicts,
            f"{one.seconds:.0f}", f"{one.seconds / 3600:.2f}",
        ))  # fmt: skip
    return out.getvalue()


def _plain(text: str) -> str:
    """A spreadsheet would take such a name for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
