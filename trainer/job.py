"""Everything a run needs before its first step, made ready before anything is recorded."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from evals.prompt import ChatTemplate
from trainer.config import Config
from trainer.data import TrainingData, load_data
from trainer.errors import ConfigError
from trainer.model import (
    add_adapter,
    check_vocabulary,
    fingerprint,
    load_adapter,
    load_model,
    load_tokenizer,
    longest_input,
)
from trainer.optim import make_optimizer
from trainer.plan import Plan, plan_for
from trainer.step import seed_step

__all__ = ["Job", "prepare"]


@dataclass
class Job:
    """A run made ready."""

    config: Config
    """What was asked for."""

    data: TrainingData
    """What it learns from."""

    plan: Plan
    """Which samples each step reads."""

    model: nn.Module
    """The model, with its adapter where there is one, on its device."""

    tokenizer: Any
    """Its tokenizer."""

    template: ChatTemplate
    """Its chat template."""

    optimizer: torch.optim.Optimizer
    """Over what is trained."""

    accelerator: Accelerator
    """Device, precision and, later, other processes."""

    base_sha256: str | None
    """Digest of the model folder's files."""

    @property
    def micro_batch(self) -> int:
        """Samples at once in memory."""
        return min(self.config.train.micro_batch or self.config.train.batch_size, self.config.train.batch_size)

    @property
    def plan_facts(self) -> dict[str, Any]:
        """What decides the order of the data."""
        return {"samples": self.plan.samples, "batch_size": self.plan.batch_size, "seed": self.plan.seed}

    @cached_property
    def parameters(self) -> tuple[int, int]:
        """How many parameters are trained, and how many there are."""
        sizes = [(item.numel(), item.requires_grad) for item in self.model.parameters()]
        return sum(size for size, trained in sizes if trained), sum(size for size, _ in sizes)


def prepare(config: Config, checkpoint: Path | None = None) -> Job:
    """Load data, tokenizer and model; from a verified checkpoint where the run goes on.

    Nothing is written. Raises AssayError for anything wrong with what was named.
    """
    tokenizer = load_tokenizer(config.model)
    template = ChatTemplate(tokenizer)
    config = _within_reach(config)
    data = load_data(config.data, template, config.train.seed)
    plan = plan_for(
        len(data.train),
        config.train.batch_size,
        steps=config.train.steps,
        epochs=config.train.epochs,
        seed=config.train.seed,
    )
    accelerator = _accelerator(config)
    seed_step(config.train.seed, 0)
    model = _model(config, checkpoint, accelerator.device)
    check_vocabulary(model, tokenizer)
    optimizer = make_optimizer(model.named_parameters(), config.optim, config.lr)
    model, optimizer = accelerator.prepare(model, optimizer)
    model.train()
    return Job(
        config=config, data=data, plan=plan, model=model, tokenizer=tokenizer, template=template,
        optimizer=optimizer, accelerator=accelerator, base_sha256=fingerprint(config.model),
    )  # fmt: skip


def _within_reach(config: Config) -> Config:
    """No sample is longer than what the model was made for."""
    longest = longest_input(config.model)
    if longest is None or config.data.max_length <= longest:
        return config
    return replace(config, data=replace(config.data, max_length=longest))


def _accelerator(config: Config) -> Accelerator:
    wanted, precision = config.train.device, config.train.precision
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ConfigError("train.device is cuda, and torch finds no GPU here; leave it out, or take cpu")
    on_gpu = wanted != "cpu" and torch.cuda.is_available()
    if precision == "auto":
        precision = "bf16" if on_gpu and torch.cuda.is_bf16_supported() else "fp32"
    return Accelerator(cpu=wanted == "cpu", mixed_precision="bf16" if precision == "bf16" else "no")


def _model(config: Config, checkpoint: Path | None, device: torch.device) -> nn.Module:
    if config.train.method == "lora":
        base = load_model(config.model.path, config.model, _dtype(config, device))
        return load_adapter(base, checkpoint) if checkpoint else add_adapter(base, config.lora)
    return load_model(str(checkpoint) if checkpoint else config.model.path, config.model, _dtype(config, device))


def _dtype(config: Config, device: torch.device) -> torch.dtype | str:
    if config.model.dtype != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16}[config.model.dtype]
    # Only what is not trained may stay in the file's narrow type; a processor is no faster with it.
    return "auto" if config.train.method == "lora" and device.type != "cpu" else torch.float32
