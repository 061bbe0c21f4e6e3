"""The one DuckDB instance of this process: warm, in memory, with stores attached for milliseconds.

Two instances in a process would share the file's lock, and the first to detach would drop it for
both (docs/design/0001-short-attaches.md). `connect` is called here and nowhere else.

An instance keeps some memory of each attach, a kilobyte of one that reads and ten or more of one that writes: after so
many a new one takes its place, at a moment when nothing is attached.
"""

import ctypes
import os
import threading

import duckdb

__all__ = ["cursor", "discard", "generation", "hold", "let_go"]

RENEWED_AFTER = 500
"""Attaches after which a new instance takes the place of one; making it takes some ten milliseconds."""

_lock = threading.Lock()
_instance: duckdb.DuckDBPyConnection | None = None
_generation = 0
_held = 0
_attaches = 0


def cursor() -> duckdb.DuckDBPyConnection:
    """A connection of its own to the process's instance; the caller closes it."""
    global _instance  # noqa: PLW0603 - one instance a process is the rule this module keeps
    with _lock:
        if _instance is None:
            _instance = duckdb.connect(":memory:")
        return _instance.cursor()


def discard() -> None:
    """Forget the instance: after settings that cannot be taken back, and in a forked child."""
    with _lock:
        _discard()


def _discard() -> None:
    global _instance, _generation, _held, _attaches  # noqa: PLW0603 - see above
    if _instance is not None:
        _instance.close()
    _instance = None
    _generation += 1
    _held = _attaches = 0


def hold() -> int:
    """Say that something is about to be attached; returns the instance's number, for `let_go`."""
    global _held, _attaches  # noqa: PLW0603 - see above
    with _lock:
        _held += 1
        _attaches += 1
        return _generation


def let_go(number: int) -> None:
    """Say that it is attached no more; an instance that held enough is thrown away once it holds nothing."""
    global _held  # noqa: PLW0603 - see above
    with _lock:
        if number != _generation:
            return
        _held -= 1
        if _held == 0 and _attaches >= RENEWED_AFTER:
            _discard()


def generation() -> int:
    """Number of the instance: what was attached to an earlier one is attached no more."""
    return _generation


def _after_fork() -> None:
    global _instance, _lock, _held, _attaches  # noqa: PLW0603 - see above
    if _instance is not None:
        # Never closed, not even at exit: it would write what a thread of the parent is about to write, unlocked.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(_instance))
    _instance, _lock = None, threading.Lock()
    _held = _attaches = 0


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_after_fork)
