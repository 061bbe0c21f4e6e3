"""`assay plan`: what to train, on what, how, and what memory it takes."""

import os
from pathlib import Path

import click

from assay.errors import AssayError
from store.commands.common import json_option, notes, print_json
from trainer.planning.configuration import write_configurations
from trainer.planning.memory import card_of
from trainer.planning.plan import make_plan
from trainer.planning.shown import print_plan

__all__ = ["plan"]


@click.command()
@click.option("--model", required=True, metavar="PATH", type=click.Path(path_type=Path), help="Folder of the model.")
@click.option(
    "--data", "data", multiple=True, metavar="FILE", help="Data file, or several; without, only memory is planned."
)
@click.argument("more", nargs=-1, metavar="[FILE]...")
@click.option("--gpu", "gpus", metavar="24GB,…", default="", help="Memory of the graphics cards you have, or could.")
@click.option(
    "--write", "target", metavar="CONFIG.toml", type=click.Path(path_type=Path),
    help="Write the plan as a configuration for `assay train`; a second stage goes beside it.",
)  # fmt: skip
@json_option
def plan(
    *, model: Path, data: tuple[str, ...], more: tuple[str, ...], gpus: str, target: Path | None, as_json: bool
) -> None:
    """Advise on stages, method, learning rate, batch and data, and work out what memory they take.

    Each piece of advice comes with its reason and where that comes from. The config.json of a model
    suffices for the table of memory; cards are counted in the GB they are sold by.
    """
    # It would warn of its threads where a process is forked later.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if more and not data:
        raise AssayError(f"{more[0]} is named as nothing; data files come behind --data")
    cards = [card_of(text) for text in gpus.split(",") if text.strip()]
    made = make_plan(model.expanduser(), [*data, *more], cards)
    written = write_configurations(made, target) if target else []
    if as_json:
        print_json(made.as_dict())
    else:
        print_plan(made)
    for place in written:
        notes.print(f"written: {place}")
    if written:
        notes.print(f"next: assay train {written[0]}")
    if len(written) > 1:
        notes.print(f"then: assay train {written[1]} --from RUN, with the name of the first run")
