"""Checks of data that pages ask for: one at a time, in a process of its own, so that no page waits for it.

    ask(store, "triage", "check-data", actor=…)      the page writes a request
    begin(store)                                     and has the server take what waits; this returns at once

Of all servers of a store the one that holds the lock takes requests, so that what another one has taken and not
answered was left behind by a server that is gone.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import portalocker
from portalocker import LockFlags

from assay.errors import AssayError
from dashboard.check_plan import Plan, plan_of
from dashboard.queries.data import datasets
from dashboard.queries.data_check import STOPPED, give_up, unfinished, untaken
from dashboard.queries.origin import origin
from evals.data.kept import FOLDER, digest_of, keep
from store.database import Store
from store.requests import SERVER, Request, finish, take

__all__ = ["LIMIT", "TOO_SLOW", "begin", "checking"]

LIMIT = 1800.0
"""Seconds after which a check is ended; a hundred thousand rows take one."""

TOO_SLOW = f"it took longer than {LIMIT / 60:.0f} minutes"
"""Why there is no result then."""

NICER = 10
"""By how much a check gives way to what trains on the same machine."""

_lock = threading.Lock()
_at_work: set[Path] = set()
_children: set["subprocess.Popen[bytes]"] = set()
_ending = threading.Event()


def begin(store: Store) -> None:
    """Have checks that wait made, unless this process is at it already; returns at once."""
    with _lock:
        if store.path in _at_work:
            return
        _at_work.add(store.path)
    threading.Thread(target=_work, args=(store,), daemon=True, name="assay-data-check").start()


@contextmanager
def checking(store: Store) -> Generator[None]:
    """As long as a server runs: what waited before it began is made, and what is under way ends with it."""
    _ending.clear()
    begin(store)
    try:
        yield
    finally:
        _ending.set()
        with _lock:
            for child in _children:
                _end(child)


def _work(store: Store) -> None:
    # What cannot be read or written now is tried again when a page next asks.
    with suppress(AssayError, OSError):
        try:
            if unfinished(store):
                _take_all(store)
        finally:
            with _lock:
                _at_work.discard(store.path)


def _take_all(store: Store) -> None:
    with _alone(store.root) as alone:
        if not alone:
            return
        give_up(store)
        for run_id, request in _requests(store):
            finish(store, request.id, _answer(store, run_id))


@contextmanager
def _alone(root: Path) -> Generator[bool]:
    """Whether no other process makes checks of this store meanwhile."""
    folder = root / FOLDER
    folder.mkdir(exist_ok=True)
    flags = LockFlags.EXCLUSIVE | LockFlags.NON_BLOCKING
    lock = portalocker.Lock(str(folder / ".lock"), "a", timeout=0, flags=flags)
    try:
        lock.acquire()
    except portalocker.LockException:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _requests(store: Store) -> Iterator[tuple[int, Request]]:
    while not _ending.is_set() and (waiting := untaken(store)):
        for name, run_id in waiting.items():
            yield from ((run_id, request) for request in take(store, name, SERVER))


def _answer(store: Store, run_id: int) -> str:
    """Check the data of a run, keep the result, and say what came of it."""
    plan = plan_of(datasets(store, run_id).to_pylist(), origin(store, run_id))
    if plan is None:
        return "not checked: the run recorded no data files"
    tokens = find_spec("tokenizers") is not None
    try:
        beside = [digest_of(file) for file in plan.beside(tokens=tokens)]
        result = _checked(plan, tokens=tokens)
        keep(store.root, plan.key((file["sha256"] for file in result["files"]), beside), result)
    except AssayError as error:
        return f"not checked: {error}"
    except OSError as error:
        return f"not checked: {error.strerror or error}"
    return f"checked {result['rows']} rows"


def _checked(plan: Plan, *, tokens: bool) -> dict[str, Any]:
    """What `assay data check --json` says, with `checked`, when it was, in seconds since 1970."""
    begun = time.time()
    said = _said([sys.executable, "-P", "-m", "assay", "data", "check", *plan.arguments(tokens=tokens)])
    return {**json.loads(said), "checked": begun, "suites": [suite.stem for suite in plan.suites if suite.is_file()]}


def _said(command: list[str]) -> bytes:
    """What a command prints. Raises AssayError with its own sentence where it fails."""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as child:
        with _lock:
            _children.add(child)
        try:
            _give_way(child)
            said, errors = child.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired as error:
            _end(child)
            raise AssayError(TOO_SLOW) from error
        finally:
            with _lock:
                _children.discard(child)
    if _ending.is_set():
        raise AssayError(STOPPED)
    if child.returncode:
        last = errors.decode("utf-8", "replace").strip().rpartition("\n")[2].removeprefix("assay: ")
        raise AssayError(last or f"the check was ended ({child.returncode})")
    return said


def _give_way(child: "subprocess.Popen[bytes]") -> None:
    """Before it has begun processes of its own, which are as nice as it is."""
    if hasattr(os, "setpriority"):
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, child.pid, NICER)


def _end(child: "subprocess.Popen[bytes]") -> None:
    """End it with the processes it began."""
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
