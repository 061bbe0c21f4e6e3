"""Checkpoints: everything a run needs to go on, sealed at once or not at all.

A folder holds what transformers or peft load (the whole model, or the adapter), beside it

    optimizer.safetensors   state of the optimizer, one tensor `<parameter>/<key>`
    state.json              the cursor (see trainer.state)
    config.toml             the configuration in effect
    reference.json          of a dpo stage: what the model thought of each pair before it (see trainer.reference)
    manifest.json           digests of all files, step, branch, parent, cursor, randomness, versions
"""

import json
import math
import shutil
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from peft import get_peft_model_state_dict, set_peft_model_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from assay.foreign import Failure, attempt
from assay.recording import Run
from store.artifacts import ArtifactError, Manifest, announce, seal, temporary_for, verify
from trainer.config_file import to_toml
from trainer.job import Job
from trainer.parallel.alike import confirm
from trainer.parallel.processes import processes_of
from trainer.parallel.shards import is_part
from trainer.parallel.spread import Gathered, gather
from trainer.reference import write_reference
from trainer.state import TrainState

__all__ = ["checkpoint_folder", "read_state", "restore_optimizer", "restore_weights", "save_checkpoint"]

PACKAGES = ("torch", "transformers", "peft", "accelerate", "safetensors")

OPTIMIZER = "optimizer.safetensors"


def checkpoint_folder(run_folder: Path, step: int, branch: int) -> Path:
    """Where the checkpoint of a step lies."""
    return run_folder / "checkpoints" / f"{step:08d}-b{branch}"


def save_checkpoint(
    job: Job, state: TrainState, run: Run, *, branch: int, parent: str | None
) -> tuple[Path, Manifest, bool]:
    """Write, seal and announce a checkpoint; its folder, its manifest, and whether there was none.

    One that is there is taken only where it is whole and holds this very state; else it is put aside. Raises OSError
    where the disk refuses; nothing is announced then, and nothing is left behind.
    """
    final = checkpoint_folder(run.folder, state.step, branch)
    is_new, gathered = not final.exists(), gather(job)
    if not is_new:
        if (found := _holds(final, job, state, gathered)) is not None:
            return final, found, False
        _put_aside(final, run)
    known = _plain({"update": state.update, "val_loss": state.val_loss if state.val_step == state.step else None})
    temporary = temporary_for(final)
    try:
        _write(job, state, temporary, gathered)
        confirm(job, gathered)
        # Who goes on from here does not make these steps again: what they came to has to be there before.
        run.written()
        manifest = seal(temporary, final, {**_facts(job, state, branch, parent), **known})
    except SafetensorError as error:
        raise OSError(None, str(error)) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    announce(run, final, "sealed", step=state.step, branch=branch, data=known)
    return final, manifest, is_new


def read_state(folder: Path) -> TrainState:
    """Read the cursor of a verified checkpoint."""
    fields: dict[str, Any] = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    return TrainState.of(fields)


def restore_weights(model: Any, folder: Path) -> None:
    """Put the weights of a verified checkpoint into the model they were saved from, in place."""
    found = _saved_weights(folder)
    if (folder / "adapter_config.json").exists():
        set_peft_model_state_dict(model, found)
        return
    missing, unexpected = model.load_state_dict(found, strict=False)
    # Weights that are one and the same are saved once.
    tied = set(getattr(model, "all_tied_weights_keys", None) or ())
    assert not unexpected, unexpected
    assert set(missing) <= tied, missing


def restore_optimizer(model: nn.Module, optimizer: torch.optim.Optimizer, folder: Path) -> None:
    """Give the optimizer the state it had when a verified checkpoint was written, and no other."""
    parameters = {_plain_name(name): parameter for name, parameter in model.named_parameters()}
    optimizer.state.clear()
    for key, tensor in load_file(folder / OPTIMIZER).items():
        name, part = key.rsplit("/", 1)
        parameter = parameters[name]
        # A copy of its own, at an address like any tensor's: where a file's bytes lie decides in which order a sum is
        # rounded, and the signals of a resumed run would differ in their last digit.
        own = tensor.clone()
        # AdamW counts its steps on the processor, wherever the weights are.
        stays = part == "step" or is_part(parameter)
        optimizer.state[parameter][part] = own if stays else own.to(parameter.device)


def _holds(folder: Path, job: Job, state: TrainState, gathered: Gathered | None) -> Manifest | None:
    """The manifest of a checkpoint that is whole and has the present weights, optimizer and cursor; None else."""
    try:
        manifest = verify(folder)
        there = read_state(folder)
    except (ArtifactError, OSError, ValueError, TypeError):
        return None
    same = [(item.step, item.update, item.tokens) for item in (there, state)]
    if same[0] != same[1] or not _are_equal(load_file(folder / OPTIMIZER), _optimizer_tensors(job, gathered)):
        return None
    return manifest if _are_equal(_saved_weights(folder), _weights(job, gathered)) else None


def _are_equal(saved: dict[str, torch.Tensor], present: dict[str, torch.Tensor]) -> bool:
    """Whether each saved tensor is the present one of its name; of weights that are one and the same, one is saved."""
    return all(name in present and torch.equal(tensor, present[name].detach().cpu()) for name, tensor in saved.items())


def _put_aside(folder: Path, run: Run) -> None:
    """Move a folder that has a checkpoint's name out of the way, and say so; it is evidence."""
    aside = folder.with_name(f".damaged-{folder.name}")
    shutil.rmtree(aside, ignore_errors=True)
    folder.rename(aside)
    sentence = f"{folder} did not hold what was learned at its step; it is kept as {aside.name}, and written anew"
    run.event("checkpoint", sentence, level="alarm", refused=True)


def _write(job: Job, state: TrainState, folder: Path, gathered: Gathered | None) -> None:
    _write_model(job, folder, gathered)
    save_file(_optimizer_tensors(job, gathered), folder / OPTIMIZER)
    write_reference(job, folder)
    (folder / "state.json").write_text(json.dumps(_plain(state.as_dict()), indent=1) + "\n", encoding="utf-8")
    (folder / "config.toml").write_text(to_toml(job.config), encoding="utf-8")


def _write_model(job: Job, folder: Path, gathered: Gathered | None) -> None:
    model: Any = job.engine.accelerator.unwrap_model(job.model)
    weights = gathered.weights if gathered else None
    if job.config.train.is_adapter:
        # A card for a hub takes longer to write than a small adapter does, and nobody reads it here.
        model.create_or_update_model_card = _write_no_card
        # Without embeddings, so that peft does not look up the base model's vocabulary on a hub.
        model.save_pretrained(folder, save_embedding_layers=False, state_dict=weights)
    else:
        model.save_pretrained(folder, state_dict=weights)
        # The tokenizers package raises a bare Exception for whatever the disk refuses.
        saved = attempt(job.tokenizer.save_pretrained, folder)
        if isinstance(saved, Failure):
            raise OSError(None, f"the tokenizer cannot be written to {folder.parent}")


def _write_no_card(_folder: str) -> None:
    """In place of peft's."""


def _saved_weights(folder: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = {}
    for path in sorted(folder.glob("*.safetensors")):
        if path.name != OPTIMIZER:
            found |= load_file(path)
    return found


def _weights(job: Job, gathered: Gathered | None) -> dict[str, torch.Tensor]:
    """What a checkpoint of the model would hold."""
    model: Any = job.engine.accelerator.unwrap_model(job.model)
    if job.config.train.is_adapter:
        return get_peft_model_state_dict(
            model, save_embedding_layers=False, state_dict=gathered.weights if gathered else None
        )
    return gathered.weights if gathered else model.state_dict()


def _optimizer_tensors(job: Job, gathered: Gathered | None) -> dict[str, torch.Tensor]:
    if gathered:
        return {f"{name}/{part}": value for (name, part), value in gathered.optimizer.items()}
    tensors: dict[str, torch.Tensor] = {}
    for name, parameter in job.model.named_parameters():
        for part, value in job.optimizer.state.get(parameter, {}).items():
            tensors[f"{_plain_name(name)}/{part}"] = value.detach().cpu().contiguous()
    return tensors


def _plain_name(name: str) -> str:
    return name.removeprefix("module.")


def _facts(job: Job, state: TrainState, branch: int, parent: str | None) -> dict[str, Any]:
    return {
        "kind": "checkpoint",
        # What its weights are: an adapter is one whatever the weights below it were held in.
        "method": "lora" if job.config.train.is_adapter else "full",
        "step": state.step,
        "branch": branch,
        "parent": parent,
        "cursor": {"step": state.step, "short": job.plan.short_until(state.step), **job.plan_facts},
        "interventions": state.remedies.as_dict(),
        "randomness": {"seed": job.config.train.seed, "rule": "seeded anew at each step from seed and step"},
        **processes_of(job.config),
        "base": {"path": job.config.model.path, "sha256": job.base_sha256, "model_sha256": job.model_sha256},
        "data": {
            "sha256": job.data.digest,
            "files": [{"path": str(file.path), "role": file.role, "sha256": file.sha256} for file in job.data.files],
        },
        "versions": dict(_versions()),
    }


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    # Read once: pip's notes on a package are long.
    return tuple((name, version(name)) for name in PACKAGES)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """JSON has no NaN: a number that is none is written as its word."""
    return {
        name: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in values.items()
    }
