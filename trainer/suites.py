"""What a run is asked while it trains: the suites it names, and a few prompts whose answers are only shown."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from evals.suite import Settings, Suite, read_suite
from evals.suite_rows import OpenItem, read_open
from evals.text import Sample
from trainer.config import Config
from trainer.data import TrainingData
from trainer.errors import ConfigError

__all__ = ["SAMPLES", "asks_what_was_kept", "suites_of"]

SAMPLES = "samples"
"""What the suite of prompts whose answers are only shown is called."""


def suites_of(config: Config, data: TrainingData, longest: int | None) -> list[Suite]:
    """Read what a run is asked; `longest` is what its model reads at the most, in tokens.

    Raises DataError for a suite that is broken, ConfigError where two are called the same or `guard.max_forgetting`
    has none to look at.
    """
    suites = [read_suite(path) for path in config.eval.suites]
    tokens = config.eval.sample_tokens
    prompts = _prompts(config, data)
    if prompts:
        suites.append(_shown(prompts, min(tokens, longest // 2) if longest else tokens))
    _check_names(suites)
    if config.guard.max_forgetting and not any(map(asks_what_was_kept, suites)):
        raise ConfigError(
            f"guard.max_forgetting is {config.guard.max_forgetting}, and eval.suites names no choice suite of what "
            "should be kept, whose light it looks at; name one, or leave it out"
        )
    return suites


def asks_what_was_kept(suite: Suite) -> bool:
    """Whether a suite has a light: choice questions of what should not be lost."""
    return suite.settings.measures == "kept" and suite.settings.kind == "choice"


def _check_names(suites: Sequence[Suite]) -> None:
    places: dict[str, Path] = {}
    for suite in suites:
        name = suite.settings.name
        if name in places:
            raise ConfigError(
                f"eval.suites: {places[name]} and {suite.path} are both called {name}; give one another `name`"
            )
        places[name] = suite.path


def _prompts(config: Config, data: TrainingData) -> list[OpenItem]:
    wanted = config.eval.samples
    if isinstance(wanted, str):
        return read_open(Path(wanted))
    if config.train.stage not in ("sft", "dpo"):
        return []
    found = list(_held_out(data))
    count = min(wanted, len(found))
    # Spread over all of them: neighbours are often of one kind.
    return [found[len(found) * (2 * place + 1) // (2 * count)] for place in range(count)]


def _held_out(data: TrainingData) -> Iterator[OpenItem]:
    """Questions and answers of the rows held out for the validation loss: of each conversation the first."""
    samples = {file.first_row + sample.row: sample for file in data.files for sample in file.samples}
    for example in data.validation:
        item = _first_exchange(samples[example.row], f"row {example.row}")
        if item is not None:
            yield item


def _first_exchange(sample: Sample, name: str) -> OpenItem | None:
    turns = list(sample.turns)
    system = turns.pop(0).content if turns[0].role == "system" else ""
    if [turn.role for turn in turns[:2]] != ["user", "assistant"]:
        return None
    return OpenItem(name, turns[0].content, turns[1].content, system, {})


def _shown(prompts: Sequence[OpenItem], tokens: int) -> Suite:
    settings = Settings(SAMPLES, "shown", "open", "", max_new_tokens=tokens, metrics=())
    asked = [[item.id, item.question, item.reference, item.system] for item in prompts]
    digest = hashlib.sha256(json.dumps([SAMPLES, tokens, asked]).encode()).hexdigest()
    return Suite(settings, Path("eval.samples"), tuple(prompts), (), digest)
