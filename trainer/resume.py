"""Going on with a run: find the newest checkpoint that can be trusted, and refuse the others aloud."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.recording import Run
from store.artifacts import (
    TEMPORARY,
    ArtifactError,
    Manifest,
    announce,
    clear_temporary,
    read_manifest,
    sealed_folders,
    verify,
)
from trainer.config import Config
from trainer.data import TrainingData
from trainer.errors import ResumeError
from trainer.history import History, read_history

__all__ = [
    "ResumePoint", "check_unchanged", "find_resume_point", "reopen", "tell_what_was_left_unsaid", "unrecorded",
]  # fmt: skip


@dataclass(frozen=True)
class ResumePoint:
    """Where a run goes on."""

    folder: Path
    """The verified checkpoint."""

    manifest: Manifest
    """Its manifest."""

    history: History
    """The run's past."""

    refused: list[str] = field(default_factory=list[str])
    """Why newer checkpoints were not taken, a sentence each."""

    @property
    def step(self) -> int:
        """Step after which the checkpoint was written."""
        return self.manifest["step"]

    @property
    def path(self) -> str:
        """The checkpoint, relative to the store's root."""
        return _relative(self.folder)


def find_resume_point(run_folder: Path, step: int | None = None, mirror: Path | None = None) -> ResumePoint:
    """Take the newest checkpoint on the active path whose every byte is as sealed, or that of a step.

    Of the checkpoints in `mirror` where one is given, which stay where they are.
    One that was sealed after a spike began is taken only where there is no other, or where a person went back
    to it. Raises ResumeError where
    there is none, naming what is wrong with those there are.
    """
    history = read_history(run_folder)
    refused: list[str] = []
    others: list[int] = []
    for folder in _best_first(sealed_folders((mirror or run_folder) / "checkpoints"), history):
        known = history.announced.get(_relative(folder), {})
        try:
            place = known or {"b": (manifest := read_manifest(folder))["branch"], "s": manifest["step"]}
            if not (history.is_active(place["b"], place["s"]) and history.is_recorded(place["b"], place["s"])):
                continue
            if step is None or place["s"] == step:
                return ResumePoint(folder, verify(folder, known.get("sha256")), history, refused)
            others.append(place["s"])
        except ArtifactError as error:
            refused.append(str(error))
    if others:
        there = ", ".join(str(item) for item in sorted(others))
        raise ResumeError(f"run {run_folder.name} has no whole checkpoint at step {step}; there are: {there}")
    if refused:
        raise ResumeError(f"run {run_folder.name} cannot go on, no checkpoint of it is whole: {'; '.join(refused)}")
    raise ResumeError(
        f"run {run_folder.name} cannot go on: it has no sealed checkpoint. Start it anew; "
        f"[checkpoint] every says how often one is written."
    )


def _best_first(folders: list[Path], history: History) -> list[Path]:
    declared = history.declared.get(history.branch, {})
    wanted = declared.get("checkpoint") if declared.get("actor", "guard") != "guard" else None

    def worth(folder: Path) -> tuple[bool, str]:
        path = _relative(folder)
        return path == wanted or history.announced.get(path, {}).get("state") != "suspect", folder.name

    return sorted(folders, key=worth, reverse=True)


def check_unchanged(
    manifest: Manifest, config: Config, data: TrainingData, base_sha256: str | None, plan: dict[str, Any]
) -> None:
    """Raise ResumeError where data, model or plan are not those the checkpoint's run began with."""
    if manifest["data"]["sha256"] != data.digest:
        raise ResumeError(f"{_changed_file(manifest, data)}; put the old file back, or {_ANEW}")
    if manifest["base"]["sha256"] != base_sha256:
        raise ResumeError(
            f"the model in {config.model.path} has changed since the run began; put the old one back, or {_ANEW}"
        )
    was: dict[str, Any] = manifest["cursor"]
    if odd := [f"{key} was {was.get(key)} and is {value}" for key, value in plan.items() if was.get(key) != value]:
        raise ResumeError(
            f"the order of the data would not be the one the run began with ({', '.join(odd)}); "
            f"leave that as it was, or {_ANEW}"
        )


_ANEW = "start a new run from its weights with `assay train CONFIG --from RUN@STEP`"


def _changed_file(manifest: Manifest, data: TrainingData) -> str:
    files: list[dict[str, Any]] = manifest["data"].get("files", [])
    known = {item["sha256"] for item in files}
    fresh = [file.path for file in data.files if file.role != "validation" and file.sha256 not in known]
    if fresh:
        return f"{fresh[0]} has changed since the run began"
    return f"the run began with {len(files)} data files, now there are {len(data.files)} or in another order"


def reopen(
    run: Run, point: ResumePoint, baseline: Mapping[str, Any], reason: str = "resume", notes: Sequence[str] = ()
) -> History:
    """Record that the run goes on, what its guard knows (see `guard.baseline`), and `notes` on how; returns its
    history, whose branch the next step is on.

    Where steps behind the checkpoint were recorded, they are left behind on the old branch. What a
    kill between a rename and its announcement left unsaid is said now; a checkpoint whose step was not recorded
    before the kill is cleared away, as the step is done again.
    """
    history = point.history
    clear_temporary(run.folder / "checkpoints")
    _clear_unrecorded(run, history)
    tell_what_was_left_unsaid(run, history)
    for sentence in point.refused:
        run.event("checkpoint", sentence, level="alarm", refused=True)
    if history.last_step > point.step:
        run.fork(after=point.step, reason=reason, data={"checkpoint": point.path, "abandoned_to": history.last_step})
        history = history.forked(point.step)
    run.event(
        "resume", f"goes on from the checkpoint at step {point.step}", step=point.step, checkpoint=point.path,
        baseline=baseline,
    )  # fmt: skip
    for sentence in notes:
        run.event("config", sentence, level="warning")
    return history


def unrecorded(run_folder: Path, history: History) -> list[Path]:
    """Sealed checkpoints of steps that were never recorded; a kill came first. The folder may be a run's mirror."""
    found: list[Path] = []
    for folder in sealed_folders(run_folder / "checkpoints"):
        try:
            manifest = read_manifest(folder)
        except ArtifactError:
            continue  # it is put aside where it is in the way
        if not history.is_recorded(manifest["branch"], manifest["step"]):
            found.append(folder)
    return found


def tell_what_was_left_unsaid(run: Run, history: History) -> None:
    """Announce checkpoints that a kill came before, and that those are deleted whose folders are gone."""
    present = {_relative(folder): folder for folder in sealed_folders(run.folder / "checkpoints")}
    for path in present.keys() - history.announced.keys():
        try:
            manifest = verify(present[path])
        except ArtifactError:
            continue  # it is refused by name where it would be used
        announce(run, present[path], "sealed", step=manifest["step"], branch=manifest["branch"])
    for path, line in history.announced.items():
        if path not in present and line["state"] != "deleted":
            folder = run.folder.parent / path
            announce(run, folder, "deleted", step=line["s"], branch=line["b"], reason="its folder is gone")


def _clear_unrecorded(run: Run, history: History) -> None:
    for folder in unrecorded(run.folder, history):
        doomed = folder.rename(folder.with_name(f"{TEMPORARY}unrecorded-{folder.name}"))
        shutil.rmtree(doomed, ignore_errors=True)
        sentence = f"{folder.name} was sealed, but the run was killed before its step was recorded; that is done again"
        run.event("checkpoint", sentence, level="warning")


def _relative(folder: Path) -> str:
    """A checkpoint's folder relative to the store's root."""
    return f"{folder.parent.parent.name}/{folder.parent.name}/{folder.name}"
