"""`assay vocab`: a model's vocabulary extended by tokens of a corpus."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from assay.errors import AssayError
from evals.commands.data_common import columns_of, columns_option
from store.commands.common import console, json_option, notes, print_json
from trainer.bar import Bar
from trainer.errors import ModelError
from trainer.planning.architecture import read_config
from trainer.probe_command import torch_module
from trainer.vocabulary.corpus import Corpus, read_corpus
from trainer.vocabulary.learning import NewToken, learn_tokens
from trainer.vocabulary.tokens import Source

if TYPE_CHECKING:
    from trainer.vocabulary.report import Report, Shown

__all__ = ["vocab"]

SHOWN = 20
"""New tokens that are shown to people."""


@click.group()
def vocab() -> None:
    """Extend a model's vocabulary by tokens of a corpus, and measure what that brings."""


@vocab.command()
@click.option("--model", required=True, metavar="PATH", type=click.Path(path_type=Path), help="Folder of the model.")
@click.option("--corpus", "files", required=True, multiple=True, metavar="FILE", help="Text of the domain, or several.")
@click.argument("more", nargs=-1, metavar="[FILE]...")
@click.option("--add", required=True, metavar="N", type=click.IntRange(1), help="How many tokens to add.")
@click.option("--out", required=True, metavar="PATH", type=click.Path(path_type=Path), help="Folder to make.")
@click.option(
    "--least", metavar="N", type=click.IntRange(2), default=20, show_default=True,
    help="How often a new token has to occur in the corpus.",
)  # fmt: skip
@click.option(
    "--steps", metavar="N", type=click.IntRange(0), default=100, show_default=True,
    help="Steps of the short pre-training that both vocabularies are compared after; 0 for none.",
)  # fmt: skip
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed finds the same tokens."
)
@columns_option
@json_option
def extend(  # noqa: PLR0913 - options of the command
    *, model: Path, files: tuple[str, ...], more: tuple[str, ...], add: int, out: Path, least: int, steps: int,
    seed: int, columns: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Add tokens that a corpus needs often, and measure what that brings.

    FILE is a file of rows (.jsonl, .json, .csv, .tsv, .parquet) in UTF-8 or GB18030. A new token joins tokens that
    stand side by side often; none is split, and text without new tokens is read as before. Its rows begin as the mean
    of those of its pieces; `assay train` with an adapter trains them too. A tenth of the rows is held out: on it both
    vocabularies are measured, before and after a short pre-training that is thrown away.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    model, out = model.expanduser(), out.expanduser().absolute()
    source = _source(model, out)
    corpus = read_corpus([*files, *more], columns_of(columns), seed)
    with Bar() as bar:
        runs = source.runs(corpus.learned)
        learned = learn_tokens(
            runs, add, least, is_new=source.is_new, progress=lambda done: bar.show("new tokens", done, add)
        )
        _check_enough(learned, add, least, corpus)
        extending = torch_module("trainer.vocabulary.extending")
        wanted = extending.Wanted(model, source, corpus, learned, seed, steps)
        report: Report = extending.extend(wanted, out, bar.show)
    added = [
        {
            "text": source.spelling.bytes_of(item.token).decode(errors="replace"), "occurrences": item.occurrences,
            "uses": uses,
        }
        for item, uses in zip(learned, report.uses, strict=True)
    ]  # fmt: skip
    if as_json:
        read = {"corpus": corpus.files, "characters": corpus.characters, "characters_looked_at": corpus.looked_at}
        print_json({"out": str(out), "added": added, **read, **report.as_dict()})
    else:
        _print(report, [str(item["text"]) for item in added])
        notes.print(f"written: {out}")


def _source(model: Path, out: Path) -> Source:
    """The tokenizer of a model that can be extended, and a place to write to; nothing heavy is loaded yet."""
    if out.exists() or out.is_symlink():
        raise AssayError(f"{out} is there already, and nothing is written over; name a new folder with --out")
    if not out.parent.is_dir():
        raise AssayError(f"there is no folder {out.parent} to make {out.name} in; make it first")
    config = read_config(model)
    if config.get("quantization_config"):
        raise ModelError(f"the model in {model} is quantised; extend the one it was made from, and quantise that")
    source = Source.of(model)
    places = config.get("vocab_size")
    if isinstance(places, int) and source.size > places:
        raise ModelError(
            f"the tokenizer in {model} has {source.size} tokens, the model {places}; they do not belong together"
        )
    return source


def _check_enough(learned: list[NewToken], add: int, least: int, corpus: Corpus) -> None:
    if len(learned) == add:
        return
    raise AssayError(
        f"the corpus supports {len(learned):,} new tokens: no more occur {least} times in its {corpus.looked_at:,} "
        f"characters; lower --add or --least, or name more text"
    )


def _print(report: "Report", texts: list[str]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for number, heading in enumerate(("held-out text", "old vocabulary", "new vocabulary")):
        table.add_column(heading, justify="right" if number else "left")
    for name, old, new in zip(_NAMES, _cells(report.before), _cells(report.after), strict=True):
        if old:
            table.add_row(name.format(steps=report.steps), old, new)
    console.print(table)
    console.print(
        f"{report.used:,} of the {len(texts):,} new tokens stand in the text, the others are parts of longer ones; "
        f"as {' '.join(_foremost(report.uses, texts))}",
        markup=False,
    )
    middle, least, most = report.faster
    console.print(f"decoding is {middle:.2f} times as fast, {least:.2f} to {most:.2f} by round", markup=False)
    for doubt in report.doubts:
        console.print(f"not worth it: {doubt}", markup=False)


def _foremost(uses: Sequence[int], texts: Sequence[str]) -> list[str]:
    """The tokens that save most, nearly: long ones more than short ones. Parts of characters cannot be shown."""
    places = [place for place, text in enumerate(texts) if uses[place] and "\ufffd" not in text]
    order = sorted(places, key=lambda place: -uses[place] * len(texts[place]))
    return [texts[place].strip() for place in order[:SHOWN]]


_NAMES = (
    "tokens", "tokens a character", "characters decoded a second", "nats a character",
    "nats a character, {steps} steps on",
)  # fmt: skip


def _cells(shown: "Shown") -> tuple[str, ...]:
    after = "" if shown.loss_after is None else f"{shown.loss_after:.4f}"
    return (
        f"{shown.tokens:,}", f"{shown.tokens_a_character:.3f}", f"{shown.characters_a_second:,.0f}",
        f"{shown.loss:.4f}", after,
    )  # fmt: skip
