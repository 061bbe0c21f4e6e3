"""The configurations of the demo's runs, as `assay train` would read them from a file."""

from collections.abc import Sequence
from pathlib import Path

from store.story import ALONE, GUARDED, TRIAGE, WATCHED
from trainer.config import Config
from trainer.config_file import config_from

__all__ = ["DESK", "PAIR", "base", "handbook", "too_hot", "triage"]

DESK = {TRIAGE: 0.4, ALONE: 0.0}
"""The two runs at the desk, by their share of general data."""

PAIR = {"watch": WATCHED, "act": GUARDED}
"""The two runs into the same trouble, by what the guard may do."""


# Documents of the demo are padded: what it tells was measured so, over three seeds (docs/design/0007-the-demo.md).


def base(model: Path, place: Path, steps: int, seed: int) -> Config:
    """A model from nothing: it reads facts and symptoms until it knows them."""
    return config_from(
        {
            "run": {"name": "demo-base", "project": "demo", "tags": ["demo"]},
            "model": {"path": str(model)},
            "data": {"train": str(place / "base.jsonl"), "validation": 0.0, "max_length": 128, "packing": False},
            "train": {
                "stage": "pretrain", "method": "full", "steps": steps, "batch_size": 24, "micro_batch": 6,
                "seed": seed, "device": "cpu",
            },
            "optim": {"lr": 2.5e-3, "beta2": 0.99, "weight_decay": 0.01},
            "checkpoint": {"every": 200, "keep": 2, "stable_after": 20},
        }
    )  # fmt: skip


def handbook(model: Path, place: Path, steps: int, seed: int) -> Config:
    """The second pre-training, gentle, on the handbook."""
    return config_from(
        {
            "run": {"name": "demo-handbook", "project": "demo", "tags": ["demo"]},
            "model": {"path": str(model)},
            "data": {
                "train": str(place / "handbook.jsonl"), "general": str(place / "mix.jsonl"), "general_ratio": 0.3,
                "validation": 0.1, "max_length": 128, "packing": False,
            },
            "train": {
                "stage": "cpt", "method": "full", "steps": steps, "batch_size": 16, "micro_batch": 8,
                "seed": seed, "eval_every": 20, "device": "cpu",
            },
            "optim": {"lr": 3e-4, "beta2": 0.99},
            "checkpoint": {"every": 40, "stable_after": 20},
        }
    )  # fmt: skip


def triage(model: Path, place: Path, steps: int, seed: int, suites: Sequence[Path], name: str) -> Config:
    """The desk: an adapter that learns to answer patients; `name` is one of `DESK`."""
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
            "optim": {"lr": 3e-3, "beta2": 0.99, "weight_decay": 2.0, "warmup": 0.2},
            "lora": {"rank": 32, "alpha": 64.0},
            "checkpoint": {"every": 26, "keep": 15, "stable_after": 20},
            "eval": {"suites": [str(suite) for suite in suites], "samples": 6, "sample_tokens": 32},
        }
    )  # fmt: skip


def too_hot(model: Path, adapter: Path, place: Path, steps: int, seed: int, mode: str) -> Config:
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
            "optim": {"lr": 1e-2, "beta2": 0.99, "weight_decay": 2.0, "warmup": 0.8, "schedule": "constant"},
            "lora": {"rank": 32, "alpha": 64.0},
            "checkpoint": {"every": 20, "stable_after": 20},
            "eval": {"samples": 0},
            # Enough tries to end by itself: a demo must not wait for a person.
            "guard": {"mode": mode, "rollbacks": 1000, "rollbacks_in_run": 1000},
        }
    )  # fmt: skip
