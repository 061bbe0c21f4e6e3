"""`assay train`: fine-tune a model and record the run."""

import importlib
import os
from pathlib import Path
from typing import Any

import click

from store.commands.common import notes, recording_store, store_option
from trainer.config_file import config_from, read_toml, with_settings
from trainer.errors import ConfigError
from trainer.origin import find_origin, forked_config, stage_tables
from trainer.parallel.launch import check_launch, rank_of

__all__ = ["train"]

STOP_CODES = {"Ctrl-C": 130, "SIGTERM": 143}


@click.command()
@click.argument("config", required=False, type=click.Path(path_type=Path))
@click.option("--model", metavar="DIR", help="Folder of the model to start from.")
@click.option("--data", metavar="FILE", help="Data file: JSONL, JSON, CSV, TSV or Parquet.")
@click.option("--validation", metavar="SHARE|FILE", help="Share of rows held out, or a file. Default: 0.02.")
@click.option("--set", "settings", metavar="KEY=VALUE", multiple=True, help="Set a key, as in optim.lr=2e-5.")
@click.option("--resume", metavar="RUN[@STEP]", help="Go on with a run at its newest checkpoint, or that of a step.")
@click.option("--from", "origin", metavar="RUN[@STEP]", help="Start a new run from a checkpoint of another run.")
@click.option("--reshard", is_flag=True, help="Let a run go on in another number of processes: not bit for bit.")
@store_option
def train(  # noqa: PLR0913 - a command has as many arguments as options
    *,
    config: Path | None,
    model: str | None,
    data: str | None,
    validation: str | None,
    settings: tuple[str, ...],
    resume: str | None,
    origin: str | None,
    reshard: bool,
    store: str | None,
) -> int:
    """Fine-tune a model and record the run.

    Name a CONFIG file, or --model and --data; --set changes single keys of either. --resume takes a
    run's mirror too. --from alone goes on as the other run would have, but for --set; with a CONFIG or
    --data it starts a new stage from the checkpoint's weights.
    """
    check_launch()
    if rank_of() > 0:
        return _importing("trainer.parallel.following").follow()
    place = recording_store(store)
    shorthands = _shorthands(model, data, validation)
    if resume is not None:
        if config or shorthands or origin:
            raise ConfigError(
                "--resume goes on with what the run began with; leave out CONFIG, --model, --data and --from"
            )
        return _end(_together("resume_run", resume, settings, place, reshard=reshard), store)
    if origin is not None and not config and not shorthands:
        found = find_origin(origin, place)
        return _end(_together("fork_run", forked_config(found, settings), found, place, reshard=reshard), store)
    tables = with_settings(with_settings(read_toml(config) if config else {}, shorthands), settings)
    if origin is not None:
        tables = stage_tables(find_origin(origin, place), tables)
    return _end(_together("start_run", config_from(tables), place), store)


def _together(work: str, *arguments: Any, **options: Any) -> Any:
    """Do a work of `trainer.session` in this process, and in those that were started beside it."""
    session = _importing("trainer.session")
    with _importing("trainer.parallel.channel").joined():
        return getattr(session, work)(*arguments, **options)


def _importing(module: str) -> Any:
    """A part that needs torch, which takes seconds to load; a typing error should not."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    return importlib.import_module(module)


def _shorthands(model: str | None, data: str | None, validation: str | None) -> list[str]:
    given = {"model.path": model, "data.train": data, "data.validation": validation}
    return [f"{key}={value}" for key, value in given.items() if value is not None]


def _end(ended: Any, named: str | None) -> int:
    """Say where the run is and what comes next; returns the exit status."""
    outcome = ended.outcome
    option = f" --store {named}" if named else ""
    click.echo(f"run {ended.name} is in {ended.folder}")
    if not ended.is_recorded:
        notes.print("its last steps are not in the store, and not in its spool: see above where they are")
    elif ended.store_error:
        notes.print(f"its last steps are not in the store yet, its spool has them all: {ended.store_error}")
    if outcome.unsaved:
        what = f"stopped by {outcome.stopped_by}" if outcome.stopped_by else "at its end"
        notes.print(f"{what} after step {outcome.state.step}, but what it learned last is lost: {outcome.unsaved}")
        click.echo(
            f"next: make room, then assay train --resume {ended.name}{option} goes on from the checkpoint before"
        )
        return STOP_CODES.get(outcome.stopped_by or "", 1)
    if outcome.forgot:
        notes.print(outcome.forgot)
    if outcome.stopped_by is None:
        click.echo(f"next: assay runs show {ended.name}{option}, or assay dash{option} to see it")
        return int(outcome.forgot is not None)
    notes.print(f"stopped by {outcome.stopped_by} after step {outcome.state.step}; the step is saved")
    click.echo(f"next: assay train --resume {ended.name}{option}{outcome.options} goes on")
    return STOP_CODES.get(outcome.stopped_by, int(outcome.forgot is not None))
