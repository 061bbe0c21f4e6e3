"""A run from its configuration to its end: made ready, recorded, trained, finished."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import portalocker
from portalocker import LockFlags

from assay.errors import AssayError
from assay.recording import Run, existing_folder, new_folder
from store.database import Store
from store.loading import Loader
from trainer.checkpoint import read_state, restore_optimizer
from trainer.config import Config
from trainer.config_file import as_dict, config_from, read_toml, to_toml, with_settings
from trainer.errors import ConfigError, ResumeError, TrainingError
from trainer.history import History
from trainer.inbox import Inbox
from trainer.job import Job, prepare
from trainer.lineage import holding, parent_of
from trainer.progress import ProgressLine
from trainer.provenance import provenance, record_data
from trainer.requests import stop_signals
from trainer.resume import check_unchanged, find_resume_point, reopen
from trainer.state import TrainState
from trainer.train import Outcome, Training

__all__ = ["Ended", "resume_run", "start_run"]

CHANGEABLE = ("run.tags", "run.project", "train.steps", "train.epochs", "train.eval_every", "train.micro_batch",
              "train.device", "checkpoint.every", "checkpoint.keep")  # fmt: skip
"""What may be set anew when a run goes on; all else would make it another run."""


class Ended(NamedTuple):
    """A run that was trained."""

    name: str
    """Its name."""

    folder: Path
    """Its folder."""

    outcome: Outcome
    """How it ended."""

    store_error: str | None
    """Why the store does not hold its last steps yet, where it does not; its spool does."""


def start_run(config: Config, store: Store) -> Ended:
    """Train a new run. Raises AssayError for anything wrong with what was named; nothing is written then."""
    job = prepare(config)
    parent = parent_of(config.model.path, store)
    folder = _reserved(store, config)
    with _locked(folder):
        run = _recording(folder, job, **({"parent": parent.reference} if parent else {}))
        with holding(parent, run, store):
            return _train(job, run, store, TrainState(), History(), parent=None)


def resume_run(name: str, settings: Sequence[str], store: Store) -> Ended:
    """Go on with a run where its newest whole checkpoint is.

    Raises AssayError where it cannot go on; nothing is written then.
    """
    folder = existing_folder(store.root, name)
    if not (folder / "config.toml").exists():
        raise ResumeError(f"run {name} cannot go on: `assay train` did not start it (it has no config.toml)")
    _check_changeable(settings)
    config = config_from(with_settings(read_toml(folder / "config.toml"), settings))
    with _locked(folder):
        point = find_resume_point(folder)
        job = prepare(config, point.folder)
        check_unchanged(point, config, job.data.file, job.base_sha256, job.plan_facts)
        state = read_state(point.folder)
        if state.step >= job.plan.steps:
            raise ResumeError(
                f"run {name} is at its end (step {state.step} of {job.plan.steps}); "
                f"give it more with --set train.steps={2 * job.plan.steps}"
            )
        restore_optimizer(job.model, job.optimizer, point.folder)
        run = _recording(folder, job)
        return _train(job, run, store, state, reopen(run, point), parent=point.path)


def _reserved(store: Store, config: Config) -> Path:
    try:
        return new_folder(store.root, config.run.name or Path(config.data.train).stem)
    except OSError as error:
        raise AssayError(f"cannot record in {store.root}: {error.strerror}; name another place with --store") from error


def _recording(folder: Path, job: Job, **facts: Any) -> Run:
    """Write down what takes effect, whole or not at all, and begin to record."""
    try:
        (folder / "config.toml.new").write_text(to_toml(job.config), encoding="utf-8")
        (folder / "config.toml.new").replace(folder / "config.toml")
        return Run(folder, facts={**_facts(job), **facts})
    except OSError as error:
        raise AssayError(f"cannot record in {folder}: {error.strerror}; name another place with --store") from error


def _train(job: Job, run: Run, store: Store, state: TrainState, history: History, *, parent: str | None) -> Ended:
    loader = Loader(store)
    with ExitStack() as stack:
        stack.enter_context(loader)
        stack.enter_context(run)
        warnings = record_data(run, job) if parent is None else []
        training = Training(job, run, store, state, history, parent)
        inbox = stack.enter_context(Inbox(store, run.name))
        progress = stack.enter_context(ProgressLine(run.name, job.plan.steps, state.step))
        for sentence in warnings:
            progress.say(sentence)
        stack.enter_context(stop_signals())
        try:
            outcome = training.train(inbox, progress)
        except TrainingError as error:
            run.finish("failed", str(error))
            raise
        _finish(run, job, outcome)
    return Ended(run.name, run.folder, outcome, loader.error)


def _finish(run: Run, job: Job, outcome: Outcome) -> None:
    if outcome.stopped_by is None:
        return
    sentence = f"stopped at step {outcome.state.step} of {job.plan.steps} by {outcome.stopped_by}"
    run.event("stopped", f"{sentence}; `assay train --resume {run.name}` goes on", step=outcome.state.step)
    run.finish("finished", sentence)


def _facts(job: Job) -> dict[str, Any]:
    config = job.config
    facts = {
        "config": as_dict(config), "provenance": provenance(job), "stage": config.train.stage,
        "total_steps": job.plan.steps, "tags": config.run.tags, "project": config.run.project or None,
    }  # fmt: skip
    return {name: value for name, value in facts.items() if value is not None}


def _check_changeable(settings: Sequence[str]) -> None:
    for setting in settings:
        name = setting.partition("=")[0].strip()
        if name not in CHANGEABLE:
            raise ConfigError(
                f"{name} cannot be changed when a run goes on, that would be another run; "
                f"what can is {', '.join(CHANGEABLE)}"
            )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep a second process from training the same run."""
    lock = portalocker.Lock(
        str(folder / ".training"), "a", timeout=0, flags=LockFlags.EXCLUSIVE | LockFlags.NON_BLOCKING
    )
    try:
        lock.acquire()
    except portalocker.LockException as error:
        raise ResumeError(f"run {folder.name} is being trained by another process; stop that one first") from error
    try:
        yield
    finally:
        lock.release()
