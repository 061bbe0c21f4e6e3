"""One model in several processes: as a copy in each (DDP), or a part in each (FSDP); see `docs/parallel.md`."""

import re
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs
from torch import distributed, nn

from assay.errors import AssayError
from trainer.config import Config
from trainer.errors import ConfigError
from trainer.parallel.channel import Channel, current, told_where_lost

__all__ = ["accelerator_of", "agreement", "join", "warm_up"]

_LAYER = re.compile(r"\.(?:layers|h|blocks|block|layer)\.\d+$")

_VERSIONS = ("torch", "transformers", "peft", "accelerate")


def accelerator_of(config: Config) -> Accelerator:
    """What knows this process's device. Raises ConfigError for what FSDP does not take."""
    if config.train.parallel == "fsdp" and config.train.precision == "fp16":
        raise ConfigError('train.precision = "fp16" is for train.parallel = "ddp"; with "fsdp" take bf16 or fp32')
    if config.train.parallel == "fsdp" and config.train.method == "qlora":
        raise ConfigError('train.method = "qlora" is for train.parallel = "ddp"; with "fsdp" take lora or full')
    on_cpu = config.train.device == "cpu" or not torch.cuda.is_available()
    # Nothing of a decoder's buffers changes while it is trained.
    copies = DistributedDataParallelKwargs(broadcast_buffers=False)
    return Accelerator(cpu=on_cpu, mixed_precision="no", kwargs_handlers=[copies])


@contextmanager
def agreement() -> Iterator[list[str]]:
    """Prepare something in every process, and go on only where all of them could; what is put into the list must be
    the same in all.

    Raises ConfigError in rank 0 where another process could not, or has something else.
    """
    facts: list[str] = [] if current() is None else [f"{name} {version(name)}" for name in _VERSIONS]
    try:
        yield facts
    except AssayError as error:
        _compare(str(error), facts)
        raise
    _compare("", facts)


def _compare(refusal: str, facts: list[str]) -> None:
    channel = current()
    if channel is None:
        return
    everywhere = channel.gather((refusal, facts, socket.gethostname()))
    if refusal:
        return
    first = everywhere[0]
    for rank, (theirs, found, host) in enumerate(everywhere):
        if theirs:
            raise ConfigError(f"process {rank}, on {host}: {theirs}")
        if odd := [(one, other) for one, other in zip(first[1], found, strict=True) if one != other]:
            one, other = odd[0]
            raise ConfigError(
                f"process {rank}, on {host}, has {other}, and process 0, on {first[2]}, has {one}; give all the same"
            )


def join(model: nn.Module, config: Config, accelerator: Accelerator, channel: Channel) -> nn.Module:
    """The model as all processes have it together, with the weights of rank 0's; to be called by all of them."""
    with told_where_lost():
        if config.train.parallel == "fsdp":
            return _sharded(model, accelerator.device)
        assert channel.size == accelerator.num_processes, "Accelerate sees what torch sees"
        with warnings.catch_warnings():
            # torch's new name for this still copies buffers when it begins, and Accelerate does not know it yet.
            warnings.filterwarnings("ignore", "`broadcast_buffers` is deprecated", FutureWarning)
            assert accelerator.ddp_handler is not None, "given to it"
            accelerator.ddp_handler.find_unused_parameters = _has_unused(model.to(accelerator.device), accelerator)
            return accelerator.prepare_model(model)


def warm_up(joint: Any, optimizer: torch.optim.Optimizer, device: torch.device) -> None:
    """Read three tokens, and learn nothing of them.

    DDP lays gradients out in the order in which the first ones come: after this, each step adds up in the same order,
    the first one of a run that goes on as well.
    """
    with told_where_lost():
        _read_three(joint, device)
    optimizer.zero_grad(set_to_none=True)


def _read_three(model: Any, device: torch.device) -> None:
    logits = model(input_ids=torch.tensor([[0, 1, 2]], device=device), use_cache=False).logits
    (0.0 * logits.float().sum()).backward()


def _has_unused(model: nn.Module, accelerator: Accelerator) -> bool:
    """Whether weights that are trained take no part in reading text: DDP would wait for their gradients."""
    _read_three(model, accelerator.device)
    found = any(item.requires_grad and item.grad is None for item in model.parameters())
    model.zero_grad(set_to_none=True)
    return found


def _sharded(model: Any, device: torch.device) -> nn.Module:
    from torch.distributed.device_mesh import init_device_mesh  # noqa: PLC0415 - a second, for those who use it
    from torch.distributed.fsdp import fully_shard  # noqa: PLC0415 - likewise

    for tensor in [*model.parameters(), *model.buffers()]:
        distributed.broadcast(tensor.data, src=0)
    mesh = init_device_mesh(device.type, (distributed.get_world_size(),))
    for name, module in list(model.named_modules()):
        if _LAYER.search(f".{name}"):
            fully_shard(module, mesh=mesh)
    # Between two passes everything is in parts, so that whoever looks at a weight finds it so.
    fully_shard(model, mesh=mesh, reshard_after_forward=True)
    return model.to(device)
