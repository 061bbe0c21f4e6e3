"""A run from its configuration to its end: made ready, recorded, trained, finished."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from assay.delivery import send_to
from assay.errors import AssayError
from assay.recording import Run, existing_folder, new_folder
from store.alerts.hooks import targets_of
from store.alerts.watch import Watcher, open_watcher
from store.database import Store
from store.loading import Loader
from store.refs import parse_ref
from store.training_lock import sole_trainer
from trainer.changes import begins_anew, changed, check_adapter, check_changeable, told
from trainer.checkpoint import read_state
from trainer.config import Config
from trainer.config_file import as_dict, config_from, read_toml, to_toml, with_settings
from trainer.errors import ConfigError, ResumeError, TrainingError
from trainer.guard import baseline
from trainer.history import History, read_history
from trainer.inbox import Inbox
from trainer.job import Job, prepare
from trainer.lineage import Parent, check_base, holding, parent_of
from trainer.mirror import Mirror, check_absent, is_mirrored, restore_checkpoints, restore_run
from trainer.origin import Origin
from trainer.parallel.channel import order, world_size
from trainer.parallel.processes import check_processes, processes_of
from trainer.parallel.restoring import put_back_optimizer
from trainer.progress import ProgressLine
from trainer.provenance import provenance, record_data
from trainer.reference import restore_reference
from trainer.remedies import Remedies
from trainer.replay import Replay
from trainer.requests import stop_signals
from trainer.resume import ResumePoint, check_unchanged, find_resume_point, reopen, unrecorded
from trainer.runlog import RunLog
from trainer.shelf import Shelf
from trainer.state import TrainState
from trainer.system import System
from trainer.train import Outcome, Training

__all__ = ["Ended", "fork_run", "resume_run", "start_run"]

LAST_BYTES = 1 << 16
"""More than the line takes that ends a run."""

_ELSEWHERE = "name another place with --store"
_AS_IT_WAS = "the run is as it was: see to that, and resume it again"


class Ended(NamedTuple):
    """A run that was trained."""

    name: str
    """Its name."""

    folder: Path
    """Its folder."""

    outcome: Outcome
    """How it ended."""

    store_error: str | None
    """Why the store does not hold its last steps yet, where it does not."""

    is_recorded: bool
    """Whether its spool has all of them; where not, the recorder has said on stderr where they are."""


def start_run(config: Config, store: Store) -> Ended:
    """Train a new run. Raises AssayError for anything wrong with what was named; nothing is written then."""
    if config.model.adapter:
        check_base(config.model)
    job = _prepared(config, store)
    parent = parent_of(config.model.adapter or config.model.path, store)
    with _begun(job, store, parent) as run:
        state = _remedied(job, TrainState(), Remedies.at_start(config.remedies))
        return _train(job, run, store, state, History())


def fork_run(config: Config, origin: Origin, store: Store, *, reshard: bool = False) -> Ended:
    """Train a new run that goes on from another one's checkpoint as that run would have, but for `config`; in another
    number of processes where that is declared by `reshard`.

    Raises AssayError where data, model or order are not those of the other run; nothing is written then.
    """
    resharded = check_processes(origin.manifest, config, reshard=reshard)
    job = _prepared(config, store, origin.folder)
    check_unchanged(origin.manifest, config, job.data, job.base_sha256, job.plan_facts)
    state = _state(job, origin.folder)
    _check_not_at_end(origin.run, state, job)
    # What the other run's guard was trying is that run's own.
    guard = {"detector": state.guard["detector"]} if state.guard else {}
    guard |= _anew(config, origin.folder)
    state = _remedied(job, replace(state, guard=guard), Remedies.at_start(config.remedies, state.remedies))
    path = origin.folder.relative_to(store.root.absolute()).as_posix()
    before = read_history(origin.folder.parent.parent)
    # Of a branch that was left, what came next is not known: these are the traces of another path.
    is_active = before.is_active(origin.manifest["branch"], state.step)
    expected = {step: trace for step, trace in before.traces.items() if is_active and step > state.step}
    replay = Replay(expected, [*changed(config, origin.folder), *resharded.changed])
    with _begun(job, store, Parent(origin.run, path, origin.reference), before.accounts) as run:
        known = baseline(state.guard, state.step, state.remedies)
        resharded.tell(run, state.step)
        run.event("fork", f"goes on from {origin.reference}", step=state.step, checkpoint=path, baseline=known)
        return _train(job, run, store, state, History(), parent=path, replay=replay)


def resume_run(name: str, settings: Sequence[str], store: Store, *, reshard: bool = False) -> Ended:
    """Go on with a run where its newest whole checkpoint is; `name` may be a run's mirror too, and end in @STEP. In
    another number of processes only where that is declared by `reshard`.

    Raises AssayError where it cannot go on; nothing is written then.
    """
    mirror, name = _mirror_of(name, store)
    ref = parse_ref(name)
    if ref.branch is not None:
        raise ResumeError(
            f"--resume goes on from a step of the active path, {ref.run}@STEP; a new run from another branch "
            f"begins with `assay train --from {name}`"
        )
    if mirror:
        check_absent(mirror, store)
    folder = mirror or existing_folder(store.root, ref.run)
    if not (folder / "config.toml").exists():
        raise ResumeError(f"run {ref.run} cannot go on: `assay train` did not start it (it has no config.toml)")
    tables = read_toml(folder / "config.toml")
    config = config_from(with_settings(tables, settings))
    check_changeable(ref.run, settings, config_from(tables), config)
    with ExitStack() as stack:
        if not mirror:
            stack.enter_context(sole_trainer(folder))
        point = _resume_point(folder, config, ref.step)
        check_adapter(point.folder, config)
        resharded = check_processes(point.manifest, config, reshard=reshard)
        job = _prepared(config, store, point.folder)
        check_unchanged(point.manifest, config, job.data, job.base_sha256, job.plan_facts)
        state = _state(job, point.folder)
        if "train.micro_batch" in {setting.partition("=")[0].strip() for setting in settings}:
            state = replace(state, micro_batch=None)
        _check_not_at_end(ref.run, state, job)
        state = replace(state, guard=state.guard | _anew(config, point.folder))
        # Who names a step goes back to what was in effect there.
        if ref.step is None and (tried := point.history.tried_since(point.manifest["branch"])):
            state = _remedied(job, replace(state, guard=state.guard | tried["guard"]), Remedies.of(tried["remedies"]))
        point = _brought_home(point, store)
        if mirror:
            folder = stack.enter_context(_home(ref.run, store))
        _deliver(folder, store, _AS_IT_WAS)
        notes = told(job.config, point.folder, settings)
        run = _recording(folder, job, _AS_IT_WAS, accounts=point.history.accounts)
        before = point.history.traces
        known = baseline(state.guard, state.step, state.remedies)
        history = reopen(run, point, known, reason="resume" if ref.step is None else "rollback", notes=notes)
        resharded.tell(run, state.step)
        expected = {step: trace for step, trace in before.items() if step > state.step}
        replay = Replay(expected, [*changed(config, point.folder), *resharded.changed])
        return _train(job, run, store, state, history, parent=point.path, replay=replay, notes=notes)


def _mirror_of(name: str, store: Store) -> tuple[Path | None, str]:
    """The mirror that is named, if it is one, and the run as RUN or RUN@STEP."""
    place, at, step = name.rpartition("@")
    for text, rest in ((name, ""), (place, at + step)):
        if text and is_mirrored(Path(text)) and not _is_run(text, store):
            found = Path(text).absolute()
            return found, f"{found.name}{rest}"
    return None, name


def _is_run(name: str, store: Store) -> bool:
    """Whether this is the bare name of a run of the store, whatever lies in the working folder."""
    return Path(name).name == name and (store.root / name).is_dir()


def _resume_point(folder: Path, config: Config, step: int | None) -> ResumePoint:
    """Where a run goes on: at a checkpoint of its own, and where none of them will do, at one of its mirror."""
    mirror = Path(config.checkpoint.mirror) / folder.name
    try:
        return find_resume_point(folder, step)
    except ResumeError as error:
        if not config.checkpoint.mirror or not is_mirrored(mirror):
            raise
        try:
            return find_resume_point(folder, step, mirror)
        except ResumeError as also:
            if str(also) == str(error):
                raise
            raise ResumeError(f"{error}; and in its mirror: {also}") from also


@contextmanager
def _home(run: str, store: Store) -> Iterator[Path]:
    folder = existing_folder(store.root, run)
    with sole_trainer(folder):
        yield folder


def _deliver(folder: Path, store: Store, advice: str) -> None:
    if store.delivers_to:
        with _recorded_in(store, advice):
            send_to(folder, store.delivers_to)


def _brought_home(point: ResumePoint, store: Store) -> ResumePoint:
    """The same checkpoint in the run's own folder, where it was found in a mirror; the others are brought along."""
    place = point.folder.parent.parent
    home = store.root / place.name
    if place.resolve() == home.resolve():
        return point
    restore = restore_checkpoints if home.exists() else restore_run
    refused = [*restore(place, home, point.folder.name), *point.refused]
    return replace(point, folder=home / "checkpoints" / point.folder.name, refused=[*dict.fromkeys(refused)])


def _prepared(config: Config, store: Store, checkpoint: Path | None = None) -> Job:
    mirror = config.checkpoint.mirror
    if mirror and Path(mirror).resolve() == store.root.resolve():
        raise ConfigError(f"checkpoint.mirror is {mirror}, where the runs are; name a folder on another disk")
    if checkpoint is None:
        targets_of(config.alerts, os.environ)
    return prepare(config, checkpoint)


def _state(job: Job, folder: Path) -> TrainState:
    """Give a job made ready from a verified checkpoint its optimizer, loss scale and reference; its cursor."""
    put_back_optimizer(job, folder)
    state = read_state(folder)
    restore_reference(job, folder, state.step)
    job.engine.precision.restore(state.loss_scale)
    return state


def _anew(config: Config, checkpoint: Path) -> dict[str, str]:
    """What makes the guard begin its baselines anew, where anything does."""
    reason = begins_anew(config, checkpoint)
    return {"reset": reason} if reason else {}


def _remedied(job: Job, state: TrainState, remedies: Remedies) -> TrainState:
    """The state with other remedies in effect."""
    before = state.remedies
    if (remedies.loss_scale, remedies.loss_scale_interval) != (before.loss_scale, before.loss_scale_interval):
        job.engine.precision.begin_at(remedies.loss_scale, remedies.loss_scale_interval)
    return replace(state, remedies=remedies)


def _check_not_at_end(run: str, state: TrainState, job: Job) -> None:
    if state.step >= job.plan.steps:
        raise ResumeError(
            f"run {run} is at its end (step {state.step} of {job.plan.steps}); "
            f"give it more with --set train.steps={2 * job.plan.steps}"
        )


@contextmanager
def _begun(job: Job, store: Store, parent: Parent | None, accounts: Sequence[str] = ()) -> Iterator[Run]:
    """Reserve a new run's folder, begin to record in it, and hold the checkpoint it starts from.

    `accounts` are those under which what it goes on with was trained.
    """
    folder = _reserved(store, job.config)
    with sole_trainer(folder):
        try:
            facts = {"parent": parent.reference} if parent else {}
            run = _recording(folder, job, _ELSEWHERE, accounts=accounts, **facts)
        except AssayError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        with holding(parent, run, store):
            yield run


def _reserved(store: Store, config: Config) -> Path:
    with _recorded_in(store, _ELSEWHERE):
        folder = new_folder(store.root, config.run.name or _name_of(config))
    _deliver(folder, store, _ELSEWHERE)
    return folder


@contextmanager
def _recorded_in(store: Store, advice: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AssayError(f"cannot record in {store.root}: {error.strerror}; {advice}") from error


def _name_of(config: Config) -> str:
    train = config.data.train if isinstance(config.data.train, str) else config.data.train[0]
    return Path(train.rpartition(".json:")[2]).stem


def _recording(folder: Path, job: Job, advice: str, *, accounts: Sequence[str] = (), **facts: Any) -> Run:
    """Write down what takes effect, whole or not at all, and begin to record; where that fails, nothing is changed."""
    fresh = folder / "config.toml.new"
    try:
        fresh.write_text(to_toml(job.config), encoding="utf-8")
        run = Run(folder, facts={**_facts(job, accounts), **facts})
        fresh.replace(folder / "config.toml")
    except OSError as error:
        raise AssayError(f"cannot record in {folder}: {error.strerror}; {advice}") from error
    finally:
        fresh.unlink(missing_ok=True)
    return run


def _train(
    job: Job, run: Run, store: Store, state: TrainState, history: History, *,
    parent: str | None = None, replay: Replay | None = None, notes: Sequence[str] = (),
) -> Ended:  # fmt: skip
    loader = Loader(store)
    with ExitStack() as stack:
        stack.enter_context(loader)
        stack.enter_context(run)
        log = stack.enter_context(RunLog(run.folder))
        if not history.is_new:
            log.write(f"{run.name} goes on after step {state.step} of {job.plan.steps}")
        warnings = [*notes, *(record_data(run, job) if history.is_new else [])]
        progress = ProgressLine(run.name, job.plan.steps, state.step, log)
        mirror = _mirror(stack, job, run, progress, history)
        shelf = Shelf(run, store, job.config.checkpoint, mirror)
        shelf.read(history)
        inbox = stack.enter_context(Inbox(store, run.name))
        stack.enter_context(progress)
        for sentence in warnings:
            progress.say(sentence)
        training = Training(job, run, shelf, progress, state, history, parent=parent, replay=replay)
        training.watcher = stack.enter_context(_watcher(job, run, goes_on=state.step > 0))
        if seconds := job.config.record.system_seconds:
            training.also = stack.enter_context(System(run.folder, seconds)).take
        order("record", folder=str(run.folder), seconds=seconds, branch=history.branch, step=state.step)
        stack.enter_context(stop_signals(patient=world_size() > 1))
        try:
            outcome = training.train(inbox)
        except TrainingError as error:
            run.finish("failed", str(error))
            raise
        if mirror:
            mirror.wait()
        if outcome.stopped_by is None:
            training.watcher.ended("finished", f"{outcome.state.step:,} steps")
        _finish(run, job, outcome, log)
    return Ended(run.name, run.folder, outcome, loader.error, _is_recorded(run.folder))


def _is_recorded(folder: Path) -> bool:
    """Whether the newest spool of a run that has ended says how."""
    newest = max((folder / "spool").glob("0-*.jsonl"), key=lambda path: path.name, default=None)
    if newest is None:
        return False
    with newest.open("rb") as file:
        file.seek(max(0, newest.stat().st_size - LAST_BYTES))
        last = file.read().rstrip(b"\n").rpartition(b"\n")[2]
    return b'"k":"status"' in last and b'"status":"running"' not in last


def _mirror(stack: ExitStack, job: Job, run: Run, progress: ProgressLine, history: History) -> Mirror | None:
    """The second place for checkpoints, where there is one; without those that were cleared away in the first."""
    if not job.config.checkpoint.mirror:
        return None
    place = Path(job.config.checkpoint.mirror)
    mirror = stack.enter_context(Mirror(run, place, progress.say))
    for folder in [] if history.is_new else unrecorded(place / run.name, history):
        mirror.remove(folder.name)
    return mirror


def _watcher(job: Job, run: Run, *, goes_on: bool) -> Watcher:
    def record(sentence: str) -> None:
        run.event("alert", sentence, level="warning")

    return open_watcher(job.config.alerts, run.name, run.folder, record=record, goes_on=goes_on)


def _finish(run: Run, job: Job, outcome: Outcome, log: RunLog) -> None:
    if outcome.stopped_by is None:
        return
    why = f": {outcome.forgot}" if outcome.forgot else ""
    sentence = f"stopped at step {outcome.state.step} of {job.plan.steps} by {outcome.stopped_by}{why}"
    log.write(sentence)
    how = f"`assay train --resume {run.name}{outcome.options}` goes on"
    run.event("stopped", f"{sentence}; {how}", step=outcome.state.step)
    run.finish("finished", sentence)


def _facts(job: Job, accounts: Sequence[str]) -> dict[str, Any]:
    config = job.config
    facts = {
        "config": as_dict(config), "provenance": {**provenance(job, accounts), **processes_of(config)},
        "stage": config.train.stage,
        "total_steps": job.plan.steps, "tags": config.run.tags, "project": config.run.project or None,
    }  # fmt: skip
    return {name: value for name, value in facts.items() if value is not None}
