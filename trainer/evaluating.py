"""Evaluations while a run trains: its base once, then the model at each checkpoint.

Training comes to the same, to the bit, with and without them. One that fails, or is ended by someone who wants to
stop, costs no training.
"""

import hashlib
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from accelerate.utils.memory import should_reduce_batch_size

from assay.errors import AssayError
from assay.foreign import Failure, attempt
from evals.leak import LeakReport
from evals.run import Ledger, Subject, evaluate
from evals.suite import Suite
from evals.text.errors import DataError
from store.alerts.watch import busy
from store.artifacts import MANIFEST, digest, read_manifest
from store.evaluations import Evaluation
from trainer.asked import Asked, load_asked
from trainer.evaluator import training_files
from trainer.figures import figures, told
from trainer.lights import Lights, Looked, models_of
from trainer.parallel.restoring import whole_model
from trainer.requests import Stopping, stop_here
from trainer.subjects import leaks_of, start_of
from trainer.suites import asks_what_was_kept

if TYPE_CHECKING:
    from trainer.train import Training

__all__ = ["RunEvaluator"]

KNOWN = (AssayError, OSError, Stopping)
"""What an evaluation ends with that is looked at further."""

LEVELS = {"green": "info", "yellow": "warning", "red": "alarm"}
"""How grave it is that a light became so."""


class RunEvaluator:
    """Puts one run's model to its suites."""

    def __init__(self, training: "Training") -> None:
        """Nothing is asked yet."""
        self._training = training
        self._suites = training.job.suites
        self.red: dict[str, str] = {}
        """Why the newest evaluation's light is red, by suite; whoever acts on it empties it."""

    def begin(self) -> None:
        """Ask the base, and the model that is gone on with, where that was not done before."""
        training = self._training
        if not self._suites:
            return
        if training.history.is_new:
            self._tell_known()
        if training.state.step == 0:
            # An adapter that has learned nothing yet changes nothing.
            with whole_model(training.job) as model:
                self._ask(model, self._base, self._suites)
            return
        self._ask_base_from_disk()
        if not training.history.is_new:
            self._look(told_before=True)
            self.red = {}

    def is_due(self, step: int, *, at_checkpoint: bool, learned: bool) -> bool:
        """Whether the model is to be evaluated after a step."""
        every = self._training.job.config.eval.every
        if every == 0 or step == self._training.job.plan.steps:
            return at_checkpoint
        return learned and step % every == 0

    def look(self) -> None:
        """Evaluate the model as it is now, and tell of each light that has changed."""
        if self._suites:
            self._look()

    @cached_property
    def lights(self) -> Lights:
        """What this run's models answered."""
        training = self._training
        return Lights(training.run.folder.parent, self._base.artifact, models_of(training.history))

    @cached_property
    def _base(self) -> Subject:
        return start_of(self._training.job.config.model, self._training.shelf.store)

    @cached_property
    def _leaks(self) -> Mapping[str, LeakReport]:
        run, store = self._training.run, self._training.shelf.store
        measured = [suite for suite in self._suites if suite.settings.measures != "shown"]
        files = training_files(Asked(run.name, self._training.job.config.model, folder=run.folder), store)
        try:
            return leaks_of(measured, files, store.root)
        except (AssayError, OSError) as error:
            self._warn(f"the suites were not looked for in the training data: {error}")
            return {}

    def _tell_known(self) -> None:
        """Tell what another run asked this base: by that the answers are found before a checkpoint has any."""
        ledger = Ledger(self._training.run.folder.parent, self._base, as_base=True)
        for suite in self._suites:
            found = ledger.known(suite)
            if found is not None:
                said = f"{suite.settings.name} was put to the base by an earlier run: {told(found)}"
                self._tell_of(suite, said, found)

    def _look(self, *, told_before: bool = False) -> None:
        subject = self._subject()
        with whole_model(self._training.job) as model:
            found = self._ask(model, subject, self._suites)
        assert subject.step is not None, "a model of a run"
        assert subject.branch is not None, "a model of a run"
        self.lights.add(Looked(subject.step, subject.branch, subject.artifact))
        self.red = {}
        for suite, is_new in found:
            if asks_what_was_kept(suite) and (is_new or not told_before):
                self._tell_light(suite, subject.step)

    def _subject(self) -> Subject:
        """The live model: the checkpoint that holds it, where one does."""
        run, step = self._training.run, self._training.state.step
        branch, artifact = self._training.history.branch, None
        folder = run.folder.parent / (self._training.parent or "")
        if (folder / MANIFEST).is_file():
            manifest = read_manifest(folder)
            if manifest["step"] == step:
                branch, artifact = manifest["branch"], digest(folder)
        if artifact is None:
            # What a branch's step came to is in no file; the name of the first spool file is this run's alone.
            first = min(path.name for path in (run.folder / "spool").glob("0-*.jsonl"))
            artifact = hashlib.sha256(f"live {first} {branch}@{step}".encode()).hexdigest()
        return Subject(f"{run.name}@{step}", artifact, self._base.artifact, run.name, branch, step)

    def _ask_base_from_disk(self) -> None:
        ledger = Ledger(self._training.run.folder.parent, self._base, as_base=True)
        missing = [suite for suite in self._suites if ledger.known(suite) is None]
        if not missing:
            return
        with self._told_where_it_fails(self._base.name):
            model, _ = load_asked(Asked(self._base.name, self._training.job.config.model))
            # As the live one was before it learned: other arithmetic would look like forgetting.
            weight = next(self._training.job.model.parameters())
            model.to(weight.device)
            if next(model.parameters()).dtype != weight.dtype:
                model.to(weight.dtype)
            self._ask(model, self._base, missing)

    def _ask(self, model: Any, subject: Subject, suites: Sequence[Suite]) -> list[tuple[Suite, bool]]:
        """Put a model to suites and tell what came of it; those of which there is a result, and whether it is new."""
        found: list[tuple[Suite, bool]] = []
        try:
            with busy(self._training.watcher):
                for suite in suites:
                    stop_here()
                    with self._told_where_it_fails(suite.settings.name):
                        found.append((suite, self._ask_one(model, subject, suite)))
        except Stopping:
            step = self._training.state.step
            self._training.tell("eval", f"the evaluation {_when(step)} was not finished", step=step)
        return found

    def _ask_one(self, model: Any, subject: Subject, suite: Suite) -> bool:
        """Put a model to a suite, where that was not done before; whether it was done now."""
        ledger = Ledger(self._training.run.folder.parent, subject, as_base=subject is self._base)
        if not ledger.as_base:
            # What a base was trained on is another question: several runs begin with it.
            ledger.leaks = self._leaks
        if ledger.known(suite) is not None:
            return False
        if subject.step and not ledger.as_base:
            ledger.earlier = self.lights.earlier(suite, self._training.history, subject.step)
        self._tell(suite, subject, self._evaluated(model, suite, ledger))
        return True

    def _evaluated(self, model: Any, suite: Suite, ledger: Ledger) -> Evaluation:
        """Put a model to a suite; what someone's model, tokenizer or metric raises becomes a DataError."""

        def ask() -> Evaluation | Exception:
            try:
                [result] = evaluate(model, self._training.job.tokenizer, [suite], ledger, progress=self._progress)
            except KNOWN as error:
                return error
            except RuntimeError as error:
                if should_reduce_batch_size(error):
                    return error
                raise
            return result

        found = attempt(ask)
        if isinstance(found, Failure):
            step = self._training.state.step
            self._training.run.event("traceback", found.told, level="warning", step=step)
            raise DataError(f"{found.kind}, see the traceback in the log")
        if isinstance(found, Exception):
            raise found
        return found

    def _tell(self, suite: Suite, subject: Subject, result: Evaluation) -> None:
        if subject is self._base:
            self._tell_of(suite, f"scored {suite.settings.name} {_when(0)}: {told(result)}", result)
            return
        step = subject.step or 0
        sentence = f"scored {suite.settings.name} {_when(step)}: {told(result)}"
        self._tell_of(suite, sentence, result, step=step, artifact=subject.artifact, branch=subject.branch)

    def _tell_of(self, suite: Suite, sentence: str, result: Evaluation, *, step: int = 0, **more: Any) -> None:
        facts: dict[str, Any] = {
            "suite": suite.settings.name, "suite_sha256": suite.digest, "figures": figures(result),
            "seconds": result.seconds, "base": self._base.artifact,
        }  # fmt: skip
        self._training.tell("eval", sentence, step=step, **facts, **more)

    def _tell_light(self, suite: Suite, step: int) -> None:
        """Tell of a light that has changed, and remember a red one."""
        name = suite.settings.name
        newest = [light for _, light in self.lights.of(suite, self._training.history, newest=3)]
        if not newest:
            return
        light, before = newest[-1], newest[-2].colour if len(newest) > 1 else "green"
        if light.colour == "red":
            self.red[name] = light.why
        if light.colour != before:
            facts: dict[str, Any] = {"suite": name, "colour": light.colour, "before": before, "reason": light.reason}
            sentence = f"{name} is {light.colour} at step {step}: {light.why}"
            self._training.tell("forgetting", sentence, level=LEVELS[light.colour], step=step, **facts)

    def _progress(self, suite: str, done: int, of: int) -> None:
        if done < of:
            stop_here()
        self._training.progress.aside(f"{suite}: {done} of {of}")

    @contextmanager
    def _told_where_it_fails(self, what: str) -> Generator[None]:
        when = _when(self._training.state.step)
        try:
            yield
        except (AssayError, OSError) as error:
            self._warn(f"{what} was not scored {when}: {error}")
        except RuntimeError as error:
            if not should_reduce_batch_size(error):
                raise
            self._warn(f"{what} was not scored {when}: out of memory ({str(error).splitlines()[0]})")
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def _warn(self, sentence: str) -> None:
        self._training.tell("eval", sentence, level="warning", step=self._training.state.step)


def _when(step: int) -> str:
    return f"at step {step}" if step else "before the first step"
