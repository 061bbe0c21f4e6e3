"""What the demo trains: a base from nothing, the handbook on top, then an adapter that answers patients.

    demo-base         pretrain, full    facts in two languages, symptoms; 1.1 M parameters
    demo-handbook     cpt, full         the triage handbook, with general data mixed in
    demo-triage       sft, LoRA         conversations at the triage desk, with general data mixed in
    demo-triage-only                    the same without general data: what it forgets is seen beside the first
    demo-watched      sft, LoRA         the same desk at a learning rate that is too high and with four broken rows
    demo-guarded                        among the data: once watched only, once with the guard at work

The first two are made once for each seed and kept: a second demo begins with the third. The last four are trained in
pairs, two at a time where the machine has two cores. Then demo-triage and what it began with answer complaints that
neither has read, and a blind review of these is opened.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from evals.review.errors import CampaignError
from store.database import Store
from trainer.config import Config
from trainer.config_file import config_from
from trainer.demo.beside import Told, waiting
from trainer.demo.blind import open_review
from trainer.demo.exam import Marks, sit
from trainer.demo.maker import CORES, THREADS, Maker, Stopped
from trainer.demo.material import Material, make_material, write_rows
from trainer.demo.suites import write_suites
from trainer.demo.tiny import make_model

__all__ = ["STEPS", "Story", "tell"]

STEPS = 1300
"""Steps of the base; the handbook takes a sixteenth of them, the adapter three tenths."""


DESK = {"demo-triage": 0.25, "demo-triage-only": 0.0}
"""The two runs at the desk, by their share of general data."""

PAIR = {"watch": "demo-watched", "act": "demo-guarded"}
"""The two runs into the same trouble, by what the guard may do."""


class Story(NamedTuple):
    """What was told."""

    runs: list[Told]
    """Runs that were trained now."""

    marks: dict[str, Marks]
    """How each model did in the exam, by run; empty where someone stopped the story."""

    ends: dict[str, float | None]
    """Validation loss at the end of the two runs into trouble, by what the guard might do."""

    review: int | None
    """The blind review of the desk against the handbook; None where there is nothing to judge."""


def tell(store: Store, *, steps: int, seed: int, say: Callable[[str], None]) -> Story:
    """Train what is not there yet, then examine base, handbook and adapters. Raises AssayError."""
    place = store.root / "material" / f"seed-{seed}"
    material = make_material(seed)
    write_rows(place, material)
    suites = write_suites(place, material)
    with ExitStack() as stack:
        pairs = 2 if CORES > 1 else 0
        seconds = [stack.enter_context(waiting(store, threads=THREADS)) for _ in range(pairs)]
        make = Maker(store, place, say, seconds)
        try:
            base = make.full("base", _base(_new_model(place, material, seed), place, steps, seed))
            handbook = make.full("handbook", _handbook(base, place, max(1, steps // 16), seed))
            say("Asking each model what it knows: facts, and the department for new complaints.")
            # What both adapters are compared with is asked before them: each of the two would ask it.
            marks = {"base": sit(store, suites, base), "handbook": sit(store, suites, handbook)}
            desk = [_triage(handbook, place, max(1, 3 * steps // 10), seed, suites, name) for name in DESK]
            triage, alone = make.two(*desk)
            make.two(*(_too_hot(handbook, triage, place, max(1, steps // 8), seed, mode) for mode in PAIR))
        except Stopped:
            return Story(make.runs, {}, {}, None)
    review = _review(store, place, material, triage, seed, say)
    marks |= {"triage": sit(store, suites, triage), "triage only": sit(store, suites, alone)}
    ends = {mode: run.val_loss for mode, run in zip(PAIR, make.runs[-len(PAIR) :], strict=True)}
    return Story(make.runs, marks, ends, review)


def _review(
    store: Store, place: Path, material: Material, triage: Path, seed: int, say: Callable[[str], None]
) -> int | None:
    say("Both models answer the same new complaints, to be judged blind.")
    try:
        return open_review(store, place, material, triage, seed)
    except CampaignError as error:
        # After a handful of steps both may say the same everywhere.
        say(f"No blind review: {error}")
        return None


def _new_model(place: Path, material: Material, seed: int) -> Path:
    """Random weights, and a tokenizer learned from everything that is read in the demo."""
    texts = [row["text"] for row in (*material.base, *material.handbook)]
    texts += [turn["content"] for row in (*material.triage, *material.mix) for turn in row["messages"]]
    make_model(place / "model", texts, seed=seed)
    return place / "model"


def _base(model: Path, place: Path, steps: int, seed: int) -> Config:
    return config_from(
        {
            "run": {"name": "demo-base", "project": "demo", "tags": ["demo"]},
            "model": {"path": str(model)},
            "data": {"train": str(place / "base.jsonl"), "validation": 0.0, "max_length": 128},
            "train": {
                "stage": "pretrain", "method": "full", "steps": steps, "batch_size": 24, "micro_batch": 6,
                "seed": seed, "device": "cpu",
            },
            "optim": {"lr": 2.5e-3, "beta2": 0.99, "weight_decay": 0.01},
            "checkpoint": {"every": 200, "keep": 2, "stable_after": 20},
        }
    )  # fmt: skip


def _handbook(model: Path, place: Path, steps: int, seed: int) -> Config:
    return config_from(
        {
            "run": {"name": "demo-handbook", "project": "demo", "tags": ["demo"]},
            "model": {"path": str(model)},
            "data": {
                "train": str(place / "handbook.jsonl"), "general": str(place / "mix.jsonl"), "general_ratio": 0.3,
                "validation": 0.1, "max_length": 128,
            },
            "train": {
                "stage": "cpt", "method": "full", "steps": steps, "batch_size": 16, "micro_batch": 8,
                "seed": seed, "eval_every": 20, "device": "cpu",
            },
            "optim": {"lr": 3e-4, "beta2": 0.99},
            "checkpoint": {"every": 40, "stable_after": 20},
        }
    )  # fmt: skip


def _triage(model: Path, place: Path, steps: int, seed: int, suites: Sequence[Path], name: str) -> Config:
    share = DESK[name]
    mixed = {"general": str(place / "mix.jsonl"), "general_ratio": share} if share else {}
    return config_from(
        {
            "run": {"name": name, "project": "demo", "tags": ["demo"]},
            "model": {"path": str(model)},
            "data": {"train": str(place / "triage.jsonl"), **mixed, "validation": 0.05, "max_length": 128},
            "train": {
                "stage": "sft", "method": "lora", "steps": steps, "batch_size": 16, "micro_batch": 8,
                "seed": seed, "eval_every": 65, "device": "cpu",
            },
            "optim": {"lr": 3e-3, "beta2": 0.99},
            "lora": {"rank": 32, "alpha": 64.0},
            "checkpoint": {"every": 130, "stable_after": 20},
            "eval": {"suites": [str(suite) for suite in suites], "samples": 6, "sample_tokens": 32},
        }
    )  # fmt: skip


def _too_hot(model: Path, adapter: Path, place: Path, steps: int, seed: int, mode: str) -> Config:
    """What goes wrong here is in the configuration and in the data: a rate three times too high, four broken rows."""
    return config_from(
        {
            "run": {"name": PAIR[mode], "project": "demo", "tags": ["demo"]},
            "model": {"path": str(model), "adapter": str(adapter)},
            "data": {
                "train": [str(place / "triage.jsonl"), str(place / "broken.jsonl")], "validation": 0.05,
                "max_length": 512,
            },
            "train": {
                "stage": "sft", "method": "lora", "steps": steps, "batch_size": 16, "micro_batch": 8,
                "seed": seed, "eval_every": 20, "device": "cpu",
            },
            "optim": {"lr": 1e-2, "beta2": 0.99, "warmup": 0.8, "schedule": "constant"},
            "lora": {"rank": 32, "alpha": 64.0},
            "checkpoint": {"every": 20, "stable_after": 20},
            "eval": {"samples": 0},
            # Enough tries to end by itself: a demo must not wait for a person.
            "guard": {"mode": mode, "rollbacks": 1000, "rollbacks_in_run": 1000},
        }
    )  # fmt: skip
