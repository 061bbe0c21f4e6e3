"""What the demo trains: a base model from nothing on general facts, then an adapter for triage on top."""

from pathlib import Path

from store.artifacts import sealed_folders
from store.database import Store
from trainer.config import Config
from trainer.config_file import config_from
from trainer.demo.material import make_material, write_rows
from trainer.demo.tiny import make_model
from trainer.session import Ended, start_run

__all__ = ["tell"]


def tell(store: Store, *, steps: int, seed: int) -> list[Ended]:
    """Train both runs; `steps` are those of the base, half as many those of the adapter.

    Stops after the first where someone stopped it.
    """
    place = store.root / "material" / f"seed-{seed}"
    material = make_material()
    write_rows(place / "base.jsonl", material.base, seed)
    write_rows(place / "triage.jsonl", material.triage, seed)
    texts = [row["text"] for row in material.base]
    texts += [turn["content"] for row in material.triage for turn in row["messages"]]
    make_model(place / "model", texts, seed=seed)
    base = start_run(_base(place, steps, seed), store)
    if base.outcome.stopped_by:
        return [base]
    trained = sealed_folders(base.folder / "checkpoints")[-1]
    return [base, start_run(_triage(trained, place, max(1, steps // 2), seed), store)]


def _base(place: Path, steps: int, seed: int) -> Config:
    return config_from(
        {
            "run": {"name": "demo-base", "project": "demo", "tags": ["demo"]},
            "model": {"path": str(place / "model")},
            "data": {"train": str(place / "base.jsonl"), "validation": 0.05, "max_length": 96},
            "train": {
                "stage": "pretrain", "method": "full", "steps": steps, "batch_size": 24, "seed": seed,
                "eval_every": 20, "device": "cpu",
            },
            "optim": {"lr": 4e-3, "beta2": 0.99, "weight_decay": 0.01},
            "checkpoint": {"every": 60},
        }
    )  # fmt: skip


def _triage(model: Path, place: Path, steps: int, seed: int) -> Config:
    return config_from(
        {
            "run": {"name": "demo-triage", "project": "demo", "tags": ["demo"]},
            "model": {"path": str(model)},
            "data": {"train": str(place / "triage.jsonl"), "validation": 0.1, "max_length": 96},
            "train": {
                "stage": "sft", "method": "lora", "steps": steps, "batch_size": 16, "seed": seed,
                "eval_every": 10, "device": "cpu",
            },
            "optim": {"lr": 5e-3},
            "checkpoint": {"every": 40},
        }
    )  # fmt: skip
