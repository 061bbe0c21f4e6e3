"""The loop: each step reads its samples, learns, and is recorded, whatever becomes of it.

Metrics recorded at each step: loss, grad_norm, lr, tokens_per_s, step_seconds, memory_bytes, tokens,
epoch, with fp16 loss_scale, loss/<source> where there are several, rewards and log-likelihoods of preferences
(trainer.objective), and the groups of trainer.groups; val_loss, of preferences the same as val_rewards/…, before the
first step, each `train.eval_every` steps, at each checkpoint and at the end; now and then what trainer.system sees of
the machine. Answers to suites are no metrics: see trainer.evaluating.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from assay.recording import Run
from assay.spikes import Verdict
from store.alerts.watch import Watcher
from trainer.checkpoint import save_checkpoint
from trainer.errors import TrainingError
from trainer.evaluating import RunEvaluator
from trainer.examples import Example
from trainer.forgotten import answer_red
from trainer.frozen import Frozen
from trainer.guard import Guard
from trainer.history import History
from trainer.inbox import Inbox
from trainer.job import Job
from trainer.memory import out_of_memory_told, within_memory
from trainer.objective import rules_of
from trainer.optim import adjust, lr_at
from trainer.parallel.channel import order
from trainer.progress import ProgressLine
from trainer.reference import begin_stage
from trainer.remedies import Remedies
from trainer.replay import Replay, Trace, compare
from trainer.requests import Stopping, Wishes, stop_here
from trainer.rollback import asked_back, go_around
from trainer.shelf import Kept, Shelf
from trainer.signals import signals
from trainer.state import TrainState
from trainer.step import Measured, seed_step
from trainer.suspects import Suspects

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

    forgot: str | None = None
    """What it has forgotten more of than `guard.max_forgetting` puts up with, where it has."""

    @property
    def options(self) -> str:
        """What `--resume` needs beside the run's name to go on in spite of that."""
        return ' --set guard.max_forgetting=""' if self.forgot else ""


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
        first = history.first_step
        self.origin = None
        """The other run's checkpoint it goes on from, where it does."""
        if parent and state.step and history.is_new:
            self.origin = Kept(run.folder.parent / parent, state.step, 0, None)
        self.can_begin_again = state.step == 0 or (first is not None and first <= 1)
        self.beginning = TrainState(remedies=Remedies.at_start(job.config.remedies))
        self.watcher: Watcher | None = None
        """Tells people who are not looking; None where nobody is to be told."""
        self.guard = Guard(
            job.config.guard, self.tell, Suspects(job.decode), clean=job.config.checkpoint.stable_after,
            rules=rules_of(job.config),
        )  # fmt: skip
        self.guard.restore(state.guard)
        self.frozen = Frozen(job.model)
        self.evaluator = RunEvaluator(self)
        self.unsaved: str | None = None
        self.forgot: str | None = None
        self.also: Callable[[], dict[str, float]] = dict
        """Gives what else there is to record with a step; it must not wait."""

    def train(self, inbox: Inbox) -> Outcome:
        """Train to the end, or until someone stops it; what was reached is saved either way.

        Raises TrainingError where going on is useless.
        """
        steps = self.job.plan.steps
        wishes = Wishes(
            self.run, inbox, self.progress, at=lambda: self.state.step, save=self.save,
            roll_back=partial(asked_back, self), paused=self.watcher.paused if self.watcher else None,
        )  # fmt: skip
        if begin_stage(self) and self.state.val_step is None:
            self.validate()
        if self.state.step == 0:
            self.beginning = replace(self.state, loss_scale=self.job.engine.precision.state())
        self.evaluator.begin()
        while self.state.step < steps and not wishes.stopped_by and not self.has_stopped_learning:
            step = self.state.step + 1
            verdict = None if self.state.remedies.leaves_out(step) else self.train_step(step)
            if verdict and self.guard.wants_back(verdict) and self.goes_around(verdict, wishes):
                wishes.act()
                continue
            if verdict is None:
                self.leave_out(step)
            self.keep(step, learned=verdict is not None)
            answer_red(self, wishes)
            wishes.act()
            self.give_up_if_useless()
        self.end(stopped=wishes.stopped_by is not None)
        return Outcome(self.state, wishes.stopped_by, self.unsaved, self.forgot)

    def keep(self, step: int, *, learned: bool) -> None:
        """Measure, save and evaluate where that is due after a step, and see which checkpoints have become safe."""
        config = self.job.config
        due = step == self.job.plan.steps or (learned and step % config.checkpoint.every == 0)
        if due or (learned and step % config.train.eval_every == 0):
            self.validate()
        if due:
            self.save()
        if self.evaluator.is_due(step, at_checkpoint=due, learned=learned):
            self.evaluator.look()
        if learned:
            self.shelf.mature(step, self.state.unclean_step, self.history, after=config.checkpoint.stable_after)

    def tell(
        self, kind: str, sentence: str, *, level: str = "info", step: int | None = None, alert: str | None = None,
        severity: int = 0, **facts: Any,
    ) -> None:  # fmt: skip
        """Tell people: in the store, on the terminal, and by webhook where `alert` names a kind of message."""
        self.run.event(kind, sentence, level=level, step=step, **facts)
        self.progress.say(sentence)
        if self.watcher and alert:
            self.watcher.event(alert, sentence, step, severity)

    def train_step(self, step: int) -> Verdict:
        """Read the samples of a step, learn from them if the guard lets it, record the step."""
        job, began = self.job, time.perf_counter()
        examples = [job.data.train[place] for place in job.plan.samples_at(step)]
        found = self.measure(step, examples)
        overflow = found.is_overflow and job.engine.precision.can_shrink
        self.guard.suspects.add(step, examples, found.losses)
        whole = found.is_finite or overflow or job.engine.is_finite()
        verdict = self.guard.look(step, found, overflow=overflow, parameters_finite=whole)
        taken = found.is_finite and not self.guard.forbids(verdict)
        values = {"lr": self.rate(step)} | signals(job, found, examples)
        values |= self.take(step, found) if taken else self.skip(found)
        if taken and not self.is_whole(step, values):
            verdict = self.guard.broken(step)
        self.state = self.state.after(step, committed=taken, tokens=found.tokens, overflow=overflow)
        if verdict.action != "commit":
            self.state = replace(self.state, unclean_step=step)
        seconds = time.perf_counter() - began
        self.record(found, examples, values, self.guard.done(verdict, taken=taken, overflow=overflow), seconds)
        self.guard.tell(step, verdict, self.guard.after(step, values))
        self.guard.pass_over(step)
        self.progress.step(step, found.loss, found.tokens / seconds)
        return verdict

    def rate(self, step: int) -> float:
        """The learning rate of a step, with the remedies in effect."""
        job = self.job
        return self.state.remedies.rate(lr_at(step, job.plan.steps, job.config.optim, job.config.lr), step)

    def take(self, step: int, found: Measured) -> dict[str, float]:
        """Let the optimizer step; what the groups of layers show of it."""
        job = self.job
        adjust(job.optimizer, job.config.optim, self.state.remedies, self.rate(step))
        with out_of_memory_told(f"for the optimizer's state at step {step}"):
            return job.engine.update(job.optimizer, found.group_norms, groups=job.config.record.groups)

    def skip(self, found: Measured) -> dict[str, float]:
        """Leave weights and optimizer as they are; what the groups of layers show of the gradient."""
        job = self.job
        return job.engine.leave(job.optimizer, found.group_norms, groups=job.config.record.groups)

    def is_whole(self, step: int, values: Mapping[str, float]) -> bool:
        """Whether the update of a step was made of numbers; known at checkpoints only where groups are not recorded."""
        if self.job.config.record.groups:
            return all(math.isfinite(value) for name, value in values.items() if name.endswith("/update_rms"))
        is_due = step % self.job.config.checkpoint.every == 0 or step == self.job.plan.steps
        return not is_due or self.job.engine.is_finite()

    def leave_out(self, step: int) -> None:
        """Advance over a step whose samples are not trained on."""
        rows = [self.job.data.train[place].row for place in self.job.plan.samples_at(step)]
        # None of these steps says whether what is before them is safe.
        self.state = replace(self.state, step=step, unclean_step=step)
        batch = {"update": self.state.update, "verdict": "left-out", "rows": rows, "losses": []}
        self.run.log_batch(step, {}, batch)

    def goes_around(self, verdict: Verdict, wishes: Wishes) -> bool:
        """Go back to before the running spike; where that cannot be done or was done often enough, ask."""
        why = go_around(self, verdict)
        if why is None:
            return True
        onset = self.guard.onset or self.state.step
        self.shelf.suspect(onset, self.history, f"after the spike that began at step {onset}")
        self.guard.give_up(self.state.step, verdict, why)
        wishes.pause()
        return False

    def measure(self, step: int, examples: list[Example]) -> Measured:
        """Loss and gradients of a step; with fewer samples at once where memory does not suffice."""
        job = self.job
        job.engine.remedies = self.state.remedies

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
        self.tell("memory", sentence, level="warning", step=step, **facts)

    def record(
        self, found: Measured, examples: list[Example], values: dict[str, float], verdict: str, seconds: float
    ) -> None:
        """Record what a step found and what became of it."""
        step, rows = self.state.step, [example.row for example in examples]
        values |= {
            "tokens_per_s": found.tokens / seconds, "step_seconds": seconds,
            "tokens": self.state.tokens, "epoch": self.job.plan.epoch_after(step),
        }  # fmt: skip
        batch = {"update": self.state.update, "verdict": verdict, "rows": rows, "losses": found.losses}
        self.run.log_batch(step, values | self.also(), batch)
        if self.job.config.record.system_seconds:
            order("step", step=step, branch=self.history.branch)
        if self.watcher:
            self.watcher.step(step, seconds)
        self.compare(step, Trace(found.loss.hex(), found.grad_norm.hex(), tuple(rows)))

    def compare(self, step: int, now: Trace) -> None:
        """Say whether steps that are done again come to what they came to before."""
        if proof := compare(self.replay, self.traces, step, now, self.run):
            self.guard.learn(proof)

    def validate(self) -> None:
        """Measure and record the validation loss, where there is something to measure it on.

        One who asks to stop ends it at its next part; of the first one, what goes on from here measures it then.
        """
        held_out = self.job.data.validation
        if not held_out:
            return
        step = self.state.step
        try:
            loss, more = within_memory(
                lambda micro_batch: self.job.engine.held_out(held_out, micro_batch=micro_batch, between=stop_here),
                self.micro_batch, halved=partial(self.halve, step), where=f"in the validation after step {step}",
            )  # fmt: skip
        except Stopping:
            self.tell("validation", f"the validation after step {step} was not finished", step=step)
            return
        self.state = self.state.with_validation(loss)
        self.run.log(step, {f"val_{name}": value for name, value in more.items()}, val_loss=loss)
        if self.watcher:
            self.watcher.validation(step, loss)

    def save(self) -> str:
        """Write a checkpoint, and delete those that need not be kept; says what came of it.

        A disk that refuses does not end the run: it is told, and the next checkpoint tries again.
        """
        if not self.job.engine.is_finite():
            sentence = f"no checkpoint was written at step {self.state.step}: a weight of the model is not a number"
            self.tell("checkpoint", sentence, level="alarm", step=self.state.step)
            self.unsaved = sentence
            return sentence
        state = replace(self.state, loss_scale=self.job.engine.precision.state(), guard=self.guard.state())
        try:
            folder, manifest, new = save_checkpoint(
                self.job, state, self.run, branch=self.history.branch, parent=self.parent
            )
        except OSError as error:
            sentence = f"no checkpoint could be written at step {self.state.step}: {error.strerror or error}"
            self.tell("checkpoint", sentence, level="alarm", step=self.state.step)
            self.unsaved = sentence
            return sentence
        self.unsaved = None
        self.parent = folder.relative_to(self.run.folder.parent).as_posix()
        if new:
            self.shelf.add(folder, manifest, self.history)
        return f"saved as {self.parent}"

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
        if self.has_stopped_learning and not stopped:
            self.evaluator.look()
        if not stopped and state.step - state.unclean_step >= min(after, state.step):
            self.shelf.mature(state.step, state.unclean_step, self.history, after=0)
            self.shelf.prune(self.history)
        if not stopped and self.has_stopped_learning and state.step < self.job.plan.steps:
            best = f"the lowest validation loss is that of step {state.best_step}"
            sentence = f"stopped early at step {state.step}: {best}"
            self.tell("early-stop", sentence, step=state.step, best_step=state.best_step)

    def give_up_if_useless(self) -> None:
        """Raise TrainingError when no step has been taken for long."""
        if self.state.skipped_in_row >= GIVE_UP_AFTER:
            raise TrainingError(
                f"stopped at step {self.state.step}: for {GIVE_UP_AFTER} steps in a row the loss or the gradient was "
                f"not a number; see the data of these steps, lower optim.lr, or go on from an earlier checkpoint"
            )
