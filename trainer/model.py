"""The model and its tokenizer, from a local folder; the adapter on top."""

import hashlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig as PeftLora
from peft import PeftModel, get_peft_model
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.pytorch_utils import Conv1D
from transformers.utils.logging import disable_progress_bar

from trainer.config import LoraConfig, ModelConfig
from trainer.errors import ModelError

__all__ = [
    "adapter_shape", "add_adapter", "check_model_folder", "check_vocabulary", "check_weights", "fingerprint",
    "load_adapter", "load_model", "load_tokenizer", "longest_input", "merged",
]  # fmt: skip

disable_progress_bar()  # ours is the one to look at

_LOADING = (OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError, AttributeError, SafetensorError)
"""What transformers raises for folders it cannot make sense of."""


def check_model_folder(config: ModelConfig) -> None:
    """Raise ModelError, in words, for a path that cannot be a model."""
    folder = Path(config.path).expanduser()
    if not folder.exists():
        if config.allow_download:
            return
        raise ModelError(
            f"there is no model folder {config.path}; a hub name is only fetched with --set model.allow_download=true"
        )
    if not folder.is_dir():
        raise ModelError(f"{folder} is a file; name the folder that holds the model")
    if not (folder / "config.json").is_file():
        if (folder / "adapter_config.json").is_file():
            raise ModelError(f"{folder} is an adapter, not a model; name the model it was trained on")
        raise ModelError(f"{folder} is no model: it has no config.json")
    if not any(folder.glob("*.safetensors")) and not any(folder.glob("*.bin")):
        raise ModelError(f"{folder} is no model: it has a config.json, but no weights (*.safetensors)")


def load_tokenizer(config: ModelConfig) -> Any:
    """Load the tokenizer of a model folder. Raises ModelError."""
    check_model_folder(config)
    try:
        tokenizer = AutoTokenizer.from_pretrained(_place(config), **_options(config))
    except _LOADING as error:
        raise ModelError(f"the tokenizer in {config.path} cannot be loaded: {_first_line(error)}") from error
    if not tokenizer.eos_token:
        raise ModelError(
            f"the tokenizer in {config.path} has no end-of-sequence token, so a model could never learn where an "
            f'answer ends; name it as "eos_token" in tokenizer_config.json'
        )
    return tokenizer


def longest_input(config: ModelConfig) -> int | None:
    """Tokens the model was made for at the most; None where it does not say. Raises ModelError."""
    try:
        found = AutoConfig.from_pretrained(_place(config), **_options(config))
    except _LOADING as error:
        raise ModelError(f"the model in {config.path} cannot be loaded: {_first_line(error)}") from error
    return getattr(found, "max_position_embeddings", None)


def check_vocabulary(model: nn.Module, tokenizer: Any) -> None:
    """Raise ModelError where the tokenizer has tokens the model has no place for."""
    places = model.get_input_embeddings().num_embeddings  # pyright: ignore[reportCallIssue, reportAttributeAccessIssue, reportOptionalMemberAccess] - every transformers model
    if len(tokenizer) > places:
        raise ModelError(f"the tokenizer has {len(tokenizer)} tokens, the model {places}; they do not belong together")


def check_weights(model: nn.Module, folder: str) -> None:
    """Raise ModelError where a weight is no number: no training would ever make it one."""
    for name, tensor in model.named_parameters():
        if not torch.isfinite(tensor).all():
            bad = int((~torch.isfinite(tensor)).sum())
            raise ModelError(
                f"{bad} of {tensor.numel()} weights of {name} in {folder} are not a number; "
                f"take a whole copy of the model"
            )


def load_model(folder: str, config: ModelConfig, dtype: torch.dtype | str) -> nn.Module:
    """Load weights: of the configured model, or of a checkpoint of it in `folder`. Raises ModelError."""
    config = replace(config, path=folder)
    check_model_folder(config)
    try:
        return AutoModelForCausalLM.from_pretrained(_place(config), dtype=dtype, **_options(config))
    except _LOADING as error:
        raise ModelError(f"the model in {folder} cannot be loaded: {_first_line(error)}") from error


def add_adapter(model: nn.Module, config: LoraConfig) -> nn.Module:
    """Put a new LoRA adapter on a model; only the adapter can be trained then. Raises ModelError."""
    lora = PeftLora(
        r=config.rank,
        lora_alpha=config.alpha,  # pyright: ignore[reportArgumentType] - peft says int, and divides
        lora_dropout=config.dropout,
        target_modules=config.target,
        task_type="CAUSAL_LM",
    )
    names = [name for name, _ in model.named_modules()]
    wanted = config.target if isinstance(config.target, list) else []
    for target in wanted:
        if not any(name == target or name.endswith(f".{target}") for name in names):
            raise ModelError(_fits_none(model, target))
    try:
        with _peft_asking_old_names():
            return get_peft_model(model, lora)  # pyright: ignore[reportArgumentType] - every transformers model
    except ValueError as error:
        raise ModelError(f"{_fits_none(model, config.target)} ({_first_line(error)})") from error


def load_adapter(model: nn.Module, folder: Path) -> nn.Module:
    """Put a saved adapter on a model, to be trained on. Raises ModelError."""
    try:
        with _peft_asking_old_names():
            return PeftModel.from_pretrained(model, str(folder), is_trainable=True, local_files_only=True)  # pyright: ignore[reportArgumentType] - every transformers model
    except _LOADING as error:
        raise ModelError(f"the adapter in {folder} cannot be put on the model: {_first_line(error)}") from error


def merged(model: Any) -> nn.Module:
    """The model with its adapter taken into its weights, all of which can be trained."""
    plain: nn.Module = model.merge_and_unload()
    return plain.requires_grad_(True)


def adapter_shape(folder: str, config: LoraConfig) -> LoraConfig:
    """The shape of a saved adapter, which is what goes on being trained. Raises ModelError."""
    try:
        saved: Any = PeftLora.from_pretrained(folder, local_files_only=True)
    except _LOADING as error:
        raise ModelError(f"{folder} is no LoRA adapter: {_first_line(error)}") from error
    target = saved.target_modules if isinstance(saved.target_modules, str) else sorted(saved.target_modules)
    return replace(config, rank=saved.r, alpha=float(saved.lora_alpha), dropout=saved.lora_dropout, target=target)


def _fits_none(model: nn.Module, target: object) -> str:
    return f"lora.target = {target} fits no layer of the model; its linear layers are called " + ", ".join(
        _linear_names(model)
    )


def _linear_names(model: nn.Module) -> list[str]:
    """Last parts of the names of a model's linear layers, in order."""
    kinds = (nn.Linear, Conv1D)  # GPT-2 has its own kind
    found = [name.rpartition(".")[2] for name, layer in model.named_modules() if isinstance(layer, kinds)]
    return list(dict.fromkeys(found))


def fingerprint(config: ModelConfig) -> str | None:
    """Digest of all files of a model folder, and of its adapter; None for a model from the hub."""
    folders = [Path(name).expanduser() for name in (config.path, config.adapter) if name]
    if not folders[0].is_dir():
        return None
    found = hashlib.sha256()
    for path in (path for folder in folders for path in sorted(folder.glob("*"))):
        if path.is_file() and not path.name.startswith("."):
            status = path.stat()
            known = _digest(path.absolute(), status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            found.update(f"{path.name} {known}\n".encode())
    return found.hexdigest()


@cache
def _digest(path: Path, _size: int, _modified: int, _changed: int) -> str:
    """Digest of a file that is as it was: a large model is read once a process, not once a question."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _peft_asking_old_names() -> Iterator[None]:
    """Keep quiet that peft reads a property under the name transformers is about to drop."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        yield


def _place(config: ModelConfig) -> str:
    folder = Path(config.path).expanduser()
    return str(folder.absolute()) if folder.exists() else config.path


def _options(config: ModelConfig) -> dict[str, Any]:
    return {"trust_remote_code": config.trust_remote_code, "local_files_only": not config.allow_download}


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
