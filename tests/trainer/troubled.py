"""Runs of small models in real trouble: what went wrong, what the guard did, and what the model was worth in the end.

Trainer, detectors and guard are the real ones. Trouble comes from where it comes in life: out of the settings, out of
rows of the data file, or into memory (weights, Adam's state, a gradient) just before a step. `tests.trainer.troubles`
lists the troubles, `bench.instabilities` makes a table of them.
"""

import json
import random
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from unittest.mock import patch

from assay.spikes import Verdict
from store.database import Store
from store.loading import load_spools
from store.requests import ask
from store.runs import show_run
from tests.trainer.seen import batches
from trainer import rollback
from trainer.config import DataConfig
from trainer.config_file import config_from
from trainer.data import load_data
from trainer.demo.tiny import make_model
from trainer.plan import Stream, plan_for
from trainer.session import start_run
from trainer.train import Training

ANIMALS = {
    "fox": ("in the wood", "mice"), "otter": ("by the river", "fish"), "owl": ("in the barn", "moths"),
    "hare": ("on the hill", "clover"), "goat": ("in the yard", "thistles"), "crow": ("on the roof", "crumbs"),
    "toad": ("under the stone", "beetles"), "swan": ("on the lake", "weeds"), "mole": ("below the lawn", "worms"),
}  # fmt: skip
LOOKS = ("red", "old", "quick", "shy", "loud", "small", "proud", "lame", "white", "tired")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DEEDS = ("sleeps", "hides", "sings", "waits", "hunts", "digs", "plays", "rests")

AT = 70
"""Step at which trouble begins."""

STEPS = 120
BATCH = 8

Row = dict[str, str]
Settings = Mapping[str, Any]

CPT: Settings = {"train__stage": "cpt", "train__method": "full", "optim__lr": 1e-3}
SFT: Settings = {"train__stage": "sft", "train__method": "full", "optim__lr": 1e-3}
LORA: Settings = {"train__stage": "sft", "train__method": "lora", "optim__lr": 5e-3}
FP16: Settings = {**CPT, "train__precision": "fp16"}


@dataclass(frozen=True)
class Trouble:
    """Something that goes wrong, and what must come of it."""

    name: str
    """What it is, in words."""

    setup: Settings = field(default_factory=dict)
    """Settings, by section__key, of the run and of its healthy twin."""

    wrong: Settings = field(default_factory=dict)
    """Those of the troubled run alone."""

    strike: Callable[[Training, int], None] | None = None
    """Does its harm just before a step, or none."""

    spoil: Callable[[list[Row], Callable[[int], list[int]], random.Random], None] | None = None
    """Changes rows of the data file; is told which rows a step will read."""

    alarm: str | None = "rollback"
    """The alarm it must end in: skip, rollback, or None where a step must neither be skipped nor undone."""

    since: int = AT
    """Step before which there is nothing to find."""

    within: int = 12
    """Steps in which the first alarm must come."""

    worse: float = 1.1
    """Most of the held-out loss that is right, as a multiple of the healthy twin's."""

    hurts: float = 0.0
    """Least of the same: the harm that is left undone where the guard sees nothing, or can do nothing."""

    asks: bool | None = False
    """Whether the guard must come to its end and ask, as where trouble lasts; None where both are right."""

    causes: tuple[str, ...] = ()
    """What the guard may say of the cause; it must say one of them where there are any."""


HEALTHY = Trouble("none")


class Outcome(NamedTuple):
    """What became of a run."""

    loss: float
    """Of the model as it was left, on rows that are never learned, in nats."""

    alarms: list[dict[str, Any]]
    """Alarms to skip or to go back, as they were told: step, rule, action."""

    amber: list[dict[str, Any]]
    """Alarms for a person to look at."""

    taken: int
    """Steps that were looked at, those done again included."""

    skips: int
    """Steps not taken, those that were gone back for not among them."""

    rungs: list[str]
    """What was tried, in order."""

    causes: list[str]
    """What the tries have shown of each spike that is over."""

    asked: bool
    """Whether the guard had done what it may, and asked."""

    safe: list[str]
    """Checkpoints of the active path that count as stable."""

    returns: list[tuple[float, float]]
    """Seconds from each verdict to the first step on the new branch, and how many of them went into reading."""

    step_seconds: float
    """Median of a step."""

    said: list[str]
    """What the guard told people."""

    @property
    def first_alarm(self) -> int | None:
        """Step of the alarm that was raised first."""
        return self.alarms[0]["step"] if self.alarms else None


def some_row(chance: random.Random) -> Row:
    """Home and food follow from the animal; animal, look, deed and day are chance, which no model can learn."""
    animal = chance.choice(list(ANIMALS))
    home, food = ANIMALS[animal]
    return {
        "instruction": f"Where does the {chance.choice(LOOKS)} {animal} live?", "input": "",
        "output": f"The {animal} lives {home}, eats {food}, {chance.choice(DEEDS)} on {chance.choice(DAYS)}.",
    }  # fmt: skip


def some_rows(count: int, seed: str) -> list[Row]:
    chance = random.Random(seed)
    return [some_row(chance) for _ in range(count)]


def write(path: Path, rows: Sequence[Row]) -> str:
    path.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in rows), encoding="utf-8")
    return str(path)


def make_base(folder: Path) -> Path:
    """Pre-train a model of 40,000 parameters until it knows such sentences, as a base knows the words of its domain."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, new = some_rows(1500, "base"), folder / "new"
    texts = [item["instruction"] + item["output"] for item in rows]
    make_model(new, texts, seed=0, vocabulary=400, width=32, layers=2)
    store = _store(folder)
    tables = {
        "model": {"path": str(new)}, "data": {"train": write(folder / "rows.jsonl", rows), "validation": 0.0},
        "train": {"stage": "pretrain", "method": "full", "steps": 400, "batch_size": 16, "device": "cpu"},
        "optim": {"lr": 5e-3}, "run": {"name": "base"}, "checkpoint": {"every": 400},
        "record": {"system_seconds": 0, "groups": False},
    }  # fmt: skip
    ended = start_run(config_from(tables), store)
    base = Path(shutil.copytree(new, folder / "base"))
    (last,) = (ended.folder / "checkpoints").glob("*-b1/model.safetensors")
    shutil.copy(last, base)
    return base


def train(
    trouble: Trouble, settings: Settings, seed: int, base: Path, folder: Path, epoch: int | None = None
) -> Outcome:
    """Train with `settings` and what goes wrong; `epoch` is the number of rows, by default all are read once."""
    folder.mkdir(parents=True)
    steps, batch = settings.get("train__steps", STEPS), settings.get("train__batch_size", BATCH)
    rows = some_rows(epoch or steps * batch, f"rows {seed}")
    if trouble.spoil:
        plan = plan_for([Stream("train", 1.0, range(len(rows)))], [1] * len(rows), batch, steps=steps, epochs=1.0,
                        seed=seed)  # fmt: skip
        trouble.spoil(rows, plan.samples_at, random.Random(f"{trouble.name} {seed}"))
    tables: dict[str, dict[str, Any]] = {
        "model": {"path": str(base)}, "data": {"train": write(folder / "rows.jsonl", rows), "validation": 0.0},
        "train": {"steps": steps, "batch_size": batch, "device": "cpu", "seed": seed}, "run": {"name": "r"},
        "checkpoint": {"every": 20, "keep": 4, "stable_after": 20}, "optim": {"schedule": "constant"},
        "record": {"system_seconds": 0}, "guard.remedies": {"rewarm": 10},
    }  # fmt: skip
    for name, value in settings.items():
        section, key = name.split("__")
        tables.setdefault(section, {})[key] = value
    store = _store(folder)
    with _watched(trouble, store) as seen:
        start_run(config_from(tables), store)
    return seen.outcome(store)


def _store(folder: Path) -> Store:
    (folder / "runs").mkdir()
    store = Store.at(folder / "runs" / "assay.duckdb")
    store.create()
    return store


_EVENTS = """
SELECT kind, step, message, data FROM event WHERE kind IN ('spike', 'guard', 'spike-over', 'weights') ORDER BY time
"""


class _Seen:
    """A training as it is seen from outside."""

    def __init__(self) -> None:
        self.training: Training
        self.seconds: list[float] = []
        self.returns: list[tuple[float, float]] = []
        self.left: float | None = None
        self.reading = 0.0

    def arrives(self) -> None:
        """Note how long it took to get here, where the run was on its way back."""
        if self.left is not None:
            self.returns.append((time.perf_counter() - self.left, self.reading))
            self.left = None

    def reads(self, name: str) -> Any:
        """A function of trainer.rollback, with its time noted."""
        real = getattr(rollback, name)

        def timed(*arguments: Any) -> Any:
            began = time.perf_counter()
            try:
                return real(*arguments)
            finally:
                self.reading += time.perf_counter() - began

        return patch.object(rollback, name, timed)

    def outcome(self, store: Store) -> Outcome:
        """What became of it."""
        events = [row | {"data": json.loads(row["data"])} for row in store.rows(_EVENTS)]
        spikes = [row["data"] | {"step": row["step"]} for row in events if row["kind"] == "spike"]
        branches = [branch["data"] or {} for branch in show_run(store, "r")["branches"]]
        return Outcome(
            loss=held_out_loss(self.training),
            alarms=[item for item in spikes if item["action"] != "amber"],
            amber=[item for item in spikes if item["action"] == "amber"],
            taken=len(self.seconds),
            skips=sum(row["verdict"] == "skip" for row in batches(store)),
            rungs=[data["rung"] for data in branches if "rung" in data],
            causes=[row["data"]["cause"] for row in events if row["kind"] == "spike-over"],
            asked=any(row["data"].get("did") == "ask" for row in events),
            safe=[row["path"] for row in store.rows("SELECT path FROM checkpoint WHERE state = 'stable'")],
            returns=self.returns,
            step_seconds=median(self.seconds),
            said=[row["message"] for row in events],
        )


@contextmanager
def _watched(trouble: Trouble, store: Store) -> Iterator[_Seen]:
    """Let trouble in before each step; where the guard asks, a person says stop."""
    seen = _Seen()
    real = {name: getattr(Training, name) for name in ("train_step", "leave_out", "goes_around")}

    def train_step(self: Training, step: int) -> Verdict:
        seen.arrives()
        seen.training = self
        if trouble.strike:
            trouble.strike(self, step)
        began = time.perf_counter()
        verdict = real["train_step"](self, step)
        seen.seconds.append(time.perf_counter() - began)
        return verdict

    def leave_out(self: Training, step: int) -> None:
        seen.arrives()
        real["leave_out"](self, step)

    def goes_around(self: Training, verdict: Verdict, wishes: Any) -> bool:
        seen.left, seen.reading = time.perf_counter(), 0.0
        went = real["goes_around"](self, verdict, wishes)
        if self.guard.episode is not None and self.guard.episode.given_up:
            seen.left = None
            load_spools(store)
            ask(store, "r", "stop-and-save", actor="command:lin")
        return bool(went)

    with ExitStack() as patches:
        for made in (train_step, leave_out, goes_around):
            patches.enter_context(patch.object(Training, made.__name__, made))
        for name in ("check_whole", "read_state", "put_back", "begin_again"):
            patches.enter_context(seen.reads(name))
        yield seen


def held_out_loss(training: Training) -> float:
    """Loss on rows that no run ever learns."""
    job = training.job
    config = DataConfig(train=write(training.run.folder.parent / "held_out.jsonl", some_rows(128, "held out")),
                        validation=0.0)  # fmt: skip
    whole = job.config.train.stage != "sft"
    return job.engine.evaluate(load_data(config, job.template, 0, every_token=whole).train, micro_batch=64)
