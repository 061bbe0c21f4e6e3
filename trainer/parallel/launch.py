"""How this process was started: alone, or as one of several, by torchrun or `accelerate launch`. Without torch."""

import os
from collections.abc import Mapping

from trainer.errors import ConfigError

__all__ = ["check_launch", "rank_of", "world_size_of"]


def world_size_of(variables: Mapping[str, str] = os.environ) -> int:
    """How many processes train together; 1 where nothing says otherwise.

    >>> world_size_of({"WORLD_SIZE": "4"}), world_size_of({})
    (4, 1)
    """
    return _number(variables, "WORLD_SIZE", 1)


def rank_of(variables: Mapping[str, str] = os.environ) -> int:
    """Which of them this is; rank 0 runs the loop."""
    return _number(variables, "RANK", 0) if world_size_of(variables) > 1 else 0


def check_launch(variables: Mapping[str, str] = os.environ) -> None:
    """Raise ConfigError where a launcher was asked for several processes and this one cannot find the others."""
    if world_size_of(variables) > 1:
        if lacking := [name for name in ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT") if name not in variables]:
            raise ConfigError(
                f"WORLD_SIZE is {variables['WORLD_SIZE']}, and {lacking[0]} is not set; start several processes with "
                f"torchrun or `accelerate launch --multi_gpu`, or leave WORLD_SIZE out"
            )
        for name, of in (("ACCELERATE_USE_DEEPSPEED", "DeepSpeed"), ("ACCELERATE_USE_MEGATRON_LM", "Megatron-LM")):
            if variables.get(name, "").lower() == "true":
                raise ConfigError(f"accelerate's configuration asks for {of}, which `assay train` does not use; {_HOW}")
        if variables.get("ACCELERATE_USE_FSDP", "").lower() == "true":
            raise ConfigError(
                f'accelerate\'s configuration asks for FSDP of its own; say train.parallel = "fsdp" instead, and {_HOW}'
            )
    elif variables.get("ACCELERATE_USE_CPU", "").lower() == "true" and "MASTER_ADDR" in variables:
        # Its simple launcher sets the address for several processes, and starts one.
        raise ConfigError(
            "`accelerate launch --cpu` was asked for several processes and started only this one; use torchrun "
            "--nproc-per-node N, or `accelerate launch --multi_gpu --num_processes N`, which needs no GPU"
        )


_HOW = "start it with torchrun, or with `accelerate launch --multi_gpu`"


def _number(variables: Mapping[str, str], name: str, otherwise: int) -> int:
    text = variables.get(name, "")
    if not text:
        return otherwise
    if not text.isdecimal():
        raise ConfigError(f"{name} is {text}, which is no number of processes; leave it out, or use torchrun")
    return int(text)
