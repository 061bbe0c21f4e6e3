"""`assay data check`: what is wrong with training data."""

import sys
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from evals.commands.data_common import Teller, columns_of, columns_option, processes_option, terminated_like_interrupted
from evals.data.check import CHARACTERS, TOKENS, Checked, CheckOptions, check_data
from evals.data.finding import SEVERITIES, Finding
from evals.data.meanings import MEANINGS
from evals.data.scoring import COSTS
from store.commands.common import console, json_option, print_json

__all__ = ["check"]

SHOWN = 3
"""Examples of a finding that people are shown; `--json` has all that were kept."""


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option(
    "--suite",
    "suites",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A suite whose items are looked for in the rows.",
)
@click.option(
    "--tokenizer",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="A model's folder, or its tokenizer.json; without it lengths are in characters.",
)
@click.option(
    "--max-length", type=click.IntRange(1), metavar="N",
    help=f"Longest row that training reads. Default: {TOKENS} tokens, or {CHARACTERS} characters without --tokenizer.",
)  # fmt: skip
@click.option(
    "--fail-on", type=click.Choice(["error", "warning"]), help="Exit 1 where anything so bad, or worse, is found."
)
@columns_option
@processes_option
@json_option
def check(
    *, files: tuple[str, ...], suites: tuple[Path, ...], tokenizer: Path | None, max_length: int | None,
    fail_on: str | None, columns: tuple[str, ...], processes: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Look for what spoils training data, and score it.

    FILE is a file of rows (.jsonl, .json, .csv, .tsv, .parquet) in UTF-8 or GB18030, or dataset_info.json:NAME.
    Duplicates and contradictions are looked for across all files. Examples name file:row, counted from 1; personal
    data is masked. The score is 100 less what each finding costs: 4 points for each percent of the rows it concerns
    and 40 at most for an error, half a point and 10 at most for a warning.
    """
    options = CheckOptions(
        columns_of(columns),
        tuple(map(str, suites)),
        None if tokenizer is None else str(tokenizer),
        max_length,
        processes,
    )
    with terminated_like_interrupted(), Teller() as tell:
        checked = check_data(files, options, tell)
    if as_json:
        print_json(checked.as_dict())
    else:
        _print(checked)
    if fail_on and any(_is_as_bad(finding, fail_on) for finding in checked.findings):
        sys.exit(1)


def _is_as_bad(finding: Finding, as_what: str) -> bool:
    return finding.count > 0 and SEVERITIES.index(finding.severity) <= SEVERITIES.index(as_what)


def _print(checked: Checked) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading, right in (
        ("cost", True),
        ("severity", False),
        ("check", False),
        ("count", True),
        ("share", True),
        ("what it is", False),
    ):
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for finding in checked.findings:
        cost, among = checked.cost(finding), finding.of or checked.rows
        cells = (
            f"{cost:.1f}" if cost else "",
            finding.severity,
            finding.check,
            f"{finding.count:,}",
            f"{100 * finding.count / among:.1f} %",
        )
        table.add_row(*map(Text, (*cells, MEANINGS[finding.check])))
    console.print(table)
    for finding in checked.findings:
        if finding.examples:
            console.print(f"\n{finding.check}", style="bold", markup=False)
        for example in finding.examples[:SHOWN]:
            console.print(f"  {example.place}  {example.text}", markup=False)
    console.print(f"\n{_score(checked)}", markup=False)


def _score(checked: Checked) -> str:
    rows = f"{checked.rows:,} row{'s' * (checked.rows != 1)}"
    lost = [f"{cost:.1f} for {one.check}" for one in checked.findings if (cost := checked.cost(one)) >= 0.05]
    if not lost:
        return f"{rows}, score {checked.score:g} of 100"
    error, warning = (
        f"{each:g} points a percent of the rows, {most:g} at most" for each, most in (COSTS["error"], COSTS["warning"])
    )
    return (
        f"{rows}, score {checked.score:g} of 100: less {', '.join(lost)} (an error costs {error}; a warning {warning})"
    )
