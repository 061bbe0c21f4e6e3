"""What a step of the real trainer allocates, from the events of torch's profiler."""

import gc
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from accelerate import Accelerator
from torch.profiler import ProfilerActivity, profile, record_function
from transformers import AutoModelForCausalLM

from trainer.config import LoraConfig, OptimConfig
from trainer.examples import Example
from trainer.model import add_adapter
from trainer.optim import make_optimizer
from trainer.planning.activations import Setting
from trainer.planning.memory import Memory
from trainer.precision import Precision
from trainer.step import Engine

__all__ = ["measured"]

_MARK = "bench/"


class _Live(NamedTuple):
    """Bytes that are allocated at a mark."""

    now: int
    """At the mark itself."""

    most: int
    """The most since the mark before."""


def measured(config: Any, setting: Setting, *, seed: int = 0) -> Memory:
    """Bytes that the second of two steps of a model of this configuration, with new weights, takes on a processor.

    A step has two micro-batches, so that the gradients of one are there while the other is computed. What is left of
    the peak beside weights, gradients and optimizer are its activations; the data and the model's own constants
    (buffers) count as neither.
    """
    torch.manual_seed(seed)
    with _no_garbage(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        examples = _examples(setting, config.vocab_size, seed)
        _mark("data")
        model: Any = AutoModelForCausalLM.from_config(config).to(getattr(torch, setting.dtype or "float32"))
        if not setting.is_full:
            model = add_adapter(model, LoraConfig(rank=setting.rank))
        if setting.checkpointing:
            model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
        model.train()
        _mark("model")
        _steps(model, setting, examples)
    buffers = sum(item.numel() * item.element_size() for item in model.buffers())
    live = _live(profiled)
    data, made, after = live["data"].now, live["model"].now, live["emptied"].now
    gradients = live["measured"].now - after
    most = max(live[name].most for name in ("measured", "end"))
    return Memory(
        setting=setting, weights=made - data - buffers, gradients=gradients, optimizer=after - made,
        activations=most - after - gradients,
    )  # fmt: skip


def _steps(model: Any, setting: Setting, examples: Sequence[Example]) -> None:
    optimizer = make_optimizer(model.named_parameters(), OptimConfig(), 1e-4)
    accelerator = Accelerator(cpu=True, mixed_precision="no")
    engine = Engine(accelerator, model, Precision(setting.precision, torch.device("cpu")))
    for _ in range(2):
        _mark("emptied")
        engine.measure(optimizer, examples, micro_batch=setting.micro_batch, clip=1.0)
        _mark("measured")
        optimizer.step()
        _mark("end")
        optimizer.zero_grad(set_to_none=True)


def _examples(setting: Setting, vocabulary: int, seed: int) -> list[Example]:
    """Two micro-batches; each has one sample of the full length, shorter ones beside it where they are padded."""
    draw = random.Random(seed)
    made: list[Example] = []
    for place in range(2 * setting.micro_batch):
        # Micro-batches are cut in the order of length: those of the first are a little shorter.
        length = setting.length - (2 * setting.micro_batch - 1 - place if setting.padded else 0)
        ids = torch.tensor([draw.randrange(vocabulary) for _ in range(length)], dtype=torch.int32)
        answer = torch.arange(length) >= length - round(setting.learned * length)
        made.append(Example(place, "made", ids, answer))
    return made


@contextmanager
def _no_garbage() -> Iterator[None]:
    """What earlier measurements left is freed before this one, and not counted in it."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _mark(name: str) -> None:
    with record_function(_MARK + name):
        pass


def _live(profiled: profile) -> dict[str, _Live]:
    """Bytes allocated at each mark, the last one of its name."""
    assert profiled.profiler is not None
    assert profiled.profiler.kineto_results is not None
    rows: list[tuple[int, bool, int, str]] = []
    for event in profiled.profiler.kineto_results.events():
        if event.name() == "[memory]":
            rows.append((event.start_ns(), False, event.nbytes(), ""))
        elif event.name().startswith(_MARK):
            rows.append((event.start_ns(), True, 0, event.name().removeprefix(_MARK)))
    found: dict[str, _Live] = {}
    now = most = 0
    for _, is_mark, size, name in sorted(rows):
        if is_mark:
            found[name] = _Live(now, most)
            most = now
        now += size
        most = max(most, now)
    return found
