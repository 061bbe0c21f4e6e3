"""Begin to record a host's training, or go on with the run that recorded it before."""

import re
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import assay
from assay.delivery import send_to
from assay.errors import AssayError
from assay.flusher import say
from assay.foreign import attempt
from assay.locate import DATABASE_NAME, StoreLocation, locate_store
from assay.recording import Run, named_after
from assay.spool import read_spool
from evals.text import Sample, read_samples
from store.artifacts import ArtifactError, clear_temporary, verify
from store.database import Store
from store.model_digest import file_sha256
from trainer.adapters.options import NO_FILE, Options, config_of, shown_config
from trainer.checkpoint import checkpoint_folder, read_state
from trainer.config import Config
from trainer.history import History, read_history
from trainer.lineage import holding, parent_of
from trainer.pairs import read_pairs
from trainer.provenance import ROWS_A_LINE, surroundings
from trainer.replay import Trace
from trainer.resume import tell_what_was_left_unsaid
from trainer.state import TrainState

__all__ = ["Opened", "begin", "record_rows", "stage_of"]

HOSTS = ("transformers", "trl")
"""Packages whose trainers are hosts."""

PACKAGES = ("transformers", "trl", "accelerate", "torch")


@dataclass
class Opened:
    """A run that is being recorded."""

    run: Run
    """It."""

    store: Store
    """Its store, which need not be there yet."""

    config: Config
    """Its configuration."""

    history: History
    """Its past."""

    state: TrainState
    """Where it goes on."""

    traces: dict[int, Trace]
    """What its steps came to, those behind the one it goes on from too."""

    stack: ExitStack
    """What ends with it."""


def begin(options: Options, args: Any, state: Any, model: Any, host: Any) -> Opened:
    """Record a host's training: `args`, `state` and `model` are those of transformers, `host` the trainer where it is
    known. Raises AssayError where that cannot be done; nothing is left behind then.
    """
    location = locate_store(options.store)
    wanted = _name(options, args)
    before = _recorded(location.root, wanted, _output(args)) if state.global_step else None
    run = _run(location, before or wanted, resume=before is not None)
    if before is None and run.name != wanted:
        say(f"there is a run {wanted} in {location.root} already; this one is called {run.name}")
    try:
        config = config_of(options, run.name, args, model, stage_of(args), state.max_steps)
        found = _opened(run, _store(location), config, args, host, step=state.global_step)
        if before is not None:
            _go_on(found)
        return found
    except BaseException:
        run.finish("failed", "recording could not begin")
        raise


def _run(location: StoreLocation, name: str, *, resume: bool) -> Run:
    if not location.server:
        return assay.run(name, store=location.root, resume=resume)
    try:
        return assay.run(name, store=location.server, resume=resume)
    except AssayError as error:
        # A host trains on whatever a server says; where it was not the server, this says the same once more.
        run = assay.run(name, store=location.root, resume=resume)
        attempt(send_to, run.folder, location.server)
        say(f"{error}; the run is recorded here, and `assay deliver {run.name}` brings it there once that is mended")
        return run


def _store(location: StoreLocation) -> Store:
    """That of this machine, also where the run goes on to a server."""
    if not location.server:
        return Store.at(location.database)
    store = Store.at(location.root / DATABASE_NAME)
    store.delivers_to = location.server
    return store


def stage_of(args: Any) -> str:
    """What the host's trainer teaches, as `train.stage` calls it: told by the class of its arguments."""
    return "dpo" if "DPOConfig" in _classes(args) else "sft"


def record_rows(opened: Opened, dataset: Any) -> None:
    """Record the file that was named, so that the texts of rows can be shown; says where its rows are not those of the
    training dataset. Raises AssayError where it cannot be read.
    """
    path = opened.config.data.train
    if not isinstance(path, str) or path == NO_FILE:
        return
    is_pairs = opened.config.train.stage == "dpo"
    rows: list[Sample] = list(read_pairs(Path(path), {})) if is_pairs else read_samples(path)
    length = len(dataset) if hasattr(dataset, "__len__") else None
    if length != len(rows):
        say(f"{path} has {len(rows)} rows and the training dataset {length}: they are not the same, and not shown")
        return
    digest = file_sha256(Path(path))
    opened.run.record("dataset", path=path, sha256=digest, rows=len(rows), role="train", first_row=0)
    lines = [[row.row, row.id, row.source or Path(path).stem, row.task, row.hash] for row in rows]
    for first in range(0, len(lines), ROWS_A_LINE):
        opened.run.record("samples", dataset=digest, rows=lines[first : first + ROWS_A_LINE])


def _opened(run: Run, store: Store, config: Config, args: Any, host: Any, *, step: int) -> Opened:
    past = read_history(run.folder)
    _say_facts(run, config, args, host, past)
    found = Opened(run, store, config, past, TrainState(step=step), dict(past.traces), ExitStack())
    _stand_on_parent(found)
    return found


def _classes(thing: Any) -> list[str]:
    """Classes of transformers and TRL that something is of, the nearest first."""
    return [base.__name__ for base in type(thing).__mro__ if base.__module__.partition(".")[0] in HOSTS]


def _name(options: Options, args: Any) -> str:
    if options.name:
        return options.name
    # What a host is called by may hold anything; what a person names here is theirs to mend.
    return named_after(str(args.run_name or Path(args.output_dir).absolute().name), "run")


def _recorded(root: Path, name: str, output: str) -> str | None:
    """The run of this name that recorded the host's output folder last; None where none did."""
    pattern = re.compile(rf"{re.escape(name)}(-\d+)?")
    folders = [path for path in root.glob(f"{_escaped(name)}*") if pattern.fullmatch(path.name)]
    spools = sorted((path for one in folders for path in (one / "spool").glob("0-*.jsonl")), key=lambda path: path.name)
    for spool in reversed(spools):
        for line in read_spool(spool, limit=1 << 20).lines:
            if line["k"] == "run" and (line["fields"].get("host") or {}).get("output") == output:
                return spool.parents[1].name
    return None


def _escaped(name: str) -> str:
    return re.sub(r"([\[\]*?])", r"[\1]", name)


def _output(args: Any) -> str:
    return str(Path(args.output_dir).absolute())


def _say_facts(run: Run, config: Config, args: Any, host: Any, past: History) -> None:
    versions: dict[str, str] = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except ImportError:
            continue
    about = {"trainer": next(iter(_classes(host)), None), "versions": versions, "output": _output(args)}
    provenance = {**surroundings(past.accounts), **about}
    run.facts(
        config=shown_config(config, args), provenance=provenance, stage=config.train.stage,
        total_steps=config.train.steps, tags=config.run.tags, project=config.run.project or None,
        host={"output": _output(args)},
    )  # fmt: skip


def _stand_on_parent(opened: Opened) -> None:
    """Name and hold the checkpoint of another run that the host's model was loaded from."""
    parent = parent_of(opened.config.model.path, opened.store) if opened.config.model.path else None
    if parent:
        opened.run.facts(parent=parent.reference)
    opened.stack.enter_context(holding(parent, opened.run, opened.store))


def _go_on(opened: Opened) -> None:
    """Record that the run goes on, with what a kill left unsaid; steps behind are left on a branch of their own."""
    run, history, step = opened.run, opened.history, opened.state.step
    clear_temporary(run.folder / "checkpoints")
    tell_what_was_left_unsaid(run, history)
    for branch in sorted(history.limits(), reverse=True):
        folder = checkpoint_folder(run.folder, step, branch)
        try:
            verify(folder)
        except ArtifactError:
            continue
        opened.state = read_state(folder)
        break
    if history.last_step > step:
        data = {"abandoned_to": history.last_step}
        run.fork(after=step, reason="resume", data=data)
        opened.history = history.forked(step, "resume", data)
