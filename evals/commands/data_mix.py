"""`assay data mix`: general data mixed into domain data, in one file."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from assay.errors import AssayError
from evals.commands.data_common import Teller, columns_of, processes_option, terminated_like_interrupted
from evals.data.mix import Mixed, mix_data
from evals.data.mix_options import SHARE, MixOptions
from evals.data.output import LAYOUTS, Layout
from store.commands.common import console, json_option, print_json

__all__ = ["mix", "with_option_before_each"]

GENERAL = "--general"


def with_option_before_each(arguments: Iterable[str], option: str) -> Iterator[str]:
    """Give each of the values behind an option the option, up to the next one: `--general a b` as `*.jsonl` makes it.

    >>> list(with_option_before_each(["x", "--general", "a", "b", "--share", "0.2"], "--general"))
    ['x', '--general', 'a', '--general', 'b', '--share', '0.2']
    """
    inside = awaited = False
    for argument in arguments:
        is_option = argument.startswith("-") and argument != "-"
        if inside and not is_option and not awaited:
            yield option
        inside = argument == option or argument.startswith(f"{option}=") or (inside and not is_option)
        awaited = argument == option
        yield argument


class _Mix(click.Command):
    """Takes several names behind `--general`: a general file taken for one of the domain would be kept whole."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, list(with_option_before_each(args, GENERAL)))


@click.command(cls=_Mix)
@click.argument("domain", nargs=-1, metavar="DOMAIN…")
@click.option(
    GENERAL, multiple=True, required=True, metavar="FILE…", help="General data: all names up to the next option."
)
@click.option(
    "--share", type=float, default=SHARE, show_default=True,
    help="Share of the tokens that are general data, 0 or above and below 1.",
)  # fmt: skip
@click.option(
    "--out",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="File to write (.jsonl); beside it comes the manifest.",
)
@click.option("--repeat", is_flag=True, help="Take general rows again where all of them are too few for the share.")
@click.option(
    "--tokenizer", "--model", "tokenizer", metavar="PATH", type=click.Path(path_type=Path),
    help="A model's folder, or its tokenizer.json; without it tokens are estimated.",
)  # fmt: skip
@click.option("--layout", type=click.Choice(LAYOUTS), default="chat", show_default=True, help="Format of the rows.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed draws the same rows.")
@click.option(
    "--column", "columns", metavar="OURS=THEIRS", multiple=True,
    help="A column of the domain files with another name, as in instruction=question. Can be given several times.",
)  # fmt: skip
@processes_option
@json_option
def mix(  # noqa: PLR0913 - options of the command
    *, domain: tuple[str, ...], general: tuple[str, ...], share: float, out: Path, repeat: bool,
    tokenizer: Path | None, layout: Layout, seed: int, columns: tuple[str, ...], processes: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Mix general data into domain data, so that a model keeps what it knew.

    `assay train` mixes by itself, with `general` and `general_ratio` in [data]; this is for other trainers, as
    LLaMA-Factory and TRL. DOMAIN and FILE are files of rows (.jsonl, .json, .csv, .tsv, .parquet) in UTF-8 or GB18030,
    or dataset_info.json:NAME.

    Every row of DOMAIN is written once, so the general tokens grow with the share: 0.2 takes a quarter of the domain's
    tokens, 0.5 as many, 0.8 four times as many. Rows of general data are drawn by chance, the same part of each file,
    none twice, to the row that comes nearest; left out are those of which the words, or nearly the words, stand in
    DOMAIN. Rows stay as they are, with their `source`, or else the name of their file, and all are shuffled.

    Tokens are those of the words, without a template. The estimate is one for each Chinese character and one for four
    others; where domain and general data differ in language, only --tokenizer makes the share right. What was taken is
    said in a manifest beside the file. Nothing is changed in place or written over.
    """
    if not domain:
        raise AssayError("name the domain data before --general: all names behind that are general data")
    if not 0 <= share < 1:
        raise AssayError(f"--share must be 0 or above and below 1, and is {share:g}")
    options = MixOptions(
        share=share, repeat=repeat, tokenizer=None if tokenizer is None else str(tokenizer),
        columns=columns_of(columns), layout=layout, seed=seed, processes=processes,
    )  # fmt: skip
    with terminated_like_interrupted(), Teller() as tell:
        mixed = mix_data(domain, general, out, options, tell)
    if as_json:
        print_json({"manifest_file": str(mixed.manifest), **mixed.account.as_dict()})
    else:
        _print(mixed)


def _print(mixed: Mixed) -> None:
    account = mixed.account
    about = "" if account.tokenizer_sha256 else "about "
    for file in account.inputs:
        of = f"{_rows(file['rows_written'])} written of {file['rows']:,}"
        console.print(
            f"{file['role']:>7}  {file['file']}: {of}, {about}{file['tokens_written']:,} tokens", markup=False
        )
    for reason in account.as_dict()["left_out"].values():
        console.print(f"{_rows(reason['count'], 'general row')} left out: {reason['why']}", markup=False)
    if account.most_times > 1:
        console.print(
            f"{_rows(account.distinct, 'general row')} taken {account.drawn:,} times in all, {account.most_times:,} at "
            f"the most each",
            markup=False,
        )
    console.print(
        f"{_rows(account.outputs[0]['rows'])} written to {mixed.train}, {100 * account.reached:.1f} % of {about}"
        f"{account.written('domain') + account.written('general'):,} tokens general ({100 * account.options['share']:g}"
        f" % asked for)",
        markup=False,
    )
    console.print(f"what was taken, and what was left out: {mixed.manifest}", markup=False)


def _rows(count: int, row: str = "row") -> str:
    return f"{count:,} {row}{'s' * (count != 1)}"
