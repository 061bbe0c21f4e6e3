"""`assay eval`: put a model to suites, and compare it with what it began with."""

import contextlib
import importlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.errors import AssayError
from store.commands.common import json_option, notes, open_store, print_json, store_option
from store.loading import load_spools
from trainer.bar import Bar
from trainer.eval_words import print_found
from trainer.probe_command import torch_module

if TYPE_CHECKING:
    from evals.suite import Suite
    from store.database import Store
    from trainer.evaluator import Evaluator, Found

__all__ = ["evaluate"]


@click.command("eval")
@click.argument("asked")
@click.option(
    "--suite", "suites", multiple=True, metavar="FILE", type=click.Path(path_type=Path),
    help="Suite (TOML) or choice questions (JSONL). Default: those in [eval] of the run.",
)  # fmt: skip
@click.option("--task", "tasks", multiple=True, metavar="NAME", help="Task of lm-evaluation-harness.")
@click.option(
    "--tasks", "include", metavar="DIR", type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of tasks of your own; without it the harness's are meant.",
)  # fmt: skip
@click.option("--watch", is_flag=True, help="Score each new checkpoint of the run, and take the pages' requests.")
@store_option
@json_option
def evaluate(
    *, asked: str, suites: tuple[Path, ...], tasks: tuple[str, ...], include: Path | None, watch: bool,
    store: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Score a model on suites, against its base and the checkpoint before.

    ASKED is RUN, RUN@STEP or a folder; with --watch a RUN. What was scored before is not asked again.
    """
    if watch and as_json:
        raise click.UsageError("--watch goes on until Ctrl-C; leave out --json")
    place = open_store(store)
    read = [importlib.import_module("evals.suite").read_suite(path) for path in _suites(asked, suites, tasks, place)]
    if not (read or tasks or watch):
        raise AssayError(f"nothing is asked of {asked}; name a suite with --suite, or in [eval] of its configuration")
    opened = importlib.import_module("evals.harness").open_tasks(tasks, include) if tasks else []
    with Bar() as bar:
        engine = torch_module("trainer.evaluator")

        def make(suites: "Sequence[Suite]") -> "Evaluator":
            return engine.Evaluator(place, suites, say=notes.print, progress=bar.show)

        evaluator = engine.Evaluator(place, read, opened, say=notes.print, progress=bar.show)
        if watch:
            _watch(asked, place, evaluator, make, bar)
            return
        found = evaluator.score(torch_module("trainer.asked").find_asked(asked, place))
    if place.exists:
        load_spools(place)
    if as_json:
        print_json(_as_dict(found))
    else:
        print_found(found)


def _watch(run: str, place: "Store", evaluator: "Evaluator", make: Any, bar: Bar) -> None:
    if not (place.root / run / "spool").is_dir():
        raise AssayError(f"there is no run {run} in {place.root}; `assay runs ls` lists the runs")
    watching = torch_module("trainer.eval_watch")

    def tell(found: "list[Found]") -> None:
        load_spools(place)
        print_found(found)

    notes.print(f"Following {run}: each new checkpoint is scored, and what pages ask is answered. Ctrl-C ends it.")
    with contextlib.suppress(KeyboardInterrupt):
        for sentence in watching.EvalWatch(place, run, evaluator, make, tell, bar.show).follow():
            notes.print(sentence)


def _suites(asked: str, named: tuple[Path, ...], tasks: tuple[str, ...], place: "Store") -> list[Path]:
    """The suites that are named, else those of the run's own configuration."""
    file = place.root / asked.partition("@")[0].partition("/")[0] / "config.toml"
    if named or tasks or not file.is_file():
        return list(named)
    config_file = importlib.import_module("trainer.config_file")
    return [Path(path) for path in config_file.config_from(config_file.read_toml(file)).eval.suites]


def _as_dict(found: "Sequence[Found]") -> dict[str, Any]:
    first = found[0].evaluation
    return {
        "model": first.model, "artifact": first.artifact, "run": first.run, "branch": first.branch, "step": first.step,
        "base": first.base, "suites": [_suite(one) for one in found],
    }  # fmt: skip


def _suite(found: "Found") -> dict[str, Any]:
    one, forgotten = found.evaluation, found.evidence
    light = {"light": None} if forgotten is None else {"light": forgotten.light.colour, "why": forgotten.light.why}
    return {
        "suite": one.suite, "sha256": one.suite_sha256, "measures": one.measures, "kind": one.kind,
        "n": len(one.items), "of": one.of, "seconds": one.seconds, "scorer": one.scorer,
        "scores": [asdict(row) for row in one.scores], **light,
        "forgetting": None if forgotten is None else forgotten.comparison.as_dict(forgotten.light.colour),
        "leak": one.data["leak"], "versions": one.data["versions"],
        "items": [asdict(row) for row in one.items],
    }  # fmt: skip
