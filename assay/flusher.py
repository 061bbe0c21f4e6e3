"""The thread between `log()` and the disk: it waits out a sick disk and never troubles the caller."""

import os
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from assay.spool import FORMAT, SpoolFile, encode, spool_name

__all__ = ["Flusher", "Line", "say"]

POLL_SECONDS = 0.02
"""A step is on disk this long after `log()` at the latest, plus the write itself."""

SYNC_SECONDS = 2.0
RETRY_SECONDS = 1.0
BEAT_SECONDS = 10.0
LINES_A_WRITE = 8
"""Small groups, because each write lets the training thread have the interpreter back."""

Line: TypeAlias = dict[str, Any]


class Flusher:
    """Takes items off a queue, turns them into lines, and appends these to a spool file."""

    def __init__(self, run_folder: Path, rank: int, program: str, take: Callable[[Any], list[Line]]) -> None:
        """`take` turns one queued item into lines; it is called on the thread, in order."""
        self.queue: deque[Any] = deque()
        self._folder, self._rank, self._program, self._take = run_folder, rank, program, take
        self._file: SpoolFile | None = None
        self._opening: list[Line] = []
        self._backlog: deque[Line] = deque()
        self._retry_at = self._synced_at = self._wrote_at = 0.0
        self._dirty = self._complained = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="assay-flusher", daemon=True)

    def start(self, opening: list[Line]) -> None:
        """Create the file, put `opening` first in it (and in every later one), start the thread.

        Raises OSError where the folder cannot be written.
        """
        self._opening = opening
        self._open_file()
        self._thread.start()

    def close(self, timeout: float = 10.0) -> None:
        """Write what is left; where the disk still refuses, save it elsewhere and say where."""
        self._closing.set()
        self._thread.join(timeout)
        if self._thread.is_alive() or self._file is None:
            return
        if self._backlog or self._file.unwritten:
            self._rescue(self._file.unwritten)
        self._guarded(self._file.sync)
        self._file.close()
        self._file = None

    def abandon(self) -> None:
        """Forget everything, in a forked child: queue and file are the parent's."""
        self.queue.clear()
        self._backlog.clear()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _loop(self) -> None:
        while not self._closing.wait(POLL_SECONDS):
            self._flush()
        self._retry_at = 0.0
        self._flush()

    def _flush(self) -> None:
        while self.queue:
            self._backlog.extend(self._take(self.queue.popleft()))
            if len(self._backlog) >= LINES_A_WRITE:
                self._write()
        now = time.monotonic()
        if not self._backlog and now - self._wrote_at > BEAT_SECONDS:
            self._backlog.append({"k": "beat", "t": time.time()})
        self._write()
        if self._dirty and now - self._synced_at > SYNC_SECONDS:
            self._guarded(self._sync)

    def _write(self) -> None:
        if self._backlog and time.monotonic() >= self._retry_at:
            self._guarded(self._write_backlog)

    def _write_backlog(self) -> None:
        if self._file is None or self._file.is_gone():
            self._open_file()
        assert self._file is not None, "_open_file opens or raises"
        self._file.write(b"")
        while self._backlog:
            group = list(islice(self._backlog, LINES_A_WRITE))
            data = b"".join(map(encode, group))
            for _ in group:
                self._backlog.popleft()
            self._file.write(data)
            self._dirty = True
        self._wrote_at = time.monotonic()
        self._complained = False

    def _open_file(self) -> None:
        old, self._file = self._file, SpoolFile(self._folder, self._rank, self._program)
        self._file.write(b"".join(map(encode, self._opening)))
        if old is not None:
            self._file.write(old.unwritten)
            old.close()
        self._wrote_at = time.monotonic()

    def _sync(self) -> None:
        assert self._file is not None, "only called after a write"
        self._synced_at = time.monotonic()
        self._dirty = False
        self._file.sync()

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except OSError as error:
            self._retry_at = time.monotonic() + RETRY_SECONDS
            if not self._complained:
                self._complained = True
                say(f"cannot write {self._folder}: {error.strerror}; the steps are kept and written when it can be")

    def _rescue(self, unwritten: bytes) -> None:
        path = Path(tempfile.gettempdir()) / spool_name(self._rank)
        first = {"k": "open", "format": FORMAT, "t": time.time(), "run": self._folder.name, "rank": self._rank}
        lines = [first, *self._opening]
        data = b"".join(map(encode, lines)) + unwritten + b"".join(map(encode, self._backlog))
        self._backlog.clear()
        try:
            path.write_bytes(data)
        except OSError as error:
            say(f"the last {data.count(b'{')} lines of run {self._folder.name} are lost: {error.strerror}")
            return
        say(f"{self._folder} cannot be written: the last steps are in {path}, move it into {self._folder / 'spool'}/")


def say(sentence: str) -> None:
    """Tell the person on stderr, whatever became of `sys.stderr`."""
    os.write(2, f"assay: {sentence}\n".encode("utf-8", "replace"))
