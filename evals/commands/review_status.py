"""`assay review status`: how far campaigns have come, and nothing that tells who wins."""

import click
from rich.table import Table

from evals.commands.review_common import command_actor, number_of, when
from evals.review.results import Status, status, status_dict
from store.commands.common import console, json_option, loaded_store, notes, print_json, store_option

__all__ = ["status_command"]


@click.command("status")
@click.argument("campaign", required=False)
@store_option
@json_option
def status_command(*, campaign: str | None, store: str | None, as_json: bool) -> None:
    """How far campaigns have come: pairs, verdicts, pace, forecast.

    CAMPAIGN is a name or number; all of them without one. Nothing here tells who wins, so whoever looks may still
    judge.
    """
    place = loaded_store(store)
    number = None if campaign is None else number_of(place, campaign)
    found = status(place, command_actor(), number)
    if as_json:
        print_json([status_dict(one) for one in found] if campaign is None else status_dict(found[0]))
    elif campaign is None:
        _print_all(found)
    else:
        _print_one(found[0])


def _print_all(found: list[Status]) -> None:
    if not found:
        notes.print("no campaign yet; `assay review open` opens one")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("", "campaign", "state", "judged", "final", "of", "waiting", "graders", "a day", "done by"):
        table.add_column(heading, overflow="fold")
    for one in found:
        forecast = f"{one.forecast:%Y-%m-%d}" if one.forecast else ""
        table.add_row(
            str(one.campaign), _name(one), "closed" if one.closed else "open", f"{one.judged:,}", f"{one.final:,}",
            f"{one.most:,}", f"{_waiting(one):,}", str(one.graders), f"{one.pace:.1f}", forecast,
        )  # fmt: skip
    console.print(table)


def _print_one(one: Status) -> None:
    console.print(f"{_name(one)} ({one.campaign}): {one.candidate} against {one.baseline}", markup=False)
    state = f"closed {when(one.closed)}: {one.reason}" if one.closed else f"open since {when(one.opened)}"
    console.print(state, markup=False)
    console.print(
        f"{one.judged:,} of {one.most:,} pairs judged, {one.final:,} final, {_waiting(one):,} waiting, "
        f"{one.skipped:,} skipped, {one.identical:,} with the same answer twice"
    )
    console.print(f"{one.graders} of {one.roster} graders have judged, {one.pace:.1f} verdicts a day")
    if one.forecast:
        console.print(f"done by {one.forecast:%Y-%m-%d} at that pace, at the latest")
    if one.least and one.closed is None:
        console.print(
            f"by its rules a candidate that does well is judged on {one.least:,} pairs at least, so that critical "
            "errors are known well enough"
        )
    for sentence in one.warnings:
        notes.print(f"note: {sentence}")


def _name(one: Status) -> str:
    return f"{one.name}{' (simulated)' * one.simulated}"


def _waiting(one: Status) -> int:
    return max(one.most - one.judged, 0)
