"""The loop: each step reads its samples, learns, and is recorded, whatever becomes of it.

Metrics recorded at each step: loss, grad_norm, lr, tokens_per_s, step_seconds, memory_bytes, tokens,
epoch, with fp16 loss_scale, loss/<source> where there are several, and the groups of trainer.groups;
val_loss before the first step, each `train.eval_every` steps, at each checkpoint and at the end; now and then
what trainer.system sees of the machine.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from assay.recording import Run
from store.artifacts import ArtifactError, verify
from trainer.checkpoint import read_state, restore_optimizer, restore_weights, save_checkpoint
from trainer.data import Example
from trainer.errors import TrainingError
from trainer.history import History
from trainer.inbox import Inbox
from trainer.job import Job
from trainer.memory import out_of_memory_told, within_memory
from trainer.optim import lr_at, set_lr
from trainer.progress import ProgressLine
from trainer.replay import MOST_TRACES, Replay, Trace
from trainer.requests import Wishes
from trainer.shelf import Kept, Shelf
from trainer.signals import signals
from trainer.state import TrainState
from trainer.step import Measured, seed_step

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

    unsaved: str | None = None
    """Why what it learned last is in no checkpoint, where it is in none."""


class Training:
    """One run being trained by this process."""

    def __init__(
        self, job: Job, run: Run, shelf: Shelf, progress: ProgressLine, state: TrainState, history: History, *,
        parent: str | None = None, replay: Replay | None = None,
    ) -> None:  # fmt: skip
        """Train `job` from `state` on, recording on the branch of `history`; `parent` is the checkpoint
        it comes from, `replay` what the next steps came to when they were done before.
        """
        self.job, self.run, self.shelf, self.progress = job, run, shelf, progress
        self.state, self.history, self.parent = state, history, parent
        self.replay = replay or Replay({})
        self.traces: dict[int, Trace] = dict(history.traces)
        self.unsaved: str | None = None
        self.also: Callable[[], dict[str, float]] = dict
        """Gives what else there is to record with a step; it must not wait."""

    def train(self, inbox: Inbox) -> Outcome:
        """Train to the end, or until someone stops it; what was reached is saved either way.

        Raises TrainingError where going on is useless.
        """
        config, steps = self.job.config, self.job.plan.steps
        wishes = Wishes(
            self.run, inbox, self.progress, at=lambda: self.state.step, save=self.save, roll_back=self.roll_back
        )
        if self.state.val_step is None:
            self.validate()
        while self.state.step < steps and not wishes.stopped_by and not self.has_stopped_learning:
            step = self.state.step + 1
            self.train_step(step)
            due = step == steps or step % config.checkpoint.every == 0
            if due or step % config.train.eval_every == 0:
                self.validate()
            if due:
                self.save()
            self.shelf.mature(step, self.state.unclean_step, self.history, after=config.checkpoint.stable_after)
            wishes.act()
            self.give_up_if_useless()
        self.end(stopped=wishes.stopped_by is not None)
        return Outcome(self.state, wishes.stopped_by, self.unsaved)

    def train_step(self, step: int) -> None:
        """Read the samples of a step, learn from them unless they give no number, record the step."""
        job, began = self.job, time.perf_counter()
        examples = [job.data.train[place] for place in job.plan.samples_at(step)]
        found = self.measure(step, examples)
        lr = lr_at(step, job.plan.steps, job.config.optim, job.config.lr)
        values = {"lr": lr} | signals(job, found, examples)
        if found.is_finite:
            set_lr(job.optimizer, lr)
            with out_of_memory_told(f"for the optimizer's state at step {step}"):
                job.engine.precision.step(job.optimizer)
            values |= job.engine.groups.after_step(job.optimizer, found.group_norms) if job.config.record.groups else {}
        else:
            job.engine.precision.skip()
            values |= job.engine.groups.gradients(found.group_norms) if job.config.record.groups else {}
        job.optimizer.zero_grad(set_to_none=True)
        self.commit(step, found)
        self.record(found, examples, values, time.perf_counter() - began)
        self.progress.step(step, found.loss, found.tokens / (time.perf_counter() - began))

    def measure(self, step: int, examples: list[Example]) -> Measured:
        """Loss and gradients of a step; with fewer samples at once where memory does not suffice."""
        job = self.job

        def attempt(micro_batch: int) -> Measured:
            seed_step(job.config.train.seed, step)
            return job.engine.measure(job.optimizer, examples, micro_batch=micro_batch, clip=job.config.optim.clip)

        return within_memory(attempt, self.micro_batch, halved=partial(self.halve, step), where=f"at step {step}")

    @property
    def micro_batch(self) -> int:
        """Samples at once in memory."""
        return self.state.micro_batch or self.job.micro_batch

    def halve(self, step: int, micro_batch: int, said: str) -> None:
        """Take fewer samples at once from now on; what `step` has added up so far is thrown away."""
        self.job.optimizer.zero_grad(set_to_none=True)
        self.state = replace(self.state, micro_batch=micro_batch)
        parts = -(-self.job.config.train.batch_size // micro_batch)
        sentence = f"out of memory: from here on {micro_batch} samples at once, {parts} times a step"
        facts = {"micro_batch": micro_batch, "said": said}
        self.run.event("memory", sentence, level="warning", step=step, **facts)
        self.progress.say(sentence)

    def commit(self, step: int, found: Measured) -> None:
        """Advance the cursor."""
        overflow = self.job.engine.precision.can_shrink and found.is_overflow
        self.state = self.state.after(step, committed=found.is_finite, tokens=found.tokens, overflow=overflow)
        if not found.is_finite and not overflow:
            self.tell_not_a_number(found)

    def record(self, found: Measured, examples: list[Example], values: dict[str, float], seconds: float) -> None:
        """Record what a step found and what became of it."""
        step, rows = self.state.step, [example.row for example in examples]
        values |= {
            "tokens_per_s": found.tokens / seconds, "step_seconds": seconds,
            "tokens": self.state.tokens, "epoch": self.job.plan.epoch_after(step),
        }  # fmt: skip
        verdict = "commit" if found.is_finite else "skip"
        batch = {"update": self.state.update, "verdict": verdict, "rows": rows, "losses": found.losses}
        self.run.log_batch(step, values | self.also(), batch)
        self.compare(step, Trace(found.loss.hex(), found.grad_norm.hex(), tuple(rows)))

    def compare(self, step: int, now: Trace) -> None:
        """Say whether steps that are done again come to what they came to before."""
        self.traces[step] = now
        if len(self.traces) > MOST_TRACES:
            del self.traces[min(self.traces)]
        if proof := self.replay.check(step, now):
            facts = {"first": proof.first, "last": proof.last, "equal": proof.equal, "sha256": proof.sha256}
            level = "info" if proof.equal else "warning"
            self.run.event("replay", proof.says, level=level, step=step, **facts)

    def validate(self) -> None:
        """Measure and record the validation loss, where there is something to measure it on."""
        held_out = self.job.data.validation
        if not held_out:
            return
        step = self.state.step
        loss = within_memory(
            lambda micro_batch: self.job.engine.evaluate(held_out, micro_batch=micro_batch),
            self.micro_batch, halved=partial(self.halve, step), where=f"in the validation after step {step}",
        )  # fmt: skip
        self.state = self.state.with_validation(loss)
        self.run.log(step, val_loss=loss)

    def save(self) -> str:
        """Write a checkpoint, and delete those that need not be kept; says what came of it.

        A disk that refuses does not end the run: it is told, and the next checkpoint tries again.
        """
        state = replace(self.state, loss_scale=self.job.engine.precision.state())
        try:
            folder, manifest, new = save_checkpoint(
                self.job, state, self.run, branch=self.history.branch, parent=self.parent
            )
        except OSError as error:
            sentence = f"no checkpoint could be written at step {self.state.step}: {error.strerror or error}"
            self.run.event("checkpoint", sentence, level="alarm", step=self.state.step)
            self.progress.say(sentence)
            self.unsaved = sentence
            return sentence
        self.unsaved = None
        self.parent = folder.relative_to(self.run.folder.parent).as_posix()
        if new:
            self.shelf.add(folder, manifest, self.history)
        return f"saved as {self.parent}"

    def roll_back(self, step: int, actor: str) -> str:
        """Go back to a sealed checkpoint of the active path, on a branch of its own; says what came of it."""
        target = self.shelf.at(step, self.history)
        if target is None:
            steps = ", ".join(str(item.step) for item in self.shelf.active(self.history)) or "none"
            return f"not done: there is no sealed checkpoint at step {step}; there are: {steps}"
        try:
            verify(target.folder)
        except ArtifactError as error:
            return f"not done: {error}"
        left = self.state.step
        self.restore(target)
        self.parent = target.folder.relative_to(self.run.folder.parent).as_posix()
        facts = {"checkpoint": self.parent, "abandoned_to": left, "actor": actor}
        self.run.fork(after=step, reason="rollback", data=facts)
        self.history = self.history.forked(step)
        return f"went back from step {left} to step {step}, on branch {self.history.branch}"

    def restore(self, target: Kept) -> None:
        """Put everything back to where it was when a verified checkpoint was sealed."""
        job = self.job
        restore_weights(job.engine.accelerator.unwrap_model(job.model), target.folder)
        restore_optimizer(job.model, job.optimizer, target.folder)
        self.state = replace(read_state(target.folder), micro_batch=self.state.micro_batch)
        job.engine.precision.restore(self.state.loss_scale)
        self.replay = Replay({step: trace for step, trace in self.traces.items() if step > target.step})
        self.traces = {step: trace for step, trace in self.traces.items() if step <= target.step}

    @property
    def has_stopped_learning(self) -> bool:
        """Whether the validation loss has not become lower for as long as was allowed."""
        patience = self.job.config.train.early_stop
        return patience is not None and self.state.worse_in_row >= patience

    def end(self, *, stopped: bool) -> None:
        """Save what was reached; of a run that came to its end cleanly the last checkpoint is stable."""
        state, after = self.state, self.job.config.checkpoint.stable_after
        if stopped or self.has_stopped_learning:
            self.save()
        if not stopped and state.step - state.unclean_step >= min(after, state.step):
            self.shelf.mature(state.step, state.unclean_step, self.history, after=0)
            self.shelf.prune(self.history)
        if not stopped and self.has_stopped_learning and state.step < self.job.plan.steps:
            best = f"the lowest validation loss is that of step {state.best_step}"
            sentence = f"stopped early at step {state.step}: {best}"
            self.run.event("early-stop", sentence, step=state.step, best_step=state.best_step)
            self.progress.say(sentence)

    def tell_not_a_number(self, found: Measured) -> None:
        """Raise the alarm about a step that was not stepped on; of several in a row, about the first."""
        if self.state.skipped_in_row > 1:
            return
        what = "gradient" if found.is_overflow else "loss"
        sentence = f"step {self.state.step}: the {what} is not a number, the step was not taken"
        self.run.event("not-a-number", sentence, level="alarm", step=self.state.step)
        self.progress.say(sentence)

    def give_up_if_useless(self) -> None:
        """Raise TrainingError when no step has been taken for long."""
        if self.state.skipped_in_row >= GIVE_UP_AFTER:
            raise TrainingError(
                f"stopped at step {self.state.step}: for {GIVE_UP_AFTER} steps in a row the loss or the gradient was "
                f"not a number; see the data of these steps, lower optim.lr, or go on from an earlier checkpoint"
            )
