"""Where a run can start from: a sealed checkpoint of another run, named as RUN@STEP."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from assay.recording import existing_folder
from store.artifacts import ArtifactError, Manifest, read_manifest, sealed_folders, verify
from store.database import Store
from store.moved import found_again
from store.refs import Ref, parse_ref
from trainer.config import Config
from trainer.config_file import config_from, read_toml, with_settings
from trainer.errors import ConfigError, ResumeError
from trainer.history import read_history

__all__ = ["Origin", "find_origin", "forked_config", "stage_tables"]


class Origin(NamedTuple):
    """A verified checkpoint to start from."""

    run: str
    """Run it belongs to."""

    folder: Path
    """Where it is."""

    manifest: Manifest
    """Its manifest."""

    @property
    def reference(self) -> str:
        """It, as RUN/BRANCH@STEP."""
        return f"{self.run}/{self.manifest['branch']}@{self.manifest['step']}"


def find_origin(text: str, store: Store) -> Origin:
    """Find the checkpoint that RUN, RUN@STEP or RUN/BRANCH@STEP names, and check its every byte.

    A bare RUN is its newest one, without a branch the active path is meant. Raises AssayError.
    """
    ref = parse_ref(text)
    folder = existing_folder(store.root, ref.run)
    found = _named(folder, ref)
    return Origin(ref.run, found, verify(found))


def forked_config(origin: Origin, settings: Sequence[str]) -> Config:
    """The configuration of a run that goes on from a checkpoint as its run would have, but for `settings`.

    Raises ConfigError where they are wrong, or would train other weights than those of the checkpoint.
    """
    tables = read_toml(origin.folder / "config.toml")
    tables["run"]["name"] = f"{origin.run}-from-{origin.manifest['step']}"
    was, config = config_from(tables), config_from(with_settings(tables, settings))
    if (config.train.method, config.lora) != (was.train.method, was.lora):
        raise ConfigError(
            f"{origin.reference} goes on with the weights it has, so train.method and [lora] stay as they were; "
            f"a new stage begins with `assay train CONFIG --from {origin.run}@{origin.manifest['step']}`"
        )
    return config


def stage_tables(origin: Origin, tables: dict[str, Any]) -> dict[str, Any]:
    """A configuration whose model is a checkpoint: its weights, or its base with its adapter."""
    model = dict(tables.get("model", {}))
    if model.get("path") or model.get("adapter"):
        raise ConfigError(f"--from {origin.run} names the model to start from; leave out --model and model.path")
    if origin.manifest["method"] == "lora":
        base = found_again(origin.manifest["base"]["path"], origin.folder)
        model |= {"path": base, "adapter": str(origin.folder)}
    else:
        model["path"] = str(origin.folder)
    return {**tables, "model": model}


def _named(run_folder: Path, ref: Ref) -> Path:
    history = read_history(run_folder)
    places: dict[Path, tuple[int, int]] = {}
    for folder in sealed_folders(run_folder / "checkpoints"):
        try:
            manifest = read_manifest(folder)
        except ArtifactError:
            continue
        branch, step = manifest["branch"], manifest["step"]
        if branch == ref.branch or (ref.branch is None and history.is_active(branch, step)):
            places[folder] = (step, branch)
    fitting = [folder for folder, (step, _) in places.items() if ref.step is None or step == ref.step]
    if fitting:
        return max(fitting, key=lambda folder: places[folder])
    where = f"branch {ref.branch} of run {ref.run}" if ref.branch else f"run {ref.run}"
    at = f" at step {ref.step}" if ref.step is not None else ""
    steps = ", ".join(str(step) for step, _ in sorted(places.values())) or "none"
    raise ResumeError(f"{where} has no sealed checkpoint{at}; there are: {steps}")
