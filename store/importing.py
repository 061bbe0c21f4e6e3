"""Record a finished log as a run, all of it or nothing: its spool is written aside and put in place when it is whole.

What is recorded already is known from the run's spool, as for a run that is watched, so that a log that has grown adds
only what is new. Files that were imported before are known by their digests, wherever they lie now.
"""

import os
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from assay.errors import AssayError
from assay.flusher import Line
from assay.holding import LOCK_NAME, RunLock
from assay.spikes import Spike
from assay.spool import FORMAT, encode, read_opening, spell_nonfinite, spool_name
from assay.version import VERSION
from store.import_files import Log
from store.import_spikes import Losses
from store.readers import FORMATS
from store.watch_history import History, spool_lines
from store.watch_run import hold_run

__all__ = ["Imported", "import_log", "is_imported"]

TAG = "imported"
"""What a run is found by that was made by an import; people can take it away."""


class Imported(NamedTuple):
    """What an import came to."""

    run: str
    """The run's name."""

    new_points: int
    """Points that were added."""

    points: int
    """Points of the run, those of abandoned branches too."""

    step: int | None
    """Its newest step."""

    branches: int
    """Its branches."""

    spikes: int
    """Its spikes and warnings, those found before too."""

    repeated: int
    """Values left out, because their step had one already."""

    known: bool
    """Whether all of its files were imported before, as they are."""


def import_log(root: Path, log: Log, *, name: str | None = None, project: str | None = None) -> Imported:
    """Record a log in the store's folder `root`; the store gets it when its spools are loaded.

    Raises AssayError where the run is being watched or recorded, or `name` is another run's, and OSError; then nothing
    was written.
    """
    known = _run_of(root, set(log.digests.values()))
    with hold_run(root, log.found.path, log.found, name, known=known) as folder:
        lock = RunLock(folder)
        try:
            return _Import(folder, log).run(project)
        finally:
            lock.release()
            if not (folder / "spool").exists():
                (folder / LOCK_NAME).unlink(missing_ok=True)


class _Import:
    """One log on its way into one run."""

    def __init__(self, folder: Path, log: Log) -> None:
        self._folder, self._log = folder, log
        self._history, self._losses = History(), Losses()
        self._spikes: list[tuple[int, Spike]] = []
        self._digests: set[str] = set()
        self._is_new = True
        self._summary: Any = {}
        for line in spool_lines(folder):
            self._is_new = False
            self._history.learn(line)
            self._losses.learn(line)
            self._digests |= _imported(line)
            if line["k"] == "event" and line["kind"] == "summary":
                self._summary = line["data"]

    def run(self, project: str | None) -> Imported:
        known = set(self._log.digests.values()) <= self._digests
        if known:
            return self._came_to(0, self._losses.known, known=True)
        lines = self._steps()
        points = sum(line["k"] == "step" for line in lines)
        for line in lines:
            self._losses.learn(line)
        self._spikes = self._losses.found()
        if lines:
            _write(self._folder, self._framed(lines, points, project))
        return self._came_to(points, len(self._spikes))

    def _came_to(self, new: int, spikes: int, *, known: bool = False) -> Imported:
        history = self._history
        return Imported(
            self._folder.name, new, history.points, history.last_step, history.branch, spikes, history.repeated, known
        )  # fmt: skip

    def _steps(self) -> list[Line]:
        """The steps and branches that are new."""
        lines: list[Line] = []
        moment = _Moments(self._log)
        for batch in self._log.batches:
            if batch.restart:
                self._history.restart(batch.stream)
            for point in batch.points:
                at = moment.of(point.time)
                lines += [{**line, "t": at} for line in self._history.take(batch.stream, point)]
        return lines

    def _framed(self, lines: list[Line], points: int, project: str | None) -> Iterator[Line]:
        """The spool's lines: the facts, the steps, what was found in them, and the end."""
        begin, end = min(line["t"] for line in lines), max(line["t"] for line in lines)
        yield {
            "k": "open", "format": FORMAT, "t": begin, "run": self._folder.name, "rank": 0, "pid": os.getpid(),
            "host": socket.gethostname(), "program": f"assay {VERSION}",
        }  # fmt: skip
        yield {"k": "run", "t": begin, "fields": self._facts(project)}
        yield from lines
        yield from self._losses.news(self._spikes)
        yield from self._told(points, end)
        yield {"k": "status", "t": end, "status": "finished", "error": None}

    def _facts(self, project: str | None) -> dict[str, Any]:
        found, facts = self._log.found, self._log.facts
        tags = [TAG] if self._is_new else []
        told = {"total_steps": facts.total_steps, "config": facts.config, "project": project, "tags": tags}
        return {
            "source": str(found.path),
            "watch": {"format": found.format, "path": str(found.path)},
            "import": {"files": self._log.digests},
            "provenance": {"imported": FORMATS[found.format].title, "files": self._log.digests},
            **{key: value for key, value in told.items() if value},
        }

    def _told(self, points: int, end: float) -> Iterator[Line]:
        at = {"b": self._history.branch, "s": self._history.last_step, "level": "info"}
        said = f"{points:,} {'point' if points == 1 else 'points'} imported from {self._log.found.path}"
        sentence = "; ".join([said, *self._log.left])
        yield {"k": "event", "t": end, **at, "kind": "import", "message": sentence, "data": {}}
        summary = spell_nonfinite(self._log.facts.summary)
        if summary and summary != self._summary:
            values = ", ".join(f"{name} {value:g}" for name, value in self._log.facts.summary.items())
            message = f"the run's own summary: {values}"
            yield {"k": "event", "t": end, **at, "kind": "summary", "message": message, "data": summary}


class _Moments:
    """The time of each point: the log's; where it tells none, that of the point before, else of the first that has
    one, else of the import.
    """

    def __init__(self, log: Log) -> None:
        told = (point.time for batch in log.batches for point in batch.points if point.time is not None)
        self._at = next(told, time.time())

    def of(self, told: float | None) -> float:
        self._at = self._at if told is None else told
        return self._at


def is_imported(root: Path, digests: Mapping[str, str]) -> bool:
    """Whether all files with these digests were imported into one run before, so that they need not be read."""
    wanted = set(digests.values())
    folder = _run_of(root, wanted)
    return folder is not None and wanted <= {digest for line in _openings(folder) for digest in _imported(line)}


def _openings(folder: Path) -> Iterator[Line]:
    for spool in folder.glob("spool/0-*.jsonl"):
        yield from read_opening(spool)


def _run_of(root: Path, digests: set[str]) -> Path | None:
    """The folder of the run that one of these files was imported into before, as it is now."""
    spools = sorted(root.glob("*/spool/0-*.jsonl"), key=lambda path: path.name, reverse=True)
    for spool in spools:
        if spool.parts[-3].startswith("."):
            continue
        with suppress(FileNotFoundError):  # removed meanwhile
            if any(_imported(line) & digests for line in read_opening(spool)):
                return spool.parents[1]
    return None


def _imported(line: Line) -> set[str]:
    """The digests that a line of a spool says were imported."""
    return set(line["fields"].get("import", {}).get("files", {}).values()) if line["k"] == "run" else set()


def _write(folder: Path, lines: Iterable[Line]) -> None:
    """Put a spool into a run's folder, whole or not at all."""
    spool = folder / "spool"
    is_new = not spool.exists()
    spool.mkdir(exist_ok=True)
    whole = spool / spool_name(0)
    unfinished = whole.with_suffix(".new")
    try:
        with unfinished.open("xb") as file:
            file.writelines(map(encode, lines))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(whole)
    except OSError as error:
        raise AssayError(f"cannot record in {folder}: {error.strerror}; nothing was imported into it") from error
    finally:
        unfinished.unlink(missing_ok=True)
        if is_new and not whole.exists():
            spool.rmdir()
