"""A host's training as Assay has it: what each step found, what the guard says of it, what is sealed.

It is told of the host's steps by the callback, and of what is in them by the mixin; it never raises into either.

While the host waits only what would not be found later is looked at; it is judged and recorded beside the training,
unless the guard acts.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from assay.foreign import Failure, attempt
from assay.spikes import Alarm, Verdict
from store.artifacts import announce, sealed_folders
from store.readers.names import metric_name
from trainer.adapters.beside import Beside
from trainer.adapters.guarding import HostGuard, HostSuspects, examples_of
from trainer.adapters.opening import Opened
from trainer.adapters.others import Others
from trainer.adapters.sealing import Everywhere, Sealer, clear_behind
from trainer.adapters.seen import Seen
from trainer.checkpoint import PACKAGES
from trainer.config_file import to_toml
from trainer.guard import baseline
from trainer.inbox import Inbox
from trainer.model import fingerprint
from trainer.objective import rules_of
from trainer.progress import ProgressLine
from trainer.remedies import Remedies
from trainer.replay import Replay, Trace, compare
from trainer.requests import Wishes
from trainer.runlog import RunLog
from trainer.shelf import Kept, Shelf
from trainer.step import Measured

__all__ = ["Hosted"]

LOGGED = frozenset({"loss", "grad_norm", "learning_rate", "epoch"})
"""What a host logs that is recorded of each step anyway, where the mixin sees it."""

SPEEDS = ("_runtime", "_per_second")
"""How names end of what is about the clock of an evaluation; it is no measurement of the model."""

OF_ALERTS = ("alert", "severity")
"""What the guard tells for the sake of webhooks, which a host's run has none of."""

SLOW_SECONDS = 1.0
"""Steps that take longer are recorded at once: there it is nothing, and no alarm waits for the next one to be told."""

SUMMARY = "train_runtime"
"""A row of the host's log that has this and no loss is about the whole run: with include_num_input_tokens_seen each row
has the time so far.
"""


COUNT = "num_input_tokens_seen"
"""What a host that counts its tokens adds to each row, that of an evaluation too, whose step has had it."""


class Hosted:
    """One host's training while it is recorded.

    Two threads work for it, and each thing is the business of one. The host's own thread has what people want, the
    target of going back, the clock of steps, and all that is asked of the host: whether its weights are numbers, and
    what a row of its dataset says, which nobody promises to be safe in two threads. What it has seen it hands over to
    `beside`, whose thread judges and records it: guard, verdict, traces and replay, state, sealer, shelf and what is
    told are that one's. `catch_up` makes them the host's thread's until it hands over more, and comes before every look
    at them. Only the remedies in the state are read at each step: they change in the host's thread alone, while nothing
    waits.

    Where the guard acts, what the host may do depends on all of it: everything is done at once, in the host's thread.
    """

    def __init__(
        self, opened: Opened, dataset: Any, decode: Any, *, sees_steps: bool,
        roll_back: Callable[["Hosted", int, str], str], others: Others | None = None,
    ) -> None:  # fmt: skip
        """Record into `opened`; `sees_steps` says whether the mixin is there, `decode` makes text of token ids,
        `roll_back` goes back to a checkpoint because someone asked, `others` are the host's other processes.
        """
        self.opened, self.run, self.config = opened, opened.run, opened.config
        self.state, self.history = opened.state, opened.history
        self.sees_steps = sees_steps
        """Whether the mixin tells what is in each step."""
        self.is_one_of_several = others is not None
        """Whether the host trains in several processes, which all hear what people want."""
        self.target: Kept | None = None
        """The checkpoint the host is to go on from, while it is being stopped for that."""
        self.wants_save = False
        """Whether someone asked for a checkpoint now."""
        self.verdict: Verdict | None = None
        """What the guard says of the newest step."""
        self.calm: tuple[int, int] | None = None
        """The newest step that ended enough clean ones for a checkpoint to be stable, and the last that was not clean
        before it; None where there is none on this branch.
        """
        known, begun = opened.traces, self.state.step
        self.traces: dict[int, Trace] = {step: found for step, found in known.items() if step <= begun}
        self.replay = Replay({step: found for step, found in known.items() if step > begun})
        self._began = time.perf_counter()
        self._dataset, self._decode = dataset, decode
        stack = opened.stack
        log = stack.enter_context(RunLog(self.run.folder))
        self.progress = ProgressLine(self.run.name, self.config.train.steps or 0, self.state.step, log)
        self.guard = HostGuard(
            self.config.guard, self.tell, HostSuspects(self._text), clean=self.config.checkpoint.stable_after,
            rules=rules_of(self.config),
        )  # fmt: skip
        self.guard.restore(self.state.guard)
        self.shelf = Shelf(self.run, opened.store, self.config.checkpoint)
        self.shelf.read(self.history)
        self._sealer = Sealer(self.run.folder, lambda: {"base": self._base})
        stack.callback(self._sealer.close)
        inbox = stack.enter_context(Inbox(opened.store, self.run.name))
        self.wishes = Wishes(
            self.run, inbox, self.progress, at=lambda: self.state.step, save=self._save_soon,
            roll_back=partial(roll_back, self), paused=others.pause if others else None,
        )  # fmt: skip
        self.acts = self.config.guard.mode == "act"
        """Whether the guard may keep the host from a step."""
        self.beside = Beside(at_once=self.acts, broken=partial(self.run.finish, "failed"))
        """Does what need not be done while the host waits."""
        stack.callback(self.beside.close)
        self._say_beginning()

    def catch_up(self) -> None:
        """Have everything recorded that the host has done. Raises BrokenRecordingError where that could not be done."""
        self.beside.catch_up()

    def make_sure(self) -> None:
        """Have it in the spool too, before the host saves: who goes on from there does not make these steps again."""
        self.catch_up()
        self.run.written()

    def refuse(self, why: str) -> None:
        """Answer what people ask with why it cannot be done."""
        if self.wishes.are_there:
            self.catch_up()
            self.wishes.refuse(why)

    def tell(self, kind: str, sentence: str, *, level: str = "info", step: int | None = None, **facts: Any) -> None:
        """Tell people: in the store, on stderr and in the run's log."""
        known = {name: value for name, value in facts.items() if name not in OF_ALERTS}
        self.run.event(kind, sentence, level=level, step=step, **known)
        self.progress.say(sentence)

    def leaves_out(self, step: int) -> bool:
        """Whether nothing is to be learned from a step."""
        remedies = self.state.remedies
        return bool(remedies.left_out) and remedies.leaves_out(step)

    def may_take(self, seen: Seen) -> bool:
        """Judge a step before it is taken, where the guard acts; whether it may be."""
        self._judge(seen)
        return seen.is_taken or seen.is_overflow

    def step(self, seen: Seen, epoch: float | None, loss_scale: float | None) -> None:
        """Record a step that was looked at, whatever became of it."""
        now = time.perf_counter()
        seconds, self._began = now - self._began, now
        if seen.is_left_out:
            self.beside.hand_over(self._record_left_out, seen, time.time())
        else:
            known = {"epoch": epoch, "loss_scale": loss_scale}
            if not self.acts:
                self.beside.hand_over(self._judge, seen)
            self.beside.hand_over(self._record, seen, time.time(), seconds, known)
        if seconds > SLOW_SECONDS:
            self.catch_up()

    def reached(self, step: int) -> None:
        """The host has made a step; of what is in it nothing is known where the mixin is not there."""
        if not self.sees_steps:
            self.beside.hand_over(self._reach, step)

    def logged(self, step: int, logs: Mapping[str, Any], scales: bool) -> None:
        """Record what the host logged after a step."""
        if SUMMARY in logs and "loss" not in logs:
            if self.target is not None:
                return  # it is no end
            said = ", ".join(f"{name} {value:g}" for name, value in logs.items() if isinstance(value, int | float))
            self.beside.hand_over(partial(self.run.event, step=step), "summary", f"the host's own summary: {said}")
            return
        is_known = LOGGED if self.sees_steps or "loss" not in logs else frozenset[str]()
        if "loss" not in logs:
            is_known |= {COUNT}
        if is_known.issuperset(logs):
            return
        wanted = {
            metric_name(name): float(value)
            for name, value in logs.items()
            if name not in is_known and isinstance(value, int | float) and not name.endswith(SPEEDS)
        }
        if wanted:
            self.beside.hand_over(self._log, step, time.time(), wanted, scales)

    def saved(self, folder: Path, everywhere: Everywhere | None = None) -> None:
        """Seal the checkpoint the host has just written; `everywhere` waits for what its other processes write."""
        self.catch_up()
        step, branch = self.state.step, self.history.branch
        if (self.run.folder / "checkpoints" / f"{step:08d}-b{branch}").exists():
            return
        state = replace(self.state, guard=self.guard.state())
        known = {
            "kind": "checkpoint", "method": self.config.train.method, "step": step, "branch": branch, "parent": None,
            "cursor": {"step": step, "host": str(folder)}, "interventions": state.remedies.as_dict(),
            "data": {"sha256": None, "files": []}, "versions": {name: version(name) for name in PACKAGES},
            "update": state.update, "val_loss": self._validated(),
        }  # fmt: skip
        self._sealer.take(folder, branch, state, to_toml(self.config), known, everywhere)

    def settle(self, *, wait: bool = False) -> None:
        """Announce what has been sealed by now, and what is stable of it; all of it where one waits. What is stable,
        and what is kept, does not depend on how long the sealing took.
        """
        for item in self._sealer.done(wait=wait):
            if item.manifest is None:
                self._say_unsealed(item.step, item.why_not)
                continue
            known = {name: item.manifest[name] for name in ("update", "val_loss")}
            announce(self.run, item.folder, "sealed", step=item.step, branch=item.branch, data=known)
            self.shelf.add(item.folder, item.manifest, self.history)
            self._mature()
        self._mature()

    def goes_on(self, output: Path) -> None:
        """The host goes on from the checkpoint it was stopped for; `output` is where it writes its own."""
        self.catch_up()
        if self.target is not None:
            clear_behind(output, self.target.step, self.run.folder / "checkpoints")
        self.target, self._began = None, time.perf_counter()

    def end(self, status: str = "finished", error: str | None = None) -> None:
        """The host has ended: seal what is left, and close the run."""
        self.catch_up()
        self.settle(wait=True)
        state, after, steps = self.state, self.config.checkpoint.stable_after, self.config.train.steps or 0
        by = self.wishes.stopped_by
        if status == "finished" and by:
            error = f"stopped at step {state.step} of {steps} by {by}"
        elif status == "finished" and steps <= state.step and state.step - state.unclean_step >= min(after, state.step):
            self.shelf.mature(state.step, state.unclean_step, self.history, after=0)
            self.shelf.prune(self.history)
        self.opened.stack.close()
        self.run.finish(status, error)

    def change(self, remedies: Remedies) -> None:
        """Do things differently from here on."""
        self.state = replace(self.state, remedies=remedies)

    def rate(self, lr: float, step: int) -> float:
        """The learning rate of a step the host would take with `lr`, with what is tried against a spike."""
        return self.state.remedies.rate(lr, step)

    def _judge(self, seen: Seen) -> None:
        loss, norm, whole = seen.judged_by
        found = Measured(loss, [], [], norm, [], 0)
        seen.verdict = self.guard.look(seen.step, found, overflow=seen.is_overflow, parameters_finite=whole)
        # A loss scale that is too large is the host's to lower: it does not take such a step itself.
        # Once the guard acts, a loss that is no number is never stepped on, whether it has given up or not.
        is_odd = self.acts and not found.is_finite
        seen.is_taken = not seen.is_overflow and not is_odd and not self.guard.forbids(seen.verdict)

    def _record(self, seen: Seen, at: float, seconds: float, known: Mapping[str, Any]) -> Callable[[], None] | None:
        if seen.verdict is None:
            self._judge(seen)  # once more: Ctrl-C came while it was judged
        found, verdict, step = seen.measured(), seen.verdict, seen.step
        assert verdict is not None, "it was judged"
        if seen.rows is not None and found.losses:
            self.guard.suspects.add(step, examples_of(seen.rows), found.losses)
        self.state = self.state.after(step, committed=seen.is_taken, tokens=found.tokens, overflow=seen.is_overflow)
        self._note_unclean(step, verdict)
        values = {
            "loss": found.loss, "grad_norm": found.grad_norm, "lr": seen.lr, "step_seconds": seconds,
            "tokens_per_s": found.tokens / seconds, "tokens": self.state.tokens,
            **{name: value for name, value in known.items() if value is not None},
        }  # fmt: skip
        if seen.grad_norm is None:
            del values["grad_norm"]
        rows, done = seen.rows or [], self.guard.done(verdict, taken=seen.is_taken, overflow=seen.is_overflow)
        batch = {"update": self.state.update, "verdict": done, "rows": rows, "losses": found.losses}
        self.run.log_batch(step, values, batch, at=at)
        self._compare(step, Trace(found.loss.hex(), found.grad_norm.hex(), tuple(rows)))
        return self._after(step, verdict, values)

    def _record_left_out(self, seen: Seen, at: float) -> None:
        self.state, self.verdict = replace(self.state, step=seen.step, unclean_step=seen.step), None
        batch = {"update": self.state.update, "verdict": "left-out", "rows": seen.rows or [], "losses": []}
        self.run.log_batch(seen.step, {}, batch, at=at)

    def _log(self, step: int, at: float, values: Mapping[str, float], scales: bool) -> Callable[[], None] | None:
        self.run.log_batch(step, values, None, at=at)
        if "val_loss" in values:
            self.state = replace(self.state, step=step).with_validation(values["val_loss"])
        if self.sees_steps or "loss" not in values:
            return None
        norm = values.get("grad_norm", -1.0)  # what was not measured
        overflow = scales and math.isfinite(values["loss"]) and not math.isfinite(norm)
        found = Measured(values["loss"], [], [], norm, [], 0)
        verdict = self.guard.look(step, found, overflow=overflow, parameters_finite=True)
        self._note_unclean(step, verdict)
        return self._after(step, verdict, values)

    def _after(self, step: int, verdict: Verdict, values: Mapping[str, float]) -> Callable[[], None] | None:
        self.verdict = verdict
        alarms = self.guard.after(step, values)
        rest = partial(self._conclude, step, verdict, alarms)
        if self.sees_steps and (alarms or verdict.alarms):
            return rest  # its samples are told with an alarm, and the host's dataset says what they are
        rest()
        return None

    def _conclude(self, step: int, verdict: Verdict, alarms: tuple[Alarm, ...]) -> None:
        self.guard.tell(step, verdict, alarms)
        self.guard.pass_over(step)
        if step - self.state.unclean_step >= self.config.checkpoint.stable_after:
            self.calm = step, self.state.unclean_step
        self.settle()

    def _mature(self) -> None:
        if self.calm is not None:
            self.shelf.mature(*self.calm, self.history, after=self.config.checkpoint.stable_after)

    def _compare(self, step: int, now: Trace) -> None:
        if proof := compare(self.replay, self.traces, step, now, self.run):
            self.guard.learn(proof)

    def _note_unclean(self, step: int, verdict: Verdict) -> None:
        if verdict.action != "commit":
            self.state = replace(self.state, unclean_step=step)

    def _reach(self, step: int) -> None:
        self.state = self.state.at(step)

    def _say_unsealed(self, step: int, why: str | None) -> None:
        sentence = f"the checkpoint at step {step} could not be sealed: {why}"
        self.tell("checkpoint", sentence, level="alarm", step=step)

    def _validated(self) -> float | str | None:
        loss = self.state.val_loss if self.state.val_step == self.state.step else None
        return loss if loss is None or math.isfinite(loss) else str(loss)

    def _save_soon(self) -> str:
        self.wants_save = True
        return f"the host writes a checkpoint after step {self.state.step}"

    def _text(self, row: int) -> str:
        found = attempt(_text_of, self._dataset, row, self._decode)
        return "" if isinstance(found, Failure) else found

    @cached_property
    def _base(self) -> dict[str, Any]:
        path = self.config.model.path
        digest = attempt(fingerprint, self.config.model) if path else None
        sha256 = None if isinstance(digest, Failure) else digest
        return {"path": path, "sha256": sha256, "model_sha256": sha256}

    def _say_beginning(self) -> None:
        step = self.state.step
        if self.config.train.stage == "dpo":
            rules = rules_of(self.config)
            sentence = f"dpo: batches of {self.config.train.batch_size} pairs, by the host"
            self.run.event("stage", sentence, step=step, loss_floor=rules.loss_floor if rules else None)
        if not self.history.is_new:
            known = baseline(self.state.guard, step, self.state.remedies)
            self.run.event("resume", f"goes on after step {step}, by the host", step=step, baseline=known)
        if not sealed_folders(self.run.folder / "checkpoints") and not self.history.is_new:
            self.run.event("checkpoint", "no checkpoint of the run is sealed: the guard begins with nothing", step=step)


def _text_of(dataset: Any, row: int, decode: Any) -> str:
    found = dataset[row]
    ids = found.get("input_ids")
    if ids is None:
        ids = [*found.get("prompt_ids", []), *found.get("chosen_ids", [])]
    return decode(ids, skip_special_tokens=True) if len(ids) > 0 and decode else str(found.get("text", ""))
