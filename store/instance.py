"""The one DuckDB instance of this process: warm, in memory, with stores attached for milliseconds.

Two instances in a process would share the file's lock, and the first to detach would drop it for
both (docs/design/0001-short-attaches.md). `connect` is called here and nowhere else.
"""

import os
import threading

import duckdb

__all__ = ["cursor", "discard", "generation"]

_lock = threading.Lock()
_instance: duckdb.DuckDBPyConnection | None = None
_generation = 0


def cursor() -> duckdb.DuckDBPyConnection:
    """A connection of its own to the process's instance; the caller closes it."""
    global _instance  # noqa: PLW0603 - one instance a process is the rule this module keeps
    with _lock:
        if _instance is None:
            _instance = duckdb.connect(":memory:")
        return _instance.cursor()


def discard() -> None:
    """Forget the instance: after settings that cannot be taken back, and in a forked child."""
    global _instance, _generation  # noqa: PLW0603 - see above
    with _lock:
        if _instance is not None:
            _instance.close()
        _instance = None
        _generation += 1


def generation() -> int:
    """Number of the instance: what was attached to an earlier one is attached no more."""
    return _generation


def _after_fork() -> None:
    global _instance, _lock
    # Not closed: its threads and file descriptors are the parent's.
    _instance, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_after_fork)
