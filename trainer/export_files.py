"""The files of an export: taken from a checkpoint and its base as they are, or written so that others answer alike.

An export is known by the digests of its parts, each the SHA-256 of the lines `NAME SHA256` of its files, by name:

    adapter             adapter_config.json, adapter_model.safetensors
    weights             config.json and *.safetensors of a whole model, with their index
    chat_template       chat_template.jinja, and further templates by name in additional_chat_templates/
    generation_config   generation_config.json
    tokenizer           every other file

`base` is the digest of the model it stands on and `data` that of the training data, both as in the checkpoint's
manifest. A part that there is none of is null.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoTokenizer, GenerationConfig, __version__
from transformers.utils.hub import cached_file

from assay.foreign import Failure, attempt
from evals.generate import stops_of
from evals.prompt import ChatTemplate
from evals.text.sample import Turn
from trainer.config import ModelConfig
from trainer.errors import ModelError

__all__ = [
    "CONFIG", "base_folder", "copy_adapter", "copy_tokenizer", "copy_weights", "part_digests",
    "write_generation_config",
]  # fmt: skip

PARTS = ("tokenizer", "adapter", "weights", "chat_template", "generation_config")

CONFIG = "config.json"
"""What says which model weights are of."""

GENERATION, TEMPLATE, TEMPLATES = "generation_config.json", "chat_template.jinja", "additional_chat_templates"
ADAPTER = ("adapter_config.json", "adapter_model.safetensors")

_TRAINING = "optimizer.safetensors"

_TOKENIZER = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.json",
)  # fmt: skip
"""Besides those that the tokenizer's class names."""

_IDS = ("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id")
_LENGTHS = ("max_length", "max_new_tokens")

_PROBE = "Is 38.5 °C a fever?  Café, 发烧吗？\n"


def base_folder(config: ModelConfig) -> Path:
    """The folder of a model, for one from the hub that in its cache. Raises ModelError where it is not there."""
    folder = Path(config.path).expanduser()
    if folder.is_dir():
        return folder
    found = attempt(partial(cached_file, config.path, CONFIG, local_files_only=True))
    if isinstance(found, Failure) or found is None:
        raise ModelError(f"there is no model folder {config.path}, and this machine keeps no copy of it; put it back")
    return Path(found).parent


def copy_adapter(checkpoint: Path, folder: Path, base: str) -> None:
    """Copy what peft loads. The configuration names `base`: as long as that is there, the adapter loads anywhere."""
    for name in ADAPTER:
        shutil.copyfile(checkpoint / name, folder / name)
    place = folder / ADAPTER[0]
    known: dict[str, Any] = json.loads(place.read_bytes())
    if known.get("base_model_name_or_path") != base:
        text = json.dumps({**known, "base_model_name_or_path": base}, indent=2, sort_keys=True)
        place.write_text(text, encoding="utf-8")


def copy_weights(checkpoint: Path, folder: Path) -> None:
    """Copy the weights of a whole model, and what says which model it is."""
    for path in sorted(checkpoint.glob("*")):
        if path.name != _TRAINING and _part(path.name) == "weights":
            shutil.copyfile(path, folder / path.name)


def copy_tokenizer(model: Path, folder: Path, tokenizer: Any) -> None:
    """Copy a tokenizer's files as its model's folder has them, and write the chat template that was trained with.

    Where they would be read otherwise without that folder's config.json, they are written anew, with what says so.
    Raises ModelError where that does not help.
    """
    for name in dict.fromkeys([*_TOKENIZER, *tokenizer.vocab_files_names.values()]):
        if (model / name).is_file():
            shutil.copyfile(model / name, folder / name)
    if not _reads_alike(folder, tokenizer, _ids_of_text):
        tokenizer.save_pretrained(folder)
    for name, text in _templates(tokenizer):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    if not _reads_alike(folder, tokenizer, _ids_of_prompt):
        raise ModelError(f"the tokenizer in {model} reads text otherwise once it is copied; nothing is exported")


def write_generation_config(model: Path, folder: Path, tokenizer: Any) -> None:
    """Write what a server takes as its default: the likeliest token each time, and an end where answers ended here.

    Tokens and lengths are those of the model's own file, or without one of its config.json; whatever in it would
    change which token is the next is left out.
    """
    config: Any = _generation_of(model)
    stops = sorted(stops_of(config.eos_token_id, tokenizer, ChatTemplate(tokenizer)))
    own = config.to_diff_dict()
    kept = {name: own[name] for name in (*_IDS, *_LENGTHS) if own.get(name) is not None}
    settings = {
        **kept, "eos_token_id": stops[0] if len(stops) == 1 else stops, "do_sample": False, "num_beams": 1,
        "transformers_version": __version__,
    }  # fmt: skip
    (folder / GENERATION).write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def part_digests(folder: Path) -> dict[str, str | None]:
    """Digests of the parts of an export that is being written; see above."""
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    lines: dict[str, list[str]] = {part: [] for part in PARTS}
    for name, path in sorted(files.items()):
        with path.open("rb") as file:
            lines[_part(name)].append(f"{name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n")
    return {part: hashlib.sha256("".join(of).encode()).hexdigest() if of else None for part, of in lines.items()}


def _part(name: str) -> str:
    if name in ADAPTER:
        return "adapter"
    if name == CONFIG or name.endswith((".safetensors", ".safetensors.index.json")):
        return "weights"
    if name == TEMPLATE or name.startswith(f"{TEMPLATES}/"):
        return "chat_template"
    return "generation_config" if name == GENERATION else "tokenizer"


def _templates(tokenizer: Any) -> Iterator[tuple[str, str]]:
    """Files of the chat template, by name; those with names of their own besides."""
    chat = ChatTemplate(tokenizer)
    lead = "".join(tokenizer.convert_ids_to_tokens(chat.lead))
    yield TEMPLATE, f"{{{{ {json.dumps(lead)} }}}}{chat.source}" if lead else chat.source
    others: Any = tokenizer.chat_template if isinstance(tokenizer.chat_template, dict) else {}
    for name, text in others.items():
        if not re.fullmatch(r"[\w-]+", name):
            raise ModelError(f"the tokenizer calls a chat template {name!r}, which is no name of a file; rename it")
        if name != "default":
            yield f"{TEMPLATES}/{name}.jinja", text


def _reads_alike(folder: Path, tokenizer: Any, ids: Callable[[Any], list[int]]) -> bool:
    """Whether the tokenizer of a folder makes the same tokens of a text."""

    def there() -> list[int]:
        return ids(AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False))

    return attempt(there) == ids(tokenizer)


def _ids_of_text(tokenizer: Any) -> list[int]:
    return [*tokenizer(_PROBE)["input_ids"], tokenizer.eos_token_id]


def _ids_of_prompt(tokenizer: Any) -> list[int]:
    return ChatTemplate(tokenizer).prompt([Turn("user", _PROBE)])


def _generation_of(model: Path) -> GenerationConfig:
    if (model / GENERATION).is_file():
        return GenerationConfig.from_pretrained(str(model), local_files_only=True)
    return GenerationConfig.from_model_config(AutoConfig.from_pretrained(str(model), local_files_only=True))
