"""The callback: tells `Hosted` when the host steps, logs, saves and ends; and what the mixin sees of a step.

Nothing of ours raises into the host: what goes wrong here is said once, and the training goes on without Assay.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl

from assay.flusher import say
from assay.foreign import Failure, attempt
from trainer.adapters.acting import act, cannot_act, look
from trainer.adapters.back import asked_back
from trainer.adapters.hosted import Hosted
from trainer.adapters.losses import SampleLosses
from trainer.adapters.opening import begin, record_rows
from trainer.adapters.options import Options
from trainer.adapters.others import ALONE, Others, announce, meet
from trainer.adapters.rows import take_rows, tokens_of
from trainer.adapters.sealing import CHECKPOINT, make_way
from trainer.adapters.seen import Number, Seen
from trainer.adapters.written import Written

__all__ = ["AssayCallback"]

NO_LOG = (
    "the host logs nothing (logging_strategy is no), so no step is recorded and nothing guards this training; let it "
    "log, or put AssayMixin among the classes of the trainer"
)
"""What is said where there is nothing to see."""

_recording: dict[str, Hosted] = {}
"""What this process records, by the output folder of the host."""


class AssayCallback(TrainerCallback):
    """Records a host's training and guards it."""

    def __init__(  # noqa: PLR0913 - each is a keyword of a script
        self, name: str | None = None, *, store: str | None = None, mode: str = "watch", project: str = "",
        owner: str = "", tags: Sequence[str] = (), data: str | None = None, rollbacks: int = 2,
        stable_after: int = 50, keep: int = 3, sample_losses: bool = True,
    ) -> None:  # fmt: skip
        """Record as run `name`; `Options` says what the others mean. Raises AssayError for a value that cannot be
        meant.
        """
        self.options = Options(
            name, store, mode, project, owner, tuple(tags), data, rollbacks, stable_after, keep, sample_losses
        )
        """What was asked for."""
        self.host: Any = None
        """The trainer, where the mixin is among its classes."""
        self.hosted: Hosted | None = None
        """What is being recorded; None before it begins, after its end, and where that cannot be done."""
        self.seen: Seen | None = None
        """The step being made, where the mixin sees it."""
        self._tokens: Number = 0
        self._rates: list[float] = []
        self._others: Others | None = None
        self._awaited = deque[Written](maxlen=8)
        self._is_alone = True
        self._scaler: Any = None

    def on_init_end(self, *given: Any, **_: Any) -> None:
        """Let the other processes know early that this one has a callback, so that they wait for it."""
        if given[0].world_size > 1:
            attempt(announce)  # where that fails, it is said before the first step

    def on_train_begin(self, *given: Any, **known: Any) -> None:
        """Begin, or take up again what was stopped to go back."""
        args, state, _ = given
        # Asked once: transformers looks at the whole process to answer.
        self._is_alone = args.world_size == 1
        self._scaler = getattr(getattr(self.host, "accelerator", None), "scaler", None)
        if state.is_hyper_param_search:
            return
        why_alone = self._meet(args)
        if not state.is_world_process_zero:
            return
        if self.goes_on_from is None:
            self._begin(args, state, known)
        else:
            self._do(lambda hosted: hosted.goes_on(Path(args.output_dir)))
        if why_alone:
            sentence = f"no checkpoint of this training is sealed: {why_alone}"
            self._do(lambda hosted: hosted.tell("checkpoint", sentence, level="warning", step=state.global_step))

    def on_pre_optimizer_step(self, *given: Any, **known: Any) -> None:
        """Look at the step before it is taken."""
        if self.seen is not None and self.seen.losses:
            self._rates = self._do(look, self.seen, known["optimizer"], given[0].fp16) or []

    def on_optimizer_step(self, *_: Any, **known: Any) -> None:
        """Give the scheduler the learning rates it has set."""
        if not self._rates:
            return
        for group, rate in zip(known["optimizer"].param_groups, self._rates, strict=False):
            group["lr"] = rate
        self._rates = []

    def on_step_end(self, *given: Any, **_: Any) -> None:
        """Record the step, and do what the guard or a person wants."""
        args, state, control = given
        self._do(self._end_step, self.seen, state, control)
        self.seen = None
        if not self._is_alone:
            self._act_together(args, state, control)
        elif control.should_evaluate or control.should_save:
            _insist(args, control)
            self._make_way(args, state, control)

    def on_log(self, *given: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        """Record what the host logs."""
        args, state, control = given
        self._do(Hosted.logged, state.global_step, logs or {}, args.fp16)
        if control.should_save:
            self._do(Hosted.make_sure)

    def on_epoch_end(self, *given: Any, **_: Any) -> None:
        """Keep the host from writing a checkpoint of what it is about to leave."""
        args, state, control = given
        if self.goes_on_from is not None:
            control.should_save = control.should_evaluate = False
        self._do(_before_silence, control)
        self._make_way(args, state, control)
        self._with_others(lambda others: others.wait())  # before another one writes there

    def on_save(self, *given: Any, **_: Any) -> None:
        """Seal the checkpoint the host has just written."""
        args, state, _control = given
        if self.hosted is not None:
            self.hosted.wants_save = False
        if args.save_only_model:
            return
        folder = _folder(args, state)
        if self._is_alone:
            self._do(Hosted.saved, folder)
            return
        # No step that all have to take: a host may save in its first process alone.
        written = self._with_others(lambda others: others.wrote(state.global_step, folder))
        if written is not None:
            self._awaited.append(written)
            self._do(lambda hosted: hosted.saved(folder, written.everywhere))

    def on_train_end(self, *_given: Any, **_: Any) -> None:
        """Close the run, unless the host is stopped only to go back."""
        if self.goes_on_from is None:
            self._do(Hosted.end)
            self._forget()
            self._leave_others()

    @property
    def goes_on_from(self) -> Path | None:
        """The checkpoint the host is to go on from; None where it goes on, or has ended."""
        return self.hosted.target.folder if self.hosted is not None and self.hosted.target is not None else None

    def failed(self, error: BaseException) -> None:
        """The host's training ended with an error, which is the host's to raise."""
        for written in self._awaited:
            written.give_up()
        said = "stopped by Ctrl-C" if isinstance(error, KeyboardInterrupt) else f"{type(error).__name__}: {error}"
        self._do(lambda hosted: hosted.end("failed", said))
        self._forget()
        self._leave_others(failed=True)

    def begin_step(self, step: int, source: Any, batches: Sequence[Any]) -> None:
        """The mixin has the batches of the next step, which came out of the iterator `source`."""
        rows = attempt(take_rows, source, batches)
        if self.hosted is not None:
            self.seen = Seen(step, None if isinstance(rows, Failure) else rows)
            self.seen.is_left_out = self.hosted.leaves_out(step)

    @property
    def leaves_out(self) -> bool:
        """Whether the step being made need not be run, as nothing is to be learned from it."""
        # A loss that is scaled has to be run all the same: the scaler asks for its gradients.
        return self.seen is not None and self.seen.is_left_out and self._scaler is None

    def listen(self, host: Any, model: Any, inputs: Any) -> SampleLosses | None:
        """A micro-batch is about to be run: what listens to its forward passes; None where nobody wants its losses of
        samples.
        """
        seen = self.seen
        if seen is None:
            return None
        # Before the host's models may change what they are given.
        tokens = attempt(tokens_of, inputs)
        self._tokens = 0 if isinstance(tokens, Failure) else tokens
        if not self.options.sample_losses or seen.is_left_out:
            return None
        # A dict is known at once; to ask an abstract class takes longer.
        return SampleLosses(host, model, inputs) if isinstance(inputs, (dict, Mapping)) else None

    def left_out(self, loss: torch.Tensor) -> torch.Tensor:
        """A micro-batch was not run; `loss` stands for its loss."""
        if self.seen is not None:
            self.seen.losses.append(loss)
        return loss

    def trained(self, loss: torch.Tensor, heard: SampleLosses | None) -> None:
        """A micro-batch was run forward and backward."""
        seen = self.seen
        if seen is None:
            return
        seen.losses.append(loss.detach() if loss.requires_grad else loss)
        seen.tokens.append(self._tokens)
        seen.samples.append(heard.found() if heard is not None else None)
        if self.hosted is not None and self.hosted.beside.needs_host:
            self._do(Hosted.catch_up)

    def measured(self, grad_norm: Any) -> None:
        """The norm of the step's gradients is known."""
        if self.seen is not None:
            self.seen.grad_norm = grad_norm

    def _act_together(self, args: Any, state: Any, control: Any) -> None:
        """Do what people want in several processes: it is asked of the first one, and told to all."""
        if self._others is None:
            self._do(lambda hosted: hosted.refuse(ALONE))
            self._make_way(args, state, control)
            return
        asked = TrainerControl()
        self._do(lambda hosted: act(hosted, asked))
        _add(asked, args, control)
        # Before another one writes there.
        self._make_way(args, state, control)
        self._with_others(lambda others: others.agree(asked))
        _add(asked, args, control)

    def _with_others(self, work: Callable[[Others], Any]) -> Any:
        """Say something to the other processes, where they can be told; None where not. The host hears of one that is
        gone by itself.
        """
        if self._others is None:
            return None
        done = attempt(work, self._others)
        if isinstance(done, Failure):
            self._others = None
            # What gloo says of it is a line of its source.
            is_gone = done.kind == "RuntimeError" or done.kind.startswith("Dist")
            why = "another process of it does not answer" if is_gone else f"{done.kind}: {done.said}"
            say(f"the processes of this training are no longer told what people want: {why}")
            return None
        return done

    def _meet(self, args: Any) -> str | None:
        """Meet the other processes, where there are any; why they cannot be told anything, where they cannot."""
        self._others = None
        if args.world_size == 1:
            return None
        met = attempt(meet)
        if isinstance(met, Failure):
            say(f"{met.kind}: {met.said}; the processes of this training are not told what people want")
        else:
            self._others = met
        return ALONE if self._others is None else None

    def _leave_others(self, *, failed: bool = False) -> None:
        self._with_others(lambda others: others.close(failed=failed))
        self._others = None

    def _forget(self) -> None:
        """Nothing is recorded any more."""
        for output in [key for key, hosted in _recording.items() if hosted is self.hosted]:
            del _recording[output]
        self.hosted = self.seen = None

    def _do(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do something with what is recorded, if anything is, and give back what it gives; where that goes wrong, or
        what was done beside it before, leave the host alone after it.
        """
        hosted = self.hosted
        if hosted is None:
            return None
        done = attempt(work, hosted, *arguments)
        failure = hosted.beside.failure or done
        if isinstance(failure, Failure):
            self._forget()
            why = f"recording stopped: {failure.kind}: {failure.said}"
            say(f"{why}; the training goes on")
            _stop(hosted, why, failure.told)
        return None if isinstance(done, Failure) else done

    def _begin(self, args: Any, state: Any, known: dict[str, Any]) -> None:
        if earlier := _recording.pop(args.output_dir, None):
            # A host that raised has not said so to a callback alone.
            _stop(earlier, "the host ended without a word")
        opened = attempt(begin, self._options(args), args, state, known.get("model"), self.host)
        if isinstance(opened, Failure):
            say(f"{opened.said}; this training goes on without being recorded or guarded")
            return
        dataset = getattr(self.host, "train_dataset", getattr(known.get("train_dataloader"), "dataset", None))
        decode = getattr(known.get("processing_class"), "decode", None)
        made = attempt(
            lambda: Hosted(
                opened, dataset, decode, sees_steps=self.host is not None, roll_back=asked_back, others=self._others
            )
        )  # fmt: skip
        if isinstance(made, Failure):
            say(f"{made.kind}: {made.said}; this training goes on without being recorded or guarded")
            attempt(opened.stack.close)
            opened.run.finish("failed", f"recording stopped: {made.kind}: {made.said}")
            return
        self.hosted = _recording[args.output_dir] = made
        if self.host is None and args.logging_nan_inf_filter:
            # The mixin sees the loss itself; without it there is only what the host logs, which would be 0.
            args.logging_nan_inf_filter = False
            made.run.event("host", "logging_nan_inf_filter was turned off: a loss that is no number is logged as one")
        if self.host is None and args.logging_strategy == "no":
            self._do(lambda hosted: hosted.tell("host", NO_LOG, level="warning"))
        rows = attempt(record_rows, opened, dataset)
        if isinstance(rows, Failure):
            say(f"{rows.said}; the rows of this run are recorded without their texts")

    def _options(self, args: Any) -> Options:
        why = cannot_act(self.host, args) if self.options.mode == "act" else None
        if why is None:
            return self.options
        say(f"the guard only watches: {why}")
        return Options(**{**vars(self.options), "mode": "watch"})

    def _end_step(self, hosted: Hosted, seen: Seen | None, state: Any, control: Any) -> None:
        if seen is not None and seen.losses:
            hosted.step(seen, state.epoch, None if self._scaler is None else self._scaler.get_scale())
        else:
            hosted.reached(state.global_step)
        _before_silence(hosted, control)
        if self._is_alone:
            act(hosted, control)

    def _make_way(self, args: Any, state: Any, control: Any) -> None:
        # Also where this run is not recorded: what is sealed may be another one's.
        open_still = _decides_later(args, control)
        if (control.should_save or open_still) and state.is_world_process_zero:
            folder = _folder(args, state)
            done = attempt(lambda: make_way(folder, surely=not open_still))
            if isinstance(done, Failure):
                say(f"{done.said}; where {folder} is sealed, the host may write over what is sealed")


def _stop(hosted: Hosted, why: str, traceback: str | None = None) -> None:
    """Close a run that has failed, with what was recorded until then."""
    attempt(hosted.catch_up)
    hosted.beside.forgive()
    if traceback is not None:
        attempt(lambda: hosted.run.event("traceback", traceback, level="alarm"))
    attempt(hosted.end, "failed", why)
    # Where that is what went wrong, its threads are ended and its spool is closed all the same.
    attempt(hosted.opened.stack.close)
    attempt(hosted.run.finish, "failed", why)


def _before_silence(hosted: Hosted, control: Any) -> None:
    """Have alarms told before the host evaluates or saves: as long as that takes it asks for nothing."""
    if control.should_save:
        hosted.make_sure()
    elif control.should_evaluate:
        hosted.catch_up()


def _folder(args: Any, state: Any) -> Path:
    """Where the host writes the checkpoint of a step."""
    return Path(args.output_dir) / f"{CHECKPOINT}{state.global_step}"


def _decides_later(args: Any, control: Any) -> bool:
    """Whether the host saves only where what it is about to evaluate is its best, whatever was set before."""
    return control.should_evaluate and args.save_strategy == "best"


def _insist(args: Any, control: Any) -> None:
    """Let a host that is to save and stop do so: as it evaluates it would forget to save what is not its best."""
    if control.should_save and control.should_training_stop and _decides_later(args, control):
        control.should_evaluate = False


def _add(asked: TrainerControl, args: Any, control: Any) -> None:
    """Have the host do what was asked too."""
    control.should_save |= asked.should_save
    control.should_training_stop |= asked.should_training_stop
    _insist(args, control)
