"""Models that are asked, not trained: a run's checkpoint, what a run began with, or a folder."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from assay.errors import AssayError
from evals.gate.evidence import BESIDE
from store.artifacts import MANIFEST, ArtifactError, read_manifest, sealed_folders, verify
from store.database import Store
from store.moved import found_again
from trainer.config import ModelConfig
from trainer.config_file import config_from, read_toml
from trainer.errors import ModelError
from trainer.history import read_history
from trainer.lineage import check_base
from trainer.model import check_model_folder, load_adapter, load_model, load_tokenizer
from trainer.origin import find_origin

__all__ = ["EXPORT", "Asked", "earlier", "find_asked", "load_asked", "require_base"]

EXPORT = "export"
"""What the manifest of a folder calls it that was written to be loaded elsewhere."""


class Asked(NamedTuple):
    """A model that can be loaded."""

    name: str
    """What people call it: RUN@STEP, or a folder."""

    config: ModelConfig
    """Its folder, and that of its adapter."""

    start: ModelConfig | None = None
    """What its run began with; None where no run is known."""

    folder: Path | None = None
    """The checkpoint; None for anything else."""

    tokenizer: Path | None = None
    """Folder of its tokenizer; None where that is the model's."""

    @property
    def base(self) -> "Asked | None":
        """What its run began with, to be asked as well."""
        return Asked(f"the start of {self.name}", self.start) if self.start else None


def find_asked(text: str, store: Store) -> Asked:
    """Find what RUN, RUN@STEP, RUN/BRANCH@STEP or a folder names: a model, an adapter, a checkpoint or an export.

    A run of that name comes before a folder. Every byte of a sealed folder is checked. Raises AssayError.
    """
    run = text.partition("@")[0].partition("/")[0]
    if run and (store.root / run / "spool").is_dir():
        origin = find_origin(text, store)
        name = text if "/" in text else f"{origin.run}@{origin.manifest['step']}"
        return _checkpoint(name, origin.folder)
    place = Path(text).expanduser()
    if not place.is_dir():
        raise AssayError(
            f"there is no run {run or text} in {store.root}, and no folder {text}; `assay runs ls` lists the runs"
        )
    if (place / MANIFEST).is_file():
        return _sealed(text, place)
    if (place / "adapter_config.json").is_file():
        return Asked(text, _adapter(place))
    config = ModelConfig(path=str(place))
    check_model_folder(config)
    return Asked(text, config)


def earlier(asked: Asked) -> Asked | None:
    """The sealed checkpoint before this one on its run's path; None where there is none."""
    if asked.folder is None or not (asked.folder.parents[1] / "spool").is_dir():
        return None
    now = read_manifest(asked.folder)
    history = read_history(asked.folder.parents[1])
    found: list[tuple[int, Path]] = []
    for folder in sealed_folders(asked.folder.parent):
        try:
            manifest = read_manifest(folder)
        except ArtifactError:
            continue
        branch, step = manifest["branch"], manifest["step"]
        if 0 < step < now["step"] and (branch == now["branch"] or history.is_active(branch, step)):
            found.append((step, folder))
    if not found:
        return None
    step, folder = max(found)
    return _checkpoint(f"{asked.name.partition('@')[0]}@{step}", folder)


def load_asked(asked: Asked) -> tuple[Any, Any]:
    """Load a model with its adapter, and its tokenizer; on a GPU where there is one. Raises ModelError."""
    config = asked.config
    require_base(asked)
    if config.adapter:
        check_base(config)
    tokenizer, model = load_tokenizer(config, asked.tokenizer), load_model(config.path, config, "auto")
    if config.adapter:
        model = load_adapter(model, Path(config.adapter))
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval(), tokenizer


def require_base(asked: Asked) -> None:
    """Raise ModelError where this is an adapter whose model is not there."""
    config = asked.config
    if config.adapter and not Path(config.path).expanduser().exists() and not config.allow_download:
        raise ModelError(f"{asked.name} is an adapter of the model in {config.path}, which is not there; put it back")


def _sealed(name: str, place: Path) -> Asked:
    if read_manifest(place).get("kind") != EXPORT:
        verify(place)
        return _checkpoint(name, place)
    verify(place, beside=BESIDE)
    if (place / "adapter_config.json").is_file():
        return Asked(name, _adapter(place), tokenizer=place)
    return Asked(name, ModelConfig(path=str(place)))


def _checkpoint(name: str, folder: Path) -> Asked:
    config = config_from(read_toml(folder / "config.toml"))
    lora = (folder / "adapter_config.json").is_file()
    own = replace(config.model, adapter=str(folder)) if lora else replace(config.model, path=str(folder), adapter="")
    return Asked(name, own, config.model, folder)


def _adapter(place: Path) -> ModelConfig:
    """An adapter from elsewhere: it says itself which model it belongs to."""
    try:
        saved: Any = json.loads((place / "adapter_config.json").read_text(encoding="utf-8"))
        path = saved["base_model_name_or_path"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{place / 'adapter_config.json'} does not say which model it is an adapter of") from error
    return ModelConfig(path=found_again(str(path), place.absolute()), adapter=str(place))
