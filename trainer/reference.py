"""What the model thought of every preference before a dpo stage: measured once, and kept in each checkpoint.

It is the model as the stage begins, whatever that is: a folder's weights, an adapter that has learned nothing yet, the
adapter of the stage before. So nothing but numbers has to be held, and a run that goes on has the very same ones.
"""

import json
import math
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store.alerts.watch import busy
from trainer.errors import ResumeError, TrainingError
from trainer.memory import within_memory
from trainer.objective import Preferences, rules_of
from trainer.requests import Stopping, stop_here

if TYPE_CHECKING:
    from trainer.job import Job
    from trainer.train import Training

__all__ = ["begin_stage", "restore_reference", "write_reference"]

REFERENCE = "reference.json"


def begin_stage(training: "Training") -> bool:
    """Say what a stage of preferences learns, and measure its reference where it has none; False where someone stopped
    that.

    Raises TrainingError where the model finds an answer impossible.
    """
    objective = training.job.engine.objective
    if not isinstance(objective, Preferences):
        return True
    rules = rules_of(training.job.config)
    floor = rules.loss_floor if rules else None
    training.tell("stage", _told(training.job, objective), step=training.state.step, loss_floor=floor)
    if objective.reference:
        return True
    try:
        with busy(training.watcher):
            objective.reference = _checked(_measured(training), training.job)
    except Stopping:
        sentence = "the reference was not finished; it is measured anew when the run goes on"
        training.tell("stage", sentence, step=training.state.step)
        return False
    return True


def write_reference(job: "Job", folder: Path) -> None:
    """Write what is known of the reference into a checkpoint that is being made. Raises OSError."""
    objective = job.engine.objective
    if isinstance(objective, Preferences) and objective.reference:
        rows = [[row, *both] for row, both in sorted(objective.reference.items())]
        kept = {"pairs": job.data.reading, "rows": rows}
        (folder / REFERENCE).write_text(json.dumps(kept) + "\n", encoding="utf-8")


def restore_reference(job: "Job", folder: Path, step: int) -> None:
    """Take the reference of a verified checkpoint, which was written after so many steps.

    Raises ResumeError where it has none, or one of other pairs than those that are read now.
    """
    objective = job.engine.objective
    if not isinstance(objective, Preferences):
        return
    try:
        kept: dict[str, Any] = json.loads((folder / REFERENCE).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if step == 0:
            return  # the model is still what it began as
        raise ResumeError(f"{folder} is no checkpoint of a dpo stage, so it has no reference; {_NEW_STAGE}") from error
    if kept["pairs"] != job.data.reading:
        raise ResumeError(
            f"the pairs are not read as when {folder} was written (another validation file, or another length), and of "
            f"these there is no reference; leave them as they were, or {_NEW_STAGE}"
        )
    objective.reference = {row: (chosen, rejected) for row, chosen, rejected in kept["rows"]}


_NEW_STAGE = "begin a new stage with `assay train CONFIG --from RUN@STEP`"


def _told(job: "Job", objective: Preferences) -> str:
    config, held_out = objective.config, len(job.data.validation)
    pairs = f"{len(job.data.train):,} pairs" + (f" and {held_out:,} held out" if held_out else "")
    smoothing = f", label smoothing {config.label_smoothing:g}" if config.label_smoothing else ""
    start = job.config.model.adapter or job.config.model.path
    return f"dpo: {pairs}, beta {config.beta:g}{smoothing}; the reference is {start}, as the stage began"


def _measured(training: "Training") -> dict[int, tuple[float, float]]:
    job, parts = training.job, count(1)
    pairs = [*job.data.train, *job.data.validation]

    def between() -> None:
        stop_here()
        training.progress.aside(f"reference, part {next(parts)}")

    return within_memory(
        lambda micro_batch: job.engine.likelihoods(pairs, micro_batch=micro_batch, between=between),
        training.micro_batch, halved=partial(training.halve, training.state.step), where="at the reference",
    )  # fmt: skip


def _checked(found: dict[int, tuple[float, float]], job: "Job") -> dict[int, tuple[float, float]]:
    for row, both in found.items():
        if not all(map(math.isfinite, both)):
            file = next(item for item in reversed(job.data.files) if item.first_row <= row)
            raise TrainingError(
                f"the model gives an answer of row {row - file.first_row} of {file.path} no probability before the "
                f"first step; take the row out, or train with train.precision=fp32"
            )
    return found
