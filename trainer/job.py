"""Everything a run needs before its first step, made ready before anything is recorded."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import torch
from accelerate import Accelerator
from torch import nn

from evals.prompt import ChatTemplate
from evals.suite import Suite
from store.artifacts import read_manifest
from trainer.config import Config
from trainer.data import TrainingData, load_data, streams_of
from trainer.errors import ConfigError
from trainer.groups import group_of, layers_of
from trainer.model import (
    adapter_shape,
    add_adapter,
    check_vocabulary,
    check_weights,
    doubts,
    drop_nothing,
    fingerprint,
    load_adapter,
    load_model,
    load_tokenizer,
    longest_input,
    merged,
)
from trainer.objective import Answers, objective_of
from trainer.optim import make_optimizer
from trainer.packing import keeps_apart
from trainer.parallel.channel import current, order
from trainer.parallel.engine import SharedEngine
from trainer.parallel.joining import accelerator_of, agreement, join, warm_up
from trainer.parallel.launch import world_size_of
from trainer.parallel.shards import is_part
from trainer.parallel.spread import share_optimizer, share_weights
from trainer.plan import Plan, plan_for
from trainer.precision import Precision
from trainer.quantized import check_files, four_bits, is_quantized, keep_layout, size_of
from trainer.remedies import SHALLOW
from trainer.step import Engine, seed_step
from trainer.suites import suites_of
from trainer.vocabulary.folder import new_tokens_of

__all__ = ["Built", "Job", "begin_again", "build", "load_again", "prepare"]


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

    engine: Engine
    """Runs the model forward and backward."""

    base_sha256: str | None
    """Digest of the files of the model folder, and of its adapter."""

    model_sha256: str | None
    """Digest of those of the model folder alone."""

    suites: list[Suite]
    """What it is asked while it trains."""

    notes: list[str] = field(default_factory=list[str])
    """What a person should know of the model and its tokenizer."""

    @property
    def micro_batch(self) -> int:
        """Samples at once in memory."""
        return min(self.config.train.micro_batch or self.config.train.batch_size, self.config.train.batch_size)

    @property
    def plan_facts(self) -> dict[str, Any]:
        """What decides the order of the data."""
        return self.plan.facts()

    def decode(self, ids: torch.Tensor) -> str:
        """Token ids as text."""
        return self.tokenizer.decode(ids.tolist(), skip_special_tokens=True)

    @cached_property
    def parameters(self) -> tuple[int, int]:
        """How many parameters are trained, and how many there are."""
        sizes = [(size_of(item), item.requires_grad) for item in self.model.parameters()]
        return sum(size for size, trained in sizes if trained), sum(size for size, _ in sizes)


def prepare(config: Config, checkpoint: Path | None = None) -> Job:
    """Load data, tokenizer and model; from a verified checkpoint where the run goes on.

    Nothing is written. Raises AssayError for anything wrong with what was named.
    """
    tokenizer = load_tokenizer(config.model)
    template = ChatTemplate(tokenizer)
    config = _without_dropout(_with_adapter_shape(_within_reach(config)))
    every_token, pairs = config.train.stage in ("cpt", "pretrain"), config.train.stage == "dpo"
    data = load_data(config.data, template, config.train.seed, every_token=every_token, pairs=pairs)
    suites = suites_of(config, data, longest_input(config.model))
    plan = plan_for(
        streams_of(config.data, data),
        [example.length for example in data.train],
        config.train.batch_size,
        steps=config.train.steps,
        epochs=config.train.epochs,
        seed=config.train.seed,
        short=[] if checkpoint is None else _short(checkpoint),
    )
    notes: list[str] = []
    order("build", config=config)
    model, optimizer, engine = build(config, checkpoint, tokenizer, notes.append)
    objective = engine.objective
    if every_token and config.data.packing and isinstance(objective, Answers):
        notes += _packed(engine, objective, data, config.data.max_length)
    return Job(
        config=config, data=data, plan=plan, model=model, tokenizer=tokenizer, template=template,
        optimizer=optimizer, engine=engine,
        base_sha256=fingerprint(config.model), model_sha256=fingerprint(replace(config.model, adapter="")),
        suites=suites, notes=[*notes, *doubts(model, tokenizer)],
    )  # fmt: skip


class Built(NamedTuple):
    """What every process of a run has."""

    model: nn.Module
    """The model, with its adapter where there is one, on its device."""

    optimizer: torch.optim.Optimizer
    """Over what is trained."""

    engine: Engine
    """Runs the model forward and backward."""


def build(
    config: Config, checkpoint: Path | None = None, tokenizer: Any = None,
    tell: Callable[[str], object] | None = None,
) -> Built:  # fmt: skip
    """Load the model and all that trains it, in each process of a run; rank 0's weights are those of all.

    Raises AssayError.
    """
    with agreement() as facts:
        accelerator = _accelerator(config)
        seed_step(config.train.seed, 0)
        model = _model(config, checkpoint, accelerator.device, tell)
        if tokenizer is not None:
            check_vocabulary(model, tokenizer)
        check_weights(model, str(checkpoint or config.model.path))
        if config.train.stage == "dpo":
            drop_nothing(model)
        if config.train.gradient_checkpointing:
            _keep_few_activations(model)
        facts += [f"{name} {tuple(item.shape)}" for name, item in model.named_parameters()]
    precision, objective = Precision(_precision(config, accelerator.device), accelerator.device), objective_of(config)
    if (channel := current()) is None:
        model, optimizer = accelerator.prepare(model, _optimizer(config, model))
        model.train()
        return Built(model, optimizer.optimizer, Engine(accelerator, model, precision, objective))
    joint = join(model, config, accelerator, channel)
    optimizer = _optimizer(config, model)
    joint.train()
    engine = SharedEngine(accelerator, model, joint, precision, objective, channel)
    warm_up(joint, optimizer, accelerator.device)
    return Built(model, optimizer, engine)


def _optimizer(config: Config, model: nn.Module) -> torch.optim.AdamW:
    layers = layers_of(name for name, _ in model.named_parameters())
    return make_optimizer(
        model.named_parameters(), config.optim, config.lr, lambda name: group_of(name, layers) in SHALLOW
    )


def _packed(engine: Engine, objective: Answers, data: TrainingData, capacity: int) -> list[str]:
    """Lay documents end to end where the model keeps them apart; else say that it does not."""
    if not keeps_apart(engine, sorted({token for example in data.train[:100] for token in example.ids.tolist()})):
        return ["each document is read in a row of its own, as this model does not keep packed ones apart"]
    objective.capacity = capacity
    return []


def begin_again(job: Job) -> None:
    """Give a job the weights it had before its first step, and an optimizer that remembers nothing.

    Only for a job that began at its model; needs memory for a second one while the weights are copied.
    """
    seed_step(job.config.train.seed, 0)
    fresh = load_again(job.config, job.engine.accelerator.device)
    weights = dict(fresh.named_parameters())
    with torch.no_grad():
        for name, parameter in job.engine.accelerator.unwrap_model(job.model).named_parameters():
            if not is_part(parameter) and not is_quantized(parameter):
                parameter.copy_(weights[name])
    share_weights(job, fresh, frozen=True)
    job.optimizer.state.clear()
    share_optimizer(job)


def load_again(config: Config, device: torch.device, checkpoint: Path | None = None) -> nn.Module:
    """The model as a run begins with it, or as a verified checkpoint has it, once more. Raises ModelError."""
    return _model(config, checkpoint, device)


def _short(checkpoint: Path) -> list[tuple[int, int]]:
    cursor: dict[str, Any] = read_manifest(checkpoint)["cursor"]
    return [(step, read) for step, read in cursor.get("short", [])]


def _with_adapter_shape(config: Config) -> Config:
    if not config.model.adapter or not config.train.is_adapter:
        return config
    return replace(config, lora=adapter_shape(config.model.adapter, config.lora))


def _without_dropout(config: Config) -> Config:
    """What takes effect of a stage of preferences: its reference drops nothing, so neither does what is compared."""
    return replace(config, lora=replace(config.lora, dropout=0.0)) if config.train.stage == "dpo" else config


def _keep_few_activations(model: Any) -> None:
    try:
        model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
    except ValueError as error:
        raise ConfigError(f"train.gradient_checkpointing: this model cannot do that: {error}") from error


def _within_reach(config: Config) -> Config:
    """No sample is longer than what the model was made for."""
    longest = longest_input(config.model)
    if longest is None or config.data.max_length <= longest:
        return config
    return replace(config, data=replace(config.data, max_length=longest))


def _accelerator(config: Config) -> Accelerator:
    if config.train.device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("train.device is cuda, and torch finds no GPU here; leave it out, or take cpu")
    if current() is not None:
        return accelerator_of(config)
    if world_size_of() > 1:
        raise ConfigError("several processes train together by `assay train` alone; leave WORLD_SIZE out here")
    # Precision is ours (trainer.precision): Accelerate knows devices and other processes.
    return Accelerator(cpu=config.train.device == "cpu", mixed_precision="no")


def _precision(config: Config, device: torch.device) -> str:
    if config.train.precision != "auto":
        return config.train.precision
    return "bf16" if device.type == "cuda" and torch.cuda.is_bf16_supported() else "fp32"


def _model(
    config: Config, checkpoint: Path | None, device: torch.device, tell: Callable[[str], object] | None = None
) -> nn.Module:
    dtype = _dtype(config, device)
    if config.train.method == "full" and checkpoint:
        return load_model(str(checkpoint), config.model, dtype, tell)
    quantization = four_bits(_precision(config, device)) if config.train.method == "qlora" else None
    base = load_model(config.model.path, config.model, dtype, tell, quantization=quantization)
    if quantization:
        keep_layout(base)
        check_files(Path(config.model.path).expanduser())
    adapter = checkpoint or (Path(config.model.adapter) if config.model.adapter else None)
    if config.train.method == "full":
        return merged(load_adapter(base, adapter)) if adapter else base
    if adapter:
        return load_adapter(base, adapter)
    return add_adapter(base, config.lora, new_tokens_of(Path(config.model.path).expanduser()))


def _dtype(config: Config, device: torch.device) -> torch.dtype | str:
    if config.model.dtype != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16}[config.model.dtype]
    # Only what is not trained may stay in the file's narrow type; a processor is no faster with it.
    return "auto" if config.train.is_adapter and device.type != "cpu" else torch.float32
