"""`assay data build`: better training data from what there is."""

from pathlib import Path
from typing import Any

import click

from assay.errors import AssayError
from evals.commands.data_common import Teller, columns_of, columns_option, processes_option, terminated_like_interrupted
from evals.data.alike import NEAR
from evals.data.balancing import TIMES
from evals.data.build import Built, build_data
from evals.data.build_options import STEPS, BuildOptions
from evals.data.checks.history import BUDGET
from evals.data.output import LAYOUTS, Layout
from store.commands.common import console, json_option, notes, print_json

__all__ = ["build"]


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="IN…")
@click.option(
    "--out",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="File to write (.jsonl); beside it come the rows to validate with and the manifest.",
)
@click.option("--layout", type=click.Choice(LAYOUTS), default="chat", show_default=True, help="Format of the rows.")
@click.option(
    "--system", metavar="TEXT", help='System turn of every conversation; "" takes them out. Default: as they are.'
)
@click.option(
    "--near", type=float, default=NEAR, show_default=True, help="Similarity from which on a row is a copy, 0.7 to 1."
)
@click.option(
    "--history",
    type=click.IntRange(0),
    default=BUDGET,
    show_default=True,
    metavar="N",
    help="Characters before the last question that are kept.",
)
@click.option(
    "--balance",
    type=float,
    default=TIMES,
    show_default=True,
    metavar="X",
    help="Rows of the largest subtask, as a multiple of the middle one's.",
)
@click.option(
    "--validation",
    type=float,
    default=0.05,
    show_default=True,
    metavar="SHARE",
    help="Share of the rows to validate with; 0 for none.",
)
@click.option(
    "--skip", type=click.Choice(STEPS), multiple=True, help="A step that is not done. Can be given several times."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed draws the same rows.")
@columns_option
@processes_option
@json_option
def build(  # noqa: PLR0913 - options of the command
    *, inputs: tuple[str, ...], out: Path, layout: Layout, system: str | None, near: float, history: int,
    balance: float, validation: float, skip: tuple[str, ...], seed: int, columns: tuple[str, ...],
    processes: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Build training data: clean, without duplicates, balanced, split.

    IN is a file of rows (.jsonl, .json, .csv, .tsv, .parquet) in UTF-8 or GB18030, or dataset_info.json:NAME. Templates
    within the words are taken off, left-over markup and filler taken out, personal data masked, long histories
    compressed; rows without an answer and copies of earlier rows are dropped, subtasks that are much larger than the
    middle one cut down, and rows held out to validate with that have nothing like them in the rest.
    FILE.manifest.json says what was dropped and changed, and why. Nothing is changed in place or written over.
    """
    _check("--near", near, NEAR, 1.0)
    _check("--validation", validation, 0.0, 0.5)
    if not balance >= 1:
        raise AssayError(
            f"--balance must be 1 or more, and is {balance:g}; use --skip balance to leave subtasks as they are"
        )
    options = BuildOptions(
        columns=columns_of(columns), skip=skip, layout=layout, system=system, near=near, history=history,
        balance=balance, validation=validation, seed=seed, processes=processes,
    )  # fmt: skip
    with terminated_like_interrupted(), Teller() as tell:
        built = build_data(inputs, out, options, tell)
    if built.account.many_dropped:
        notes.print(built.account.many_dropped)
    if as_json:
        print_json({"manifest_file": str(built.manifest), **built.account.as_dict()})
    else:
        _print(built)


def _check(option: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise AssayError(f"{option} must be from {least:g} to {most:g}, and is {value:g}")


def _print(built: Built) -> None:
    account = built.account.as_dict()
    read = sum(file["rows"] for file in account["inputs"])
    console.print(
        f"{read:,} rows read from {len(account['inputs']):,} file{'s' * (len(account['inputs']) != 1)}", markup=False
    )
    for part, words in (("dropped", "dropped"), ("changed", "changed")):
        for name, reason in account[part].items():
            console.print(f"{reason['count']:>9,} {words}: {name}: {reason['why']}", markup=False)
    for file in account["outputs"]:
        console.print(
            f"{file['rows']:>9,} written to {built.train.with_name(file['file'])}, to {_FOR[file['part']]}",
            markup=False,
        )
    for note in account["notes"]:
        # What is so bad that it was said on stderr is not said twice.
        if note != built.account.many_dropped:
            console.print(note, markup=False)
    console.print(f"what was done to which row: {built.manifest}", markup=False)


_FOR: dict[str, Any] = {"train": "train on", "validation": "validate with"}
