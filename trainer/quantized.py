"""A model whose weights are held in 4 bits, for an adapter that is trained on it (QLoRA; Dettmers et al. 2023, arXiv
2305.14314): NF4, with scales that are quantized themselves.
"""

import importlib.util
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import nn
from transformers import BitsAndBytesConfig

from trainer.errors import ConfigError, ModelError

__all__ = ["check_files", "four_bits", "is_quantized", "keep_layout", "size_of"]


def four_bits(precision: str) -> Any:
    """How a model is to be read in 4 bits, computing in `precision`. Raises ConfigError without bitsandbytes."""
    if importlib.util.find_spec("bitsandbytes") is None:
        raise ConfigError(
            'train.method = "qlora" needs bitsandbytes, which is not installed; install assay-llm[qlora], or train '
            'with method = "lora"'
        )
    compute = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=compute
    )


def check_files(folder: Path) -> None:
    """Raise ModelError where a weight in a model's files is no number: in 4 bits it would be one."""
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118 - the file is no mapping
                tensor = file.get_tensor(name)
                if tensor.is_floating_point() and not torch.isfinite(tensor).all():
                    raise ModelError(f"weights of {name} in {path} are not a number; take a whole copy of the model")


def keep_layout(model: nn.Module) -> None:
    """Have weights of 4 bits stay as they were read.

    On some processors bitsandbytes lays them out anew for the first evaluation, and for a kernel that rounds otherwise:
    what is trained after it would not be what is trained without it.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            vars(module)["support_avx512bf16_for_cpu"] = False


def is_quantized(parameter: nn.Parameter) -> bool:
    """Whether a parameter is held in 4 bits."""
    return getattr(parameter, "quant_state", None) is not None


def size_of(parameter: nn.Parameter) -> int:
    """Numbers in a parameter, of one in 4 bits those that are packed in it."""
    state: Any = getattr(parameter, "quant_state", None)
    return parameter.numel() if state is None else int(state.shape.numel())
