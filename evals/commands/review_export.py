"""`assay review export`: verdicts as preference data."""

from pathlib import Path
from typing import Any

import click

from evals.commands.review_common import command_actor, number_of
from evals.review.exporting import export_preferences
from store.commands.common import console, json_option, loaded_store, print_json, store_option

__all__ = ["export"]


@click.command()
@click.argument("campaign")
@click.option(
    "--format", "form", type=click.Choice(["trl"]), default="trl", show_default=True, help="Form of the rows."
)
@click.option("--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="Folder to make.")
@click.option("--comments", is_flag=True, help="With graders' own words, which are personal data.")
@store_option
@json_option
def export(*, campaign: str, form: str, out: Path, comments: bool, store: str | None, as_json: bool) -> None:
    """Write a closed campaign's verdicts as preference data.

    CAMPAIGN is a name or number. preference.jsonl has prompt, chosen, rejected and margin; unpaired.jsonl has answers
    not to be learned from; votes.parquet the verdicts, with graders as numbers of this export; report.json the counts
    and a label smoothing. No later campaign asks these questions again.
    """
    place = loaded_store(store)
    done = export_preferences(place, command_actor(), number_of(place, campaign), out, comments=comments)
    if as_json:
        print_json({"format": form, "out": str(done.folder), **done.report})
    else:
        _print(done.folder, dict(done.report))


def _print(folder: Path, report: dict[str, Any]) -> None:
    console.print(f"written to {folder}", markup=False)
    console.print(
        f"{report['preference']:,} preferences, {report['unpaired']:,} answers not to be learned from, "
        f"{report['ties_dropped']:,} ties left out, {report['withheld_critical_error']:,} left out because the better "
        "answer has a critical error"
    )
    share, smoothing = report["disagreement"], report["label_smoothing"]
    if share is None:
        console.print("label smoothing: not known, no two graders preferred an answer of the same pair")
    elif smoothing is None:
        console.print(f"label smoothing: none, two graders differ on {100 * share:.0f} % of the pairs, as a coin would")
    else:
        console.print(f"label smoothing: {smoothing:.3f}, two graders differ on {100 * share:.0f} % of the pairs")
    console.print(f"{report['items']:,} questions are used for training from now on; no later campaign may ask them")
