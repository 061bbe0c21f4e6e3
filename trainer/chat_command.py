"""`assay chat`: talk with a checkpoint in the terminal."""

import importlib
import os
import sys
from typing import Any

import click

from store.commands.common import notes, open_store, store_option
from store.database import Store
from store.errors import StoreError

__all__ = ["chat"]

PROMPT = "you> "


@click.command()
@click.argument("asked")
@click.option("--beside", metavar="base|PATH", help="Ask this one the same: the run's base, RUN@STEP or a folder.")
@click.option("--tokens", type=click.IntRange(1), default=256, show_default=True, help="Longest answer.")
@store_option
def chat(*, asked: str, beside: str | None, tokens: int, store: str | None) -> None:
    """Talk with a checkpoint, beside its base if wanted.

    ASKED is RUN, RUN@STEP or a folder. Answers are the likeliest ones, so the same words get the same answer. An
    empty line or Ctrl-D ends it, `/new` begins a new conversation. What is piped in is asked line by line.
    """
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    talking = importlib.import_module("trainer.talking")
    place = open_store(store)
    talks = [talking.Talk(found, tokens) for found in talking.partners(asked, beside, place)]
    _converse(talks, place)


def _converse(talks: list[Any], place: Store) -> None:
    is_terminal = sys.stdin.isatty()
    if is_terminal:
        notes.print("an empty line ends it, /new begins a new conversation")
    while (said := _read(is_terminal)) is not None:
        if said == "/new":
            for talk in talks:
                talk.forget()
            continue
        if _is_in_campaign(place, said):
            notes.print(
                "an open campaign asks this question, so its answers are seen when it is closed; ask another one"
            )
            continue
        for talk in talks:
            answer = talk.say(said)
            click.echo(f"{talk.name}> {answer}" if is_terminal or len(talks) > 1 else answer)


def _is_in_campaign(place: Store, said: str) -> bool:
    try:
        return importlib.import_module("evals.review.used").is_asked_now(place, said)
    except StoreError as error:
        notes.print(f"whether a campaign asks this is not known: {error}")
        return False


def _read(is_terminal: bool) -> str | None:
    """The next words of a person; None at the end."""
    if is_terminal:
        click.echo(PROMPT, nl=False, err=True)
    line = sys.stdin.readline()
    # What is piped in may be no UTF-8.
    said = line.strip().encode("utf-8", "replace").decode()
    if said or (line and not is_terminal):
        return said or _read(is_terminal)
    return None
