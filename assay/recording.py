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
import sys
import time
import traceback
import weakref
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from assay.errors import AssayError
from assay.flusher import Flusher, Line, say
from assay.locate import locate_store
from assay.steps import StepLines, last_position
from assay.version import VERSION

__all__ = ["Run", "run"]

_PLAIN = frozenset((int, float))

_open_runs: "weakref.WeakSet[Run]" = weakref.WeakSet()


class _Ended:
    """Takes the queue's place when a run has ended: what is logged then is left out, and said once."""

    def __init__(self, name: str) -> None:
        self._name: str | None = name

    def append(self, _: Any) -> None:
        if self._name is not None:
            say(f"run {self._name} has ended; what is logged after its end is left out")
            self._name = None


class Run:
    """A run being recorded by this process; make one with `assay.run()`."""

    def __init__(self, folder: Path, *, rank: int = 0, facts: Mapping[str, Any] | None = None) -> None:
        """Record into `folder`, which exists; going on where its spool ends. Raises OSError."""
        self.folder = folder
        """The run's own folder below the store's root."""
        self.name = folder.name
        """The run's name, unique in its store."""
        self.rank = rank
        """Which process of a distributed run writes; 0 where there is one."""
        self._steps = StepLines(*last_position(folder))
        self._flusher = Flusher(folder, rank, f"assay {VERSION}", self._lines)
        self._queue: deque[Any] | _Ended = self._flusher.queue
        self._closed = False
        self._pid = os.getpid()
        opening = [_line("run", fields=dict(facts or {})), _line("status", status="running")]
        self._flusher.start(opening if rank == 0 else [])
        _open_runs.add(self)

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
        if values:
            metrics = {**values, **metrics} if metrics else dict(values)
        if not _PLAIN.issuperset(map(type, metrics.values())):
            metrics = {name: _settled(value) for name, value in metrics.items()}
        self._queue.append((step, time.time(), metrics, None))

    def log_batch(self, step: int, values: Mapping[str, Any], batch: Mapping[str, Any]) -> None:
        """Record a step together with its batch: update, rows, losses and verdict."""
        self._queue.append((step, time.time(), dict(values), dict(batch)))

    def fork(self, after: int, reason: str, *, data: Mapping[str, Any] | None = None) -> None:
        """Begin a branch: the next step is `after + 1`, the steps behind `after` are abandoned."""
        self._put("fork", after=after, reason=reason, data=dict(data or {}))

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

    def finish(self, status: str = "finished", error: str | None = None) -> None:
        """Write everything, close the spool. Later calls do nothing."""
        if self._closed or os.getpid() != self._pid:
            return
        self._closed = True
        if self.rank == 0:
            self.status(status, error)
        self._queue = _Ended(self.name)
        self._flusher.close()
        _open_runs.discard(self)

    def abandon(self) -> None:
        """Stop recording here without writing anything: in a forked child the run is its parent's."""
        self._flusher.abandon()

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

    def _put(self, kind: str, /, **fields: Any) -> None:
        self._queue.append(_line(kind, **fields))

    def _lines(self, item: Any) -> list[Line]:
        return self._steps.lines(item)


def run(
    name: str | None = None,
    *,
    store: str | os.PathLike[str] | None = None,
    resume: bool = False,
    config: Mapping[str, Any] | None = None,
    project: str | None = None,
    total_steps: int | None = None,
    tags: tuple[str, ...] = (),
) -> Run:
    """Start recording a run; use it as a context manager.

    Where `name` is taken, the new run is called `name-2`, `name-3`, …; with `resume=True` the run of
    that name goes on instead (a step that goes back begins a branch). Raises AssayError for a name
    that cannot be a folder's, a folder that cannot be written, or nothing to resume.
    """
    root = locate_store(store).root
    wanted = name or Path(sys.argv[0] or "run").stem or "run"
    given = {"config": config and dict(config), "project": project, "total_steps": total_steps, "tags": list(tags)}
    facts = {key: value for key, value in given.items() if value}
    try:
        folder = existing_folder(root, wanted) if resume else new_folder(root, wanted)
        return Run(folder, facts=facts)
    except OSError as error:
        raise AssayError(f"cannot record in {root}: {error.strerror}. Name another place with ASSAY_STORE.") from error


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
    if not name or name.startswith(".") or set(name) & set('/\\@:*?"<>|\0\n') or len(name.encode()) > 120:
        raise AssayError(f"{name!r} cannot be a run's name: use letters, digits, dots and dashes, 120 bytes at most.")


def _line(kind: str, /, **fields: Any) -> Line:
    return {"k": kind, "t": time.time(), **fields}


def _settled(value: Any) -> Any:
    """A value that later changes of the caller's object cannot touch."""
    detach = getattr(value, "detach", None)
    try:
        return value if detach is None else detach().clone()
    except (RuntimeError, TypeError, AttributeError):
        return repr(value)


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
