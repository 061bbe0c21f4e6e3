"""Who records a run: one process at a time, which the system itself forgets when it ends.

The lock belongs to an open file, so it vanishes with a process that is killed. Where the system or
the file system knows no such lock, none is held.
"""

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path

from assay.errors import AssayError

__all__ = ["LOCK_NAME", "RunLock"]

LOCK_NAME = "recording.lock"

_HELD = {errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}


class RunLock:
    """A run's folder held by this process."""

    def __init__(self, run_folder: Path) -> None:
        """Hold it. Raises AssayError where another recording holds it, OSError where it cannot be written."""
        self._owner = os.getpid()
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        self._descriptor: int | None = os.open(run_folder / LOCK_NAME, flags, 0o644)
        try:
            _lock(self._descriptor)
        except OSError as error:
            # Any other error means that this file system has no locks: recording matters more.
            if error.errno in _HELD:
                self.release()
                raise AssayError(
                    f"run {run_folder.name} in {run_folder.parent} is being recorded by another process; "
                    "end that one first, or give this run another name"
                ) from error

    def release(self) -> None:
        """Let go; in a forked child this leaves the parent's hold as it is."""
        if self._descriptor is None:
            return
        if os.getpid() == self._owner:
            # A child that was forked a moment ago still has the file open, and would hold it with us.
            _unlock(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = None


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _unlock(descriptor: int) -> None: ...  # closing the file does it

else:
    try:
        import fcntl
    except ImportError:  # a system without processes

        def _lock(descriptor: int) -> None: ...

        def _unlock(descriptor: int) -> None: ...

    else:

        def _lock(descriptor: int) -> None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

        def _unlock(descriptor: int) -> None:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(descriptor, fcntl.LOCK_UN)
