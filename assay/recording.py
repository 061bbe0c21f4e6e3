"""Record a run from any script, with the standard library alone.

    import assay

    with assay.run("my-run") as run:
        for step in range(1, 1001):
            run.log(step, loss=train_one_step())

`log()` costs about a microsecond, never raises and never waits: a thread writes one line a step to
`runs/my-run/spool/`. The lines are loaded into the store by whichever assay process runs next, live
where a dashboard is open.
"""

import atexit
import os
import re
import shutil
import sys
import time
import traceback
import weakref
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from assay.delivery import DELIVERY_NAME, Delivery, check_server, send_to
from assay.errors import AssayError
from assay.flusher import Flusher, Line, say
from assay.foreign import Failure, attempt, plain, shown
from assay.holding import RunLock
from assay.locate import locate_store
from assay.steps import StepLines, last_position
from assay.version import VERSION

__all__ = ["Run", "is_run_name", "named_after", "run"]

_PLAIN = frozenset((int, float))
_DICT = frozenset((dict,))

_OURS = ("assay.duckdb", "assay.watching")
"""What the store keeps beside the runs' folders begins so."""

_open_runs: "weakref.WeakSet[Run]" = weakref.WeakSet()


class _Ended:
    """Takes the queue's place where nothing is recorded any more: that is said once."""

    def __init__(self, sentence: str) -> None:
        self._sentence: str | None = sentence

    def append(self, _: Any) -> None:
        if self._sentence is not None:
            say(self._sentence)
            self._sentence = None


class Run:
    """A run being recorded by this process; make one with `assay.run()`."""

    def __init__(self, folder: Path, *, rank: int = 0, facts: Mapping[str, Any] | None = None) -> None:
        """Record into `folder`, which exists; going on where its spool ends.

        Raises OSError, and AssayError where another process is recording the run.
        """
        self.folder = folder
        """The run's own folder below the store's root."""
        self.name = folder.name
        """The run's name, unique in its store."""
        self.rank = rank
        """Which process of a distributed run writes; 0 where there is one."""
        self._lock = RunLock(folder) if rank == 0 else None
        self._said_mapping = False
        self._delivery: Delivery | None = None
        try:
            self._begin(facts or {})
        except BaseException:
            self._release()
            raise
        _open_runs.add(self)
        self._deliver()

    def _begin(self, facts: Mapping[str, Any]) -> None:
        folder, rank = self.folder, self.rank
        self._steps = StepLines(*last_position(folder))
        self._flusher = Flusher(folder, rank, f"assay {VERSION}", self._lines)
        self._queue: deque[Any] | _Ended = self._flusher.queue
        self._closed = False
        self._pid = os.getpid()
        opening = [_line("run", fields=dict(facts)), _line("status", status="running")]
        self._flusher.start(opening if rank == 0 else [])

    def _deliver(self) -> None:
        if self.rank == 0 and (self.folder / DELIVERY_NAME).exists():
            try:
                self._delivery = Delivery(self.folder)
            except OSError as error:
                say(f"run {self.name} is recorded, but cannot be delivered: {error.strerror}; `assay deliver` does it")

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()

    @property
    def branch(self) -> int:
        """Number of the branch that steps are recorded on; the first one is 1."""
        return self._steps.branch

    def log(self, step: int | None = None, values: Mapping[str, Any] | None = None, /, **metrics: Any) -> None:
        """Record the values of one step; without `step`, of the step after the last one.

        Values are numbers, or anything `float()` takes: tensors are copied here and read later, so
        that nothing waits for a device. A name may hold slashes (`{"loss/general": 2.1}`). Never
        raises: a value that is no number is left out and said once on stderr.
        """
        if values is not None:
            if type(values) not in _DICT:
                values = self._as_dict(values)
            metrics = {**values, **metrics} if metrics else dict(values)
        if not _PLAIN.issuperset(map(type, metrics.values())):
            metrics = {name: _settled(value) for name, value in metrics.items()}
        self._queue.append((step, time.time(), metrics, None))

    def log_batch(
        self, step: int, values: Mapping[str, Any], batch: Mapping[str, Any] | None, *, at: float | None = None
    ) -> None:
        """Record a step together with its batch: update, rows, losses and verdict; None where it has none. `at` is when
        it was made, in seconds since 1970, where that is not now.
        """
        moment = time.time() if at is None else at
        self._queue.append((step, moment, dict(values), None if batch is None else dict(batch)))

    def fork(self, after: int, reason: str, *, data: Mapping[str, Any] | None = None) -> None:
        """Begin a branch: the next step is `after + 1`, the steps behind `after` are abandoned."""
        self._put("fork", after=after, reason=reason, data=dict(data or {}))

    def follow(self, branch: int, after: int) -> None:
        """Go on behind a step of a branch that another process of the run has begun; nothing is written of it."""
        self._put("follow", branch=branch, after=after)

    def event(self, kind: str, message: str, *, level: str = "info", step: int | None = None, **data: Any) -> None:
        """Record something a person may want to know; `level` is info, warning or alarm."""
        self._put("event", kind=kind, message=message, level=level, s=step, data=data)

    def facts(self, **fields: Any) -> None:
        """Record facts about the run itself: `total_steps`, `config`, `tags`, … Later ones win."""
        self._put("run", fields=fields)

    def record(self, kind: str, /, **fields: Any) -> None:
        """Record a line of any other kind the spool format knows (see `assay.spool`)."""
        self._put(kind, **fields)

    def status(self, status: str, error: str | None = None) -> None:
        """Say how the run is: running, paused, finished or failed."""
        self._put("status", status=status, error=error)

    def written(self, seconds: float = 1.0) -> bool:
        """Wait until what was recorded so far is in the spool; whether it is, after so many seconds at the most. A
        program that is killed then has lost none of it.
        """
        return self._flusher.written(seconds)

    def finish(self, status: str = "finished", error: str | None = None) -> None:
        """Write everything, close the spool. Later calls do nothing."""
        if self._closed or os.getpid() != self._pid:
            return
        self._closed = True
        if self.rank == 0:
            self.status(status, error)
        self._queue = _Ended(f"run {self.name} has ended; what is logged after its end is left out")
        self._flusher.close()
        self._release()
        if self._delivery is not None:
            self._delivery.end()
        _open_runs.discard(self)

    def abandon(self) -> None:
        """Stop recording here without writing anything: in a forked child the run is its parent's."""
        self._queue = _Ended(
            f"this process is a child of the one that records run {self.name}; what it logs there is left out"
        )
        self._flusher.abandon()
        if self._delivery is not None:
            self._delivery.abandon()
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or (isinstance(error, SystemExit) and not error.code):
            self.finish()
            return
        if issubclass(kind, KeyboardInterrupt):
            self.finish("failed", "stopped by Ctrl-C")
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        self.event("traceback", text, level="alarm")
        self.finish("failed", traceback.format_exception_only(kind, error)[-1].strip())

    def _as_dict(self, values: Any) -> dict[str, Any]:
        made = attempt(dict[str, Any], values)
        if not isinstance(made, Failure):
            return made
        if not self._said_mapping:
            self._said_mapping = True
            say(f"log() takes a mapping of names to numbers; {shown(values)} is none and is left out")
        return {}

    def _put(self, kind: str, /, **fields: Any) -> None:
        self._queue.append(_line(kind, **fields))

    def _lines(self, item: Any) -> list[Line]:
        return self._steps.lines(item)


def run(
    name: str | os.PathLike[str] | None = None,
    *,
    store: str | os.PathLike[str] | None = None,
    resume: bool = False,
    config: Any = None,
    project: str | None = None,
    total_steps: int | None = None,
    tags: tuple[str, ...] = (),
) -> Run:
    """Start recording a run; use it as a context manager.

    Where `name` is taken, the new run is called `name-2`, `name-3`, …; with `resume=True` the run of
    that name goes on instead (a step that goes back begins a branch). `config` is a mapping or an
    object with fields, as an `argparse.Namespace`. Where `store` is the address of a server
    (`quack://host:port`), the run is recorded in the nearest `runs/` and delivered from there. Raises
    AssayError for a name that cannot be a folder's, a folder that cannot be written, nothing to resume,
    a run that another process records, or a server that refuses.
    """
    where = locate_store(store)
    root = where.root
    if where.server:
        check_server(where.server)
    wanted = str(name) if name else _script_name()
    given = {"config": _fields(config), "project": project, "total_steps": total_steps, "tags": list(tags)}
    # Made plain before anything is on disk, so that no value can leave an empty run behind.
    facts = {key: value for key, value in plain(given).items() if value}
    try:
        return _resumed(root, wanted, facts, where.server) if resume else _new(root, wanted, facts, where.server)
    except OSError as error:
        advice = "See to that and try again" if resume else "Name another place with ASSAY_STORE"
        raise AssayError(f"cannot record in {root}: {error.strerror}. {advice}.") from error


def _new(root: Path, name: str, facts: Mapping[str, Any], server: str) -> Run:
    folder = new_folder(root, name)
    try:
        if server:
            send_to(folder, server)
        return Run(folder, facts=facts)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _resumed(root: Path, name: str, facts: Mapping[str, Any], server: str) -> Run:
    folder = existing_folder(root, name)
    if server:
        send_to(folder, server)
    return Run(folder, facts=facts)


def _script_name() -> str:
    name = Path(sys.argv[0]).stem if sys.argv else ""
    return name if is_run_name(name) else "run"


def _fields(config: Any) -> Any:
    if config is None or isinstance(config, Mapping):
        return cast("Mapping[Any, Any] | None", config)
    fields = attempt(vars, config)
    if isinstance(fields, Failure):
        raise AssayError(f"config is {shown(config)}; give a mapping, or an object with fields")
    return fields


def new_folder(root: Path, name: str) -> Path:
    """Reserve a run's name by making its folder: `name`, else `name-2`, `name-3` and so on."""
    _check_name(name)
    root.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        folder = root / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            number += 1


def existing_folder(root: Path, name: str) -> Path:
    """Find the folder of a run that is to go on. Raises AssayError where there is none."""
    _check_name(name)
    folder = root / name
    if not (folder / "spool").is_dir():
        raise AssayError(f"there is no run {name} in {root} to go on with. `assay runs ls` lists the runs.")
    return folder


def _check_name(name: str) -> None:
    if not is_run_name(name):
        raise AssayError(
            f"{name!r} cannot be a run's name: use letters, digits, dots and dashes, 120 bytes at most; "
            f"it begins neither with a dot or a dash nor with {' or '.join(_OURS)}."
        )


def is_run_name(name: str) -> bool:
    """Whether a run can be called so: a folder anywhere can have the name, and it is none of the store's own."""
    if not name or not name.isprintable() or set(name) & set('/\\@:*?"<>|'):
        return False
    return not name.casefold().startswith((".", "-", *_OURS)) and len(name.encode()) <= 120


def named_after(called: str, otherwise: str) -> str:
    """A run's name made of what something is called, which may hold anything; `otherwise` where that leaves none.

    >>> named_after("out/\u3000step:5", "run"), named_after("assay.duckdb", "run")
    ('out-step-5', 'run')
    """
    shown = "".join(mark if mark.isprintable() else "/" for mark in called)
    name = re.sub(r'[/\\@:*?"<>|]+', "-", shown).strip(" .-").encode()[:100].decode("utf-8", "ignore")
    return name if is_run_name(name) else otherwise


def _line(kind: str, /, **fields: Any) -> Line:
    return {"k": kind, "t": time.time(), **fields}


def _settled(value: Any) -> Any:
    """A value that later changes of the caller's object cannot touch."""
    return value if type(value) in _PLAIN else attempt(_copied, value)


def _copied(value: Any) -> Any:
    detach = getattr(value, "detach", None)
    return value if detach is None else detach().clone()


def _abandon_in_child() -> None:
    for item in list(_open_runs):
        item.abandon()


def _finish_all() -> None:
    # Set by the interpreter when it prints the exception that ended the program.
    error: BaseException | None = getattr(sys, "last_value", None)
    for item in list(_open_runs):
        item.__exit__(type(error) if error else None, error, error.__traceback__ if error else None)


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_abandon_in_child)
atexit.register(_finish_all)
