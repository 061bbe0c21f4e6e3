"""The loop: each step reads its samples, learns, and is recorded, whatever becomes of it.

Metrics recorded: loss, grad_norm, lr, tokens_per_s, step_seconds, memory_bytes, tokens, epoch at each
step; val_loss before the first step, each `train.eval_every` steps, at each checkpoint and at the end.
"""

import math
import time
from dataclasses import dataclass

import psutil
import torch

from assay.recording import Run
from store.database import Store
from trainer.checkpoint import save_checkpoint
from trainer.errors import TrainingError
from trainer.history import History
from trainer.inbox import Inbox
from trainer.job import Job
from trainer.optim import lr_at, set_lr
from trainer.progress import ProgressLine
from trainer.requests import Wishes
from trainer.retention import prune
from trainer.state import TrainState
from trainer.step import Measured, evaluate, measure, seed_step

__all__ = ["Outcome", "Training"]

GIVE_UP_AFTER = 20
"""Steps in a row whose loss or gradient is not a number: what follows would be wasted."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    state: TrainState
    """Where it is."""

    stopped_by: str | None
    """Who or what stopped it before its end."""


class Training:
    """One run being trained by this process."""

    def __init__(
        self, job: Job, run: Run, store: Store, state: TrainState, history: History, parent: str | None
    ) -> None:
        """Train `job` from `state` on, recording on the branch of `history`;
        `parent` is the checkpoint it comes from.
        """
        self.job, self.run, self.store = job, run, store
        self.state, self.history, self.parent = state, history, parent

    def train(self, inbox: Inbox, progress: ProgressLine) -> Outcome:
        """Train to the end, or until someone stops it; what was reached is saved either way.

        Raises TrainingError where going on is useless.
        """
        config, wishes = self.job.config, Wishes(self.run, inbox, progress)
        steps = self.job.plan.steps
        if self.parent is None:
            self.validate()
        while self.state.step < steps and not wishes.stopped_by:
            step = self.state.step + 1
            self.train_step(step, progress)
            due = step == steps or step % config.checkpoint.every == 0
            if due or step % config.train.eval_every == 0:
                self.validate()
            if due:
                self.save()
            wishes.act(step, self.save)
            self.give_up_if_useless()
        if wishes.stopped_by:
            self.save()
        return Outcome(self.state, wishes.stopped_by)

    def train_step(self, step: int, progress: ProgressLine) -> None:
        """Read the samples of a step, learn from them unless they give no number, record the step."""
        job, began = self.job, time.perf_counter()
        examples = [job.data.train[place] for place in job.plan.samples_at(step)]
        seed_step(job.config.train.seed, step)
        found = measure(job.accelerator, job.model, examples, micro_batch=job.micro_batch, clip=job.config.optim.clip)
        lr = lr_at(step, job.plan.steps, job.config.optim, job.config.lr)
        if found.is_finite:
            set_lr(job.optimizer, lr)
            job.optimizer.step()
        job.optimizer.zero_grad(set_to_none=True)
        self.state = self.state.after(step, committed=found.is_finite, tokens=found.tokens)
        self.record_step(found, [example.row for example in examples], lr, time.perf_counter() - began)
        progress.step(step, found.loss, found.tokens / (time.perf_counter() - began))
        if not found.is_finite:
            self.tell_not_a_number(found, progress)

    def record_step(self, found: Measured, rows: list[int], lr: float, seconds: float) -> None:
        """Record what a step found and what became of it."""
        step = self.state.step
        values = {
            "loss": found.loss, "grad_norm": found.grad_norm, "lr": lr,
            "tokens_per_s": found.tokens / seconds, "step_seconds": seconds, "memory_bytes": _memory(self.job),
            "tokens": self.state.tokens, "epoch": self.job.plan.epoch_after(step),
        }  # fmt: skip
        verdict = "commit" if found.is_finite else "skip"
        batch = {"update": self.state.update, "verdict": verdict, "rows": rows, "losses": found.losses}
        self.run.log_batch(step, values, batch)

    def validate(self) -> None:
        """Measure and record the validation loss, where there is something to measure it on."""
        if not self.job.data.validation:
            return
        loss = evaluate(
            self.job.accelerator, self.job.model, self.job.data.validation, micro_batch=self.job.micro_batch
        )
        self.state = self.state.with_validation(loss)
        self.run.log(self.state.step, val_loss=loss)

    def save(self) -> str:
        """Write a checkpoint, and delete those that need not be kept; says what came of it.

        A disk that refuses does not end the run: it is told, and the next checkpoint tries again.
        """
        try:
            folder = save_checkpoint(self.job, self.state, self.run, branch=self.history.branch, parent=self.parent)
        except OSError as error:
            sentence = f"no checkpoint could be written at step {self.state.step}: {error.strerror or error}"
            self.run.event("checkpoint", sentence, level="alarm", step=self.state.step)
            return sentence
        self.parent = folder.relative_to(self.run.folder.parent).as_posix()
        prune(self.run, self.store, self.history, self.job.config.checkpoint.keep)
        return f"saved as {self.parent}"

    def tell_not_a_number(self, found: Measured, progress: ProgressLine) -> None:
        """Raise the alarm about a step that was not stepped on; of several in a row, about the first."""
        if self.state.skipped_in_row > 1:
            return
        what = "gradient" if math.isfinite(found.loss) else "loss"
        sentence = f"step {self.state.step}: the {what} is not a number, the step was not taken"
        self.run.event("not-a-number", sentence, level="alarm", step=self.state.step)
        progress.say(sentence)

    def give_up_if_useless(self) -> None:
        """Raise TrainingError when no step has been taken for long."""
        if self.state.skipped_in_row >= GIVE_UP_AFTER:
            raise TrainingError(
                f"stopped at step {self.state.step}: for {GIVE_UP_AFTER} steps in a row the loss or the gradient was "
                f"not a number; see the data of these steps, lower optim.lr, or go on from an earlier checkpoint"
            )


def _memory(job: Job) -> int:
    """Most memory in use so far on a GPU, what the process uses on a processor; in bytes."""
    if job.accelerator.device.type == "cuda":
        return torch.cuda.max_memory_allocated(job.accelerator.device)
    return psutil.Process().memory_info().rss
