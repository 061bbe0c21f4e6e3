"""The model and its tokenizer, from a local folder; the adapter on top."""

import re
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from peft import LoraConfig as PeftLora
from peft import PeftModel, get_peft_model
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.pytorch_utils import Conv1D
from transformers.utils.logging import disable_progress_bar

from store.model_digest import file_sha256, model_sha256
from trainer.config import LoraConfig, ModelConfig
from trainer.errors import ModelError

__all__ = [
    "adapter_shape", "add_adapter", "check_model_folder", "check_vocabulary", "check_weights", "doubts", "drop_nothing",
    "fingerprint", "load_adapter", "load_model", "load_tokenizer", "longest_input", "merged",
]  # fmt: skip

disable_progress_bar()  # ours is the one to look at

_LOADING = (OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError, AttributeError, SafetensorError)
"""What transformers raises for folders it cannot make sense of."""

SPARE_TOKENS = 512
"""Places in a model's vocabulary beyond its tokenizer's that are padding, as 5 % of them are."""

_SENTENCEPIECE = ("tokenizer.model", "spiece.model", "sentencepiece.bpe.model")


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


def load_tokenizer(config: ModelConfig, folder: Path | None = None) -> Any:
    """Load the tokenizer of a model folder, or the one in `folder`. Raises ModelError."""
    if folder is None:
        check_model_folder(config)
    named = folder or config.path
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder or _place(config)), **_options(config))
    except _LOADING as error:
        raise ModelError(f"the tokenizer in {named} cannot be loaded: {_tokenizer_lacks(config, error)}") from error
    if not tokenizer.eos_token:
        raise ModelError(
            f"the tokenizer in {named} has no end-of-sequence token, so a model could never learn where an answer "
            f'ends; name it as "eos_token" in tokenizer_config.json'
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
    places = _places(model)
    if len(tokenizer) > places:
        raise ModelError(f"the tokenizer has {len(tokenizer)} tokens, the model {places}; they do not belong together")


def doubts(model: Any, tokenizer: Any) -> list[str]:
    """What makes it doubtful that a tokenizer is the model's own, a sentence each."""
    found: list[str] = []
    places = _places(model)
    if (spare := places - len(tokenizer)) > max(SPARE_TOKENS, places // 20):
        found.append(
            f"the tokenizer has {len(tokenizer)} tokens and the model {places}, {spare} more than padding takes; "
            f"see whether the tokenizer is the model's own"
        )
    for name, file in (("config", "config.json"), ("generation_config", "generation_config.json")):
        stops = getattr(getattr(model, name, None), "eos_token_id", None)
        known = stops if isinstance(stops, list) else [stops]
        if stops is not None and tokenizer.eos_token_id not in known:
            found.append(
                f"the tokenizer ends an answer with token {tokenizer.eos_token_id} ({tokenizer.eos_token}), and "
                f"eos_token_id in {file} is {stops}; other programs may not stop where answers end"
            )
            break
    return found


def check_weights(model: nn.Module, folder: str) -> None:
    """Raise ModelError where a weight is no number: no training would ever make it one."""
    for name, tensor in model.named_parameters():
        if not torch.isfinite(tensor).all():
            bad = int((~torch.isfinite(tensor)).sum())
            raise ModelError(
                f"{bad} of {tensor.numel()} weights of {name} in {folder} are not a number; "
                f"take a whole copy of the model"
            )


def load_model(
    folder: str, config: ModelConfig, dtype: torch.dtype | str, tell: Callable[[str], object] | None = None,
    *, quantization: Any = None,
) -> nn.Module:  # fmt: skip
    """Load weights: of the configured model, or of a checkpoint of it in `folder`; `tell` is told of what is odd.

    With a `quantization` of transformers, weights are held as it says.

    Raises ModelError, also where a weight of the model is in none of its files: it would be a random one.
    """
    config = replace(config, path=folder)
    check_model_folder(config)
    try:
        # Sizes that differ are told below: transformers would tell them in a table of its own.
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            _place(config), dtype=dtype, output_loading_info=True, ignore_mismatched_sizes=True,
            **({"quantization_config": quantization} if quantization else {}), **_options(config),
        )  # fmt: skip
    except UnpicklingError as error:
        raise ModelError(
            f"the weights in {folder} are a pickle that holds code, or is damaged; nothing of it was run: take the "
            f"model as safetensors, or convert it where its code may run"
        ) from error
    except _LOADING as error:
        raise ModelError(f"the model in {folder} cannot be loaded: {_first_line(error)}") from error
    model, found = loaded
    _check_complete(folder, found)
    if tell and (odd := found["unexpected_keys"]):
        tell(f"{len(odd)} weights in {folder} have no place in the model and are left out ({_some(odd)})")
    return model


def _check_complete(folder: str, found: Any) -> None:
    """Raise ModelError where transformers would have filled weights with random numbers."""
    if odd := sorted(found["mismatched_keys"]):
        name, there, wanted = odd[0]
        more = f", as {len(odd) - 1} more do not" if len(odd) > 1 else ""
        raise ModelError(
            f"{name} is {_shape(there)} in the weights in {folder} and {_shape(wanted)} by its config.json, "
            f"so they do not belong together{more}; take a whole copy of the model"
        )
    if missing := found["missing_keys"]:
        raise ModelError(
            f"{len(missing)} weights that config.json asks for are in no file of {folder} ({_some(missing)}); "
            f"they would be random numbers: take a whole copy of the model"
        )


def _some(names: Collection[str]) -> str:
    return ", ".join(sorted(names)[:3]) + (", …" if len(names) > 3 else "")


def _shape(size: Collection[int]) -> str:
    return " x ".join(map(str, size))


def add_adapter(model: nn.Module, config: LoraConfig, new_tokens: Sequence[int] = ()) -> nn.Module:
    """Put a new LoRA adapter on a model; only the adapter can be trained then, and the rows of `new_tokens`.

    Raises ModelError.
    """
    rows = _rows_trained(model, config, new_tokens)
    lora = PeftLora(
        r=config.rank,
        lora_alpha=config.alpha,  # pyright: ignore[reportArgumentType] - peft says int, and divides
        lora_dropout=config.dropout,
        target_modules=config.target,
        trainable_token_indices=rows,
        task_type="CAUSAL_LM",
    )
    names = [name for name, _ in model.named_modules()]
    _check_pattern(config.target)
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


def drop_nothing(model: nn.Module) -> None:
    """Let a model drop nothing while it is trained: neither in its layers nor in what they hand to attention."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        for name, value in vars(module).items():
            if "dropout" in name and isinstance(value, float):
                setattr(module, name, 0.0)


def adapter_shape(folder: str, config: LoraConfig) -> LoraConfig:
    """The shape of a saved adapter, which is what goes on being trained. Raises ModelError."""
    try:
        saved: Any = PeftLora.from_pretrained(folder, local_files_only=True)
    except _LOADING as error:
        raise ModelError(f"{folder} is no LoRA adapter: {_first_line(error)}") from error
    target = saved.target_modules if isinstance(saved.target_modules, str) else sorted(saved.target_modules)
    return replace(
        config, rank=saved.r, alpha=float(saved.lora_alpha), dropout=saved.lora_dropout, target=target,
        new_tokens=bool(saved.trainable_token_indices) or config.new_tokens,
    )  # fmt: skip


def _rows_trained(model: Any, config: LoraConfig, new_tokens: Sequence[int]) -> dict[str, list[int]] | None:
    """The rows that are trained beside the adapter, by the name of their layer; a tied head has those of the embedding.

    Raises ModelError.
    """
    if not config.new_tokens or not new_tokens:
        return None
    if max(new_tokens) >= _places(model):
        raise ModelError(
            f"the model has {_places(model)} rows, and its note of new tokens names {max(new_tokens)}; take a whole "
            f"copy of it"
        )
    ends = [model.get_input_embeddings(), model.get_output_embeddings()]
    if model.config.get_text_config().tie_word_embeddings:
        ends.pop()
    names = [name for name, layer in model.named_modules() if any(layer is end for end in ends)]
    for name in names:
        if isinstance(config.target, list) and name.rpartition(".")[2] in config.target:
            raise ModelError(
                f"lora.target names {name}, whose rows of new tokens are trained by themselves; leave it out there, or "
                f"train them with it alone by lora.new_tokens = false"
            )
    return {name: list(new_tokens) for name in names}


def _check_pattern(target: list[str] | str) -> None:
    try:
        re.compile(target if isinstance(target, str) else "")
    except re.error as error:
        raise ModelError(
            f"lora.target = {target} is neither a list of names nor a regular expression: {error}; "
            f'write a list as ["q_proj", "v_proj"]'
        ) from error


def _places(model: Any) -> int:
    """Tokens a model has a place for; its embedding may have an adapter around it."""
    return model.get_input_embeddings().weight.shape[0]


def _tokenizer_lacks(config: ModelConfig, error: BaseException) -> str:
    """Why a tokenizer cannot be loaded; what transformers says of a missing file names none."""
    folder = Path(config.path).expanduser()
    if not folder.is_dir() or (folder / "tokenizer.json").exists() or _needs_trust(error):
        return _first_line(error)
    if old := [name for name in _SENTENCEPIECE if (folder / name).exists()]:
        return f"it has {old[0]} and no tokenizer.json, so the package sentencepiece is needed; {_first_line(error)}"
    return "it has no tokenizer.json; copy the tokenizer's files from where the model is from"


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
    return model_sha256(*folders, digest=_digest)


def _digest(path: Path) -> str:
    status = path.stat()
    return _known_digest(path.absolute(), status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@cache
def _known_digest(path: Path, _size: int, _modified: int, _changed: int) -> str:
    """Digest of a file that is as it was: a large model is read once a process, not once a question."""
    return file_sha256(path)


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


def _needs_trust(error: BaseException) -> bool:
    return "trust_remote_code" in str(error)


def _first_line(error: BaseException) -> str:
    """What an error says; where its first line announces the next ones, those too."""
    if _needs_trust(error):
        return "Python code comes with it, which runs with --set model.trust_remote_code=true alone; read it first"
    first, *rest = (str(error).strip() or type(error).__name__).splitlines()
    return " ".join([first, *map(str.strip, rest)])[:300] if first.rstrip().endswith(":") else first
