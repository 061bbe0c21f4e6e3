"""What a script says about its run, and the configuration that comes of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.errors import AssayError
from trainer.config import (
    CheckpointConfig,
    Config,
    DataConfig,
    GuardConfig,
    ModelConfig,
    OptimConfig,
    RemediesConfig,
    RunConfig,
    TrainConfig,
)
from trainer.config_file import as_dict

__all__ = ["NO_FILE", "Options", "base_of", "config_of", "shown_config"]

NO_FILE = "train_dataset"
"""What stands for the data file of a host that has not named one."""

SHOWN = {
    "run": ("name", "project", "owner", "tags"),
    "model": ("path",),
    "data": ("train",),
    "train": ("stage", "method", "steps", "batch_size", "micro_batch", "seed"),
    "optim": ("lr", "clip", "weight_decay", "beta1", "beta2", "eps"),
    "checkpoint": ("keep", "stable_after"),
    "guard": ("mode", "rollbacks", "skip_after"),
}
"""Sections and keys that are known of a host's run."""


@dataclass(frozen=True)
class Options:
    """How a host's training is recorded and guarded."""

    name: str | None = None
    """Name of the run; without one the host's `run_name`, else the name of its output folder."""

    store: str | None = None
    """The store's file or folder; without one ASSAY_STORE, else the nearest `runs/` upward."""

    mode: str = "watch"
    """watch only tells; act skips steps and goes back."""

    project: str = ""
    """Project it belongs to."""

    owner: str = ""
    """Whom it is trained for, as `[run] owner`."""

    tags: tuple[str, ...] = ()
    """Words to find it by."""

    data: str | None = None
    """File whose rows are those of the training dataset, in its order: their texts are then shown."""

    rollbacks: int = 2
    """Rollbacks for one spike, the unchanged replay not counted."""

    stable_after: int = 50
    """Clean steps after which a checkpoint is safe to return to."""

    keep: int = 3
    """How many of the newest sealed checkpoints are kept."""

    sample_losses: bool = True
    """Whether the loss of each sample is recorded."""

    def __post_init__(self) -> None:
        """Raise AssayError where a value cannot be meant."""
        if self.mode not in ("watch", "act"):
            raise AssayError(f"AssayCallback: mode is {self.mode!r}; it must be 'watch' or 'act'")
        for key in ("rollbacks", "stable_after", "keep"):
            least = 0 if key == "rollbacks" else 1
            if not isinstance(getattr(self, key), int) or getattr(self, key) < least:
                raise AssayError(f"AssayCallback: {key} is {getattr(self, key)!r}; it must be a number from {least} up")


def config_of(options: Options, name: str, args: Any, model: Any, stage: str, steps: int) -> Config:
    """The configuration of a host's run as `assay train` would write it, as far as there are keys for it."""
    is_adapter = hasattr(model, "peft_config")
    batch = args.per_device_train_batch_size * args.gradient_accumulation_steps * max(1, args.world_size)
    return Config(
        run=RunConfig(name=name, project=options.project, owner=options.owner, tags=list(options.tags)),
        model=ModelConfig(path=base_of(model)),
        data=DataConfig(train=str(Path(options.data).expanduser().absolute()) if options.data else NO_FILE),
        train=TrainConfig(
            stage=stage, method="lora" if is_adapter else "full", steps=steps, batch_size=batch,
            micro_batch=args.per_device_train_batch_size, seed=args.seed,
        ),
        optim=OptimConfig(
            lr=args.learning_rate, clip=args.max_grad_norm or 0.0, weight_decay=args.weight_decay,
            beta1=args.adam_beta1, beta2=args.adam_beta2, eps=args.adam_epsilon,
        ),
        checkpoint=CheckpointConfig(keep=options.keep, stable_after=options.stable_after),
        guard=GuardConfig(mode=options.mode, rollbacks=options.rollbacks),
        # What groups of layers and Adam are is the host's: nothing but the learning rate is changed there.
        remedies=RemediesConfig(shallow_update=None),
    )  # fmt: skip


def shown_config(config: Config, args: Any) -> dict[str, Any]:
    """What is recorded of it: what is known, and under `arguments` all that the host was given."""
    tables = as_dict(config)
    known = {section: {key: tables[section].get(key) for key in keys} for section, keys in SHOWN.items()}
    return {**known, "arguments": args.to_sanitized_dict()}


def base_of(model: Any) -> str:
    """Folder or hub name of the model; of an adapter that of the model below it, empty where neither says so."""
    adapters = getattr(model, "peft_config", None) or {}
    for adapter in adapters.values():
        if adapter.base_model_name_or_path:
            return str(adapter.base_model_name_or_path)
    return str(getattr(getattr(model, "config", None), "_name_or_path", "") or "")
