"""What the demo trains: a base from nothing, the handbook on top, then an adapter that answers patients.

    demo-base      pretrain, full    facts in two languages, symptoms; 1.1 M parameters
    demo-handbook  cpt, full         the triage handbook, with general data mixed in
    demo-triage    sft, LoRA         conversations at the triage desk, with general data mixed in
    demo-watched   sft, LoRA         the same desk once more, at a learning rate that is too high and with four broken
    demo-guarded                     rows among the data: once watched only, once with the guard at work

The first two are made once for each seed and kept: a second demo begins with the third.
"""

import hashlib
import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from assay.errors import AssayError
from assay.version import VERSION
from store.artifacts import ArtifactError, sealed_folders, verify
from store.database import Store
from trainer.config import Config
from trainer.config_file import config_from, to_toml
from trainer.demo.exam import Marks, sit
from trainer.demo.material import Material, make_material, write_rows
from trainer.demo.tiny import make_model
from trainer.session import Ended, start_run

__all__ = ["STEPS", "Story", "tell"]

STEPS = 1300
"""Steps of the base; the handbook takes a sixteenth of them, the adapter three tenths."""


PAIR = {"watch": "demo-watched", "act": "demo-guarded"}
"""The two runs into the same trouble, by what the guard may do."""


class Story(NamedTuple):
    """What was told."""

    runs: list[Ended]
    """Runs that were trained now."""

    marks: dict[str, Marks]
    """How each model did in the exam, by stage; empty where someone stopped the story."""

    ends: dict[str, float | None]
    """Validation loss at the end of the two runs into trouble, by what the guard might do."""


class _Stopped(Exception):  # noqa: N818 - someone's wish, no error
    """Someone stopped a run."""


def tell(store: Store, *, steps: int, seed: int, say: Callable[[str], None]) -> Story:
    """Train what is not there yet, then examine base, handbook and adapter. Raises AssayError."""
    place = store.root / "material" / f"seed-{seed}"
    material = make_material(seed)
    write_rows(place, material)
    runs: list[Ended] = []
    try:
        make = _Maker(store, place, runs, say)
        base = make.full("base", _base(_new_model(place, material, seed), place, steps, seed))
        handbook = make.full("handbook", _handbook(base, place, max(1, steps // 16), seed))
        triage = make.run(_triage(handbook, place, max(1, 3 * steps // 10), seed))
        for mode in PAIR:
            make.run(_too_hot(handbook, triage, place, max(1, steps // 8), seed, mode))
    except _Stopped:
        return Story(runs, {}, {})
    ends = {mode: ended.outcome.state.val_loss for mode, ended in zip(PAIR, runs[-len(PAIR) :], strict=True)}
    say("Asking each model what it knows: facts, and the department for new complaints.")
    return Story(
        runs,
        {
            "base": make.remembered("base exam", base, lambda: sit(base, place)),
            "handbook": make.remembered("handbook exam", handbook, lambda: sit(handbook, place)),
            "triage": sit(handbook, place, adapter=triage),
        },
        ends,
    )


class _Maker:
    """Makes what was not made before, and remembers it in a file beside the material."""

    def __init__(self, store: Store, place: Path, runs: list[Ended], say: Callable[[str], None]) -> None:
        self._store, self._runs, self._say = store, runs, say
        self._file = place / "made.json"

    def full(self, name: str, config: Config) -> Path:
        """The checkpoint a configuration comes to: the one made before, where it is whole."""
        key = _key(name, config)
        known = self._known().get(key)
        if known is not None:
            folder = self._store.root / known
            try:
                verify(folder)
            except ArtifactError:
                pass
            else:
                self._say(f"The {name} was made before: {known}.")
                return folder
        folder = self.run(config)
        self._remember(key, folder.relative_to(self._store.root).as_posix())
        return folder

    def run(self, config: Config) -> Path:
        """Train, and return the last checkpoint."""
        ended = start_run(config, self._store)
        self._runs.append(ended)
        if ended.outcome.stopped_by:
            raise _Stopped
        found = sealed_folders(ended.folder / "checkpoints")
        if not found:
            raise AssayError(f"the demo cannot go on: no checkpoint of {ended.name} could be written to {ended.folder}")
        return found[-1]

    def remembered(self, name: str, folder: Path, sit_exam: Callable[[], Marks]) -> Marks:
        """Marks that a checkpoint got before, else now."""
        key = f"{name} {folder.parent.parent.name}/{folder.name}"
        known = self._known().get(key)
        if known is not None:
            return Marks(*known)
        marks = sit_exam()
        self._remember(key, list(marks))
        return marks

    def _known(self) -> dict[str, Any]:
        return json.loads(self._file.read_text(encoding="utf-8")) if self._file.exists() else {}

    def _remember(self, key: str, value: Any) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps({**self._known(), key: value}, indent=1) + "\n", encoding="utf-8")
        new.replace(self._file)


def _key(name: str, config: Config) -> str:
    """What decides a checkpoint: configuration, data, versions."""
    data = [config.data.train, config.data.general]
    parts = [to_toml(config), VERSION, *(version(item) for item in ("torch", "transformers"))]
    parts += [hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in data if isinstance(path, str) and path]
    return f"{name} {hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:12]}"


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


def _triage(model: Path, place: Path, steps: int, seed: int) -> Config:
    return config_from(
        {
            "run": {"name": "demo-triage", "project": "demo", "tags": ["demo"]},
            "model": {"path": str(model)},
            "data": {
                "train": str(place / "triage.jsonl"), "general": str(place / "mix.jsonl"), "general_ratio": 0.25,
                "validation": 0.05, "max_length": 128,
            },
            "train": {
                "stage": "sft", "method": "lora", "steps": steps, "batch_size": 16, "micro_batch": 8,
                "seed": seed, "eval_every": 25, "device": "cpu",
            },
            "optim": {"lr": 3e-3, "beta2": 0.99},
            "lora": {"rank": 32, "alpha": 64.0},
            "checkpoint": {"every": 50, "stable_after": 20},
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
            # Enough tries to end by itself: a demo must not wait for a person.
            "guard": {"mode": mode, "rollbacks": 1000, "rollbacks_in_run": 1000},
        }
    )  # fmt: skip
