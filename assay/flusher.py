"""The thread between `log()` and the disk: it waits out a sick disk and never troubles the caller."""

import os
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from assay.foreign import Failure, attempt, shown
from assay.spool import FORMAT, LONGEST_LINE, SpoolFile, encode, spool_name

__all__ = ["Flusher", "Line", "say"]

POLL_SECONDS = 0.02
"""A step is on disk this long after `log()` at the latest, plus the write itself."""

SYNC_SECONDS = 2.0
RETRY_SECONDS = 1.0
BEAT_SECONDS = 10.0
PATIENCE_SECONDS = 10.0
"""A disk that takes nothing for this long at a run's end is given up."""

LINES_A_WRITE = 8
"""Small groups, because each write lets the training thread have the interpreter back."""

_BEGINNING = 2000
"""Characters that are kept of each text of a line that is too long."""

Line: TypeAlias = dict[str, Any]


class Flusher:
    """Takes items off a queue, turns them into lines, and appends these to a spool file."""

    def __init__(self, run_folder: Path, rank: int, program: str, take: Callable[[Any], list[Line]]) -> None:
        """`take` turns one queued item into lines; it is called on the thread, in order."""
        self.queue: deque[Any] = deque()
        self._folder, self._rank, self._program, self._take = run_folder, rank, program, take
        self._file: SpoolFile | None = None
        self._opening: list[bytes] = []
        self._backlog: deque[bytes] = deque()
        self._dropped: set[str] = set()
        self._progress = self._rounds = 0
        self._removal = _removal_of(run_folder)
        self._is_removed = False
        self._retry_at = self._synced_at = self._wrote_at = 0.0
        self._dirty = self._complained = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="assay-flusher", daemon=True)

    def start(self, opening: list[Line]) -> None:
        """Create the file, put `opening` first in it, start the thread.

        Raises OSError where the folder cannot be written; no file is left there then.
        """
        self._opening = [data for line in opening for data in self._encoded(line)]
        self._file = SpoolFile(self._folder, self._rank, self._program)
        try:
            self._file.write(b"".join(self._opening))
        except OSError:
            self._file.discard()
            raise
        self._wrote_at = time.monotonic()
        self._thread.start()

    def close(self) -> None:
        """Write what is left, however long that takes while it goes on; where the disk still refuses,
        save it elsewhere and say where.
        """
        self._closing.set()
        if not self._has_ended():
            count = len(self.queue) + len(self._backlog)
            say(f"the disk does not answer: about {count} lines of run {self._folder.name} are lost at {self._folder}")
            return
        if self._file is None:
            return
        if not self._is_removed and (self._backlog or self._file.unwritten):
            self._rescue(self._file.unwritten)
        self._guarded(self._file.sync)
        self._file.close()
        self._file = None

    def written(self, seconds: float) -> bool:
        """Wait until all that was queued so far is in the file; whether it is, after so many seconds at the most."""
        begun, deadline = self._rounds, time.monotonic() + seconds
        # The round that is under way may have passed it by; the one behind it has not.
        while self._rounds < begun + 2 or self._backlog:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS / 4)
        return True

    def abandon(self) -> None:
        """Forget everything, in a forked child: queue and file are the parent's."""
        self.queue.clear()
        self._backlog.clear()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _has_ended(self) -> bool:
        mark, deadline = self._progress, time.monotonic() + PATIENCE_SECONDS
        while self._thread.is_alive() and time.monotonic() < deadline:
            self._thread.join(min(0.2, PATIENCE_SECONDS))
            if self._progress != mark:
                mark, deadline = self._progress, time.monotonic() + PATIENCE_SECONDS
        return not self._thread.is_alive()

    def _loop(self) -> None:
        while not self._closing.wait(POLL_SECONDS):
            self._flush()
            self._rounds += 1
        self._retry_at = 0.0
        self._flush()
        self._guarded(self._write_backlog)

    def _encoded(self, item: Any) -> list[bytes]:
        # The one place where objects of other people's classes are read; taking an item is all or nothing.
        made = attempt(self._read, item)
        if not isinstance(made, Failure):
            return made
        if made.kind not in self._dropped:
            self._dropped.add(made.kind)
            say(f"something that was recorded cannot be read ({made.kind}) and is left out: {shown(item, 200)}")
        return []

    def _read(self, item: Any) -> list[bytes]:
        return [data for line in self._take(item) if (data := self._fitting(line))]

    def _fitting(self, line: Line) -> bytes:
        """A line as bytes, cut where no reader would take it as it is; none where that is not enough."""
        data = encode(line)
        if len(data) <= LONGEST_LINE:
            return data
        cut = encode(_cut(line))
        is_cut = len(cut) <= LONGEST_LINE
        self._say_long(str(line["k"]), "cut to what it says first" if is_cut else "left out")
        return cut if is_cut else b""

    def _say_long(self, kind: str, done: str) -> None:
        if (key := f"long {kind} {done}") not in self._dropped:
            self._dropped.add(key)
            most = f"the {LONGEST_LINE >> 20} MiB that a line may have"
            say(f"a line of kind {kind} of run {self._folder.name} is longer than {most}; it is {done}")

    def _flush(self) -> None:
        while self.queue:
            self._backlog.extend(self._encoded(self.queue.popleft()))
            self._progress += 1
            if len(self._backlog) >= LINES_A_WRITE:
                self._write()
        now = time.monotonic()
        if not self._backlog and now - self._wrote_at > BEAT_SECONDS:
            self._backlog.append(encode({"k": "beat", "t": time.time()}))
        self._write()
        if self._dirty and now - self._synced_at > SYNC_SECONDS:
            self._guarded(self._sync)

    def _write(self) -> None:
        if self._backlog and time.monotonic() >= self._retry_at:
            self._guarded(self._write_backlog)

    def _write_backlog(self) -> None:
        assert self._file is not None, "the thread runs between start and close"
        if self._file.is_gone():
            self._restore(self._file)
        if self._is_removed:
            self._backlog.clear()
            return
        self._file.write(b"")
        while self._backlog:
            group = list(islice(self._backlog, LINES_A_WRITE))
            for _ in group:
                self._backlog.popleft()
            self._file.write(b"".join(group))
            self._progress += 1
            self._dirty = True
        self._wrote_at = time.monotonic()
        self._complained = False

    def _restore(self, file: SpoolFile) -> None:
        if self._is_removed:
            return
        doomed = self._folder.with_name(f".removing-{self._folder.name}")
        if doomed.exists() or _removal_of(self._folder) != self._removal:
            self._is_removed = True
            say(f"run {self._folder.name} was removed; what it records from now on is left out")
            return
        file.restore()
        self._dirty = True
        say(f"{file.path} was deleted while it is being written; it is made anew with all that was in it")

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
        data = b"".join([encode(first), *self._opening, unwritten, *self._backlog])
        self._backlog.clear()
        try:
            path.write_bytes(data)
        except OSError as error:
            count = data.count(b"\n")
            say(f"the last {count} lines of run {self._folder.name} are lost: {error.strerror}")
            return
        say(f"{self._folder} cannot be written: the last steps are in {path}, move it into {self._folder / 'spool'}/")


def say(sentence: str) -> None:
    """Tell the person on stderr, whatever became of `sys.stderr`."""
    with suppress(OSError):  # a program may have closed it
        os.write(2, f"assay: {sentence}\n".encode("utf-8", "replace"))


def _cut(line: Line) -> Line:
    """What a line says first: each text's beginning, and none of the data that came with it."""
    short = {key: value[:_BEGINNING] if isinstance(value, str) else value for key, value in line.items()}
    return {**short, "data": {}} if "data" in line else short


def _removal_of(run_folder: Path) -> int | None:
    """When a run of this name was last removed on purpose; an earlier run's removal is none of this one's."""
    try:
        return run_folder.with_name(f".removed-{run_folder.name}").stat().st_mtime_ns
    except FileNotFoundError:
        return None
