"""Follow another program's log and record it as a run, without a change to that program.

What was recorded is known from the run's own spool, so a watcher may be killed at any time and started
again: nothing is doubled, nothing is missing. How a run ends: `finished` where the log says so or was
read once to its end; `paused` where watching was stopped, or a log read once says that more will come.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from assay.errors import AssayError
from assay.recording import Run
from assay.spool import spell_nonfinite
from store.alerts.settings import AlertsConfig
from store.alerts.watch import open_watcher
from store.readers import FORMATS, Facts, Found
from store.watch_history import History, spool_lines

__all__ = ["Follower", "Pause", "Recording", "RecordingError", "Silence", "read_once"]

SETTLE_POLLS = 5
"""A log that says it has ended is believed when this many polls found nothing more."""

SILENT_SECONDS = 300.0
SILENT_GAPS = 10
"""A log is silent after that many seconds, and after that many times its longest pause so far."""


class RecordingError(AssayError):
    """The run's own folder cannot be written."""


class Recording:
    """One log, and the run it is recorded as."""

    def __init__(self, folder: Path, source: Path, found: Found) -> None:
        """Read what is recorded in `folder` already. Raises AssayError where a package is missing."""
        self.found = found
        """What is followed."""
        self.folder = folder
        """The run's folder."""
        self.history = History()
        """What is recorded."""
        self.new_points = 0
        """Points recorded by this process."""
        self.status: str | None = None
        """The run's newest status; None for a run that is new."""
        self.measured: Callable[[int, float], None] | None = None
        """Gets step and value of each validation loss that is recorded."""
        self._log = found.open()
        self._run: Run | None = None
        self._opening = {"source": str(source), "watch": {"format": found.format, "path": str(found.path)}}
        self._told: dict[str, Any] = {}
        self._summary: Any = {}
        for line in spool_lines(folder):
            self._learn(line)

    @property
    def facts(self) -> Facts:
        """What the log has said beside its points."""
        return self._log.facts

    @property
    def is_open(self) -> bool:
        """Whether the run is being recorded; it is opened by the first news, or by `open`."""
        return self._run is not None

    def open(self) -> Run:
        """Begin or go on recording. Raises RecordingError."""
        if self._run is None:
            provenance = {"watched": FORMATS[self.found.format].title, "path": str(self.found.path)}
            try:
                self._run = Run(self.folder, facts={**self._opening, "provenance": provenance})
            except OSError as error:
                raise RecordingError(f"cannot record in {self.folder}: {error.strerror}") from error
            self.status = "running"
        return self._run

    def take(self) -> int:
        """Record what is new in the log; gives the number of points. Raises AssayError, OSError."""
        before = self.new_points
        for batch in self._log.poll():
            if batch.restart:
                self.history.restart(batch.stream)
            for point in batch.points:
                lines = self.history.take(batch.stream, point)
                self.new_points += bool(lines)
                self._put(lines)
                if lines and self.measured and "val_loss" in point.values:
                    self.measured(point.step, point.values["val_loss"])
        self._tell_facts()
        return self.new_points - before

    def event(self, kind: str, message: str, level: str = "info", data: dict[str, Any] | None = None) -> None:
        """Record something a person may want to know."""
        branch, step = self.history.branch, self.history.last_step
        self.open().record("event", b=branch, s=step, kind=kind, level=level, message=message, data=data or {})

    def close(self, status: str) -> None:
        """Say how the run is and close its spool; nothing is written where nothing has changed."""
        if self._run is None and self.status in (status, None):
            return
        self.open().finish(status)
        self.status, self._run = status, None

    def _put(self, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            self.open().record(line.pop("k"), **line)

    def _tell_facts(self) -> None:
        fields = {"total_steps": self.facts.total_steps, "config": self.facts.config}
        news = {key: value for key, value in fields.items() if value and self._told.get(key) != value}
        if news and self.history.points:
            self.open().facts(**news)
            self._told.update(news)
        summary = spell_nonfinite(self.facts.summary)
        if summary and summary != self._summary:
            said = ", ".join(f"{name} {value:g}" for name, value in self.facts.summary.items())
            self.event("summary", f"the run's own summary: {said}", data=self.facts.summary)
            self._summary = summary

    def _learn(self, line: dict[str, Any]) -> None:
        self.history.learn(line)
        if line["k"] == "run":
            self._told.update(line["fields"])
        elif line["k"] == "status":
            self.status = line["status"]
        elif line["k"] == "event" and line["kind"] == "summary":
            self._summary = line["data"]


class Pause(NamedTuple):
    """What there is to say about a silence; both None where there is nothing."""

    silent_for: float | None = None
    """Seconds since the last point, when a silence has become long; said once a silence."""

    ended_after: float | None = None
    """Seconds of a long silence that has just ended."""


class Silence:
    """Tells when nothing has come for long, and when something comes again."""

    def __init__(self, now: float) -> None:
        """Begin to listen."""
        self._heard, self._longest, self._told = now, 0.0, False

    def listen(self, now: float, new: int) -> Pause:
        """Take in that `new` points came by now, in seconds of any clock."""
        gap = now - self._heard
        if not new:
            if self._told or gap <= max(SILENT_SECONDS, SILENT_GAPS * self._longest):
                return Pause()
            self._told = True
            return Pause(silent_for=gap)
        told, self._heard, self._told = self._told, now, False
        if told:
            return Pause(ended_after=gap)
        self._longest = max(self._longest, gap)
        return Pause()


def read_once(recording: Recording) -> None:
    """Record what the log holds by now. Raises AssayError where it holds nothing, OSError."""
    try:
        recording.take()
    except BaseException:
        if recording.is_open:
            recording.close("paused")
        raise
    facts = recording.facts
    if not recording.history.points:
        rows = f": {facts.skipped} rows give none (first: {facts.first_skipped})" if facts.skipped else ""
        raise AssayError(f"{recording.found.path} holds no points yet{rows}")
    last, total = recording.history.last_step, facts.total_steps
    more_to_come = not facts.ended and total is not None and last is not None and last < total
    recording.close("paused" if more_to_come else "finished")


class Follower:
    """Looks at a log again and again."""

    def __init__(
        self,
        recording: Recording,
        tell: Callable[[str], None],
        show: Callable[[], None],
        *,
        every: float = 1.0,
        alerts: AlertsConfig | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`tell` gets sentences for people, `show` is called after each look; `every` is in seconds.

        `alerts` says who is told by webhook. Raises AssayError where a hook cannot be used.
        """
        self._recording, self._tell, self._show = recording, tell, show
        self._every, self._clock, self._sleep = every, clock, sleep
        self._trouble = ""
        self._watcher = open_watcher(
            alerts or AlertsConfig(), recording.folder.name, recording.folder, record=self._not_told
        )
        recording.measured = self._watcher.validation

    def run(self) -> None:
        """Record the log until it says that it has ended, or Ctrl-C. Raises RecordingError."""
        recording = self._recording
        try:
            new = self._look()
            if new == 0 and recording.facts.ended and recording.status == "finished":
                return
            recording.open()
            with self._watcher:
                self._until_ended()
                self._watcher.ended("finished", f"{_last_step(recording)}; its log says that it has ended")
            recording.close("finished")
        except KeyboardInterrupt:
            self._stop()
        finally:
            if recording.is_open:
                recording.close("paused")

    def _until_ended(self) -> None:
        silence, quiet = Silence(self._clock()), 0
        while quiet < SETTLE_POLLS:
            self._sleep(self._every)
            new, ended = self._look(), self._recording.facts.ended
            quiet = quiet + 1 if ended and new == 0 else 0
            if not ended:
                self._say(silence.listen(self._clock(), new))

    def _look(self) -> int:
        """How much was new; a log that cannot be read now may be readable later."""
        new = 0
        try:
            new = self._recording.take()
            self._trouble = ""
        except RecordingError:
            raise
        except (AssayError, OSError) as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                self._tell(f"{error}; trying again")
        if new and self._recording.history.last_step is not None:
            self._watcher.step(self._recording.history.last_step)
        self._show()
        return new

    def _say(self, pause: Pause) -> None:
        name = self._recording.found.path.name
        if pause.silent_for is not None:
            sentence = f"nothing new in {name} for {pause.silent_for / 60:.0f} minutes"
            self._recording.event("silent", sentence, "warning")
            self._tell(f"{sentence}; still watching")
        if pause.ended_after is not None:
            self._recording.event("silent", f"{name} goes on after {pause.ended_after / 60:.0f} minutes")

    def _not_told(self, sentence: str) -> None:
        """Called by a thread that sends; once the run is closed there is nothing to record it in."""
        if self._recording.is_open:
            self._recording.event("alert", sentence, "warning")
        self._tell(sentence)

    def _stop(self) -> None:
        recording = self._recording
        if recording.is_open and not recording.facts.ended:
            recording.event("watching", "watching was stopped here; the same command goes on")
        recording.close("finished" if recording.facts.ended else "paused")


def _last_step(recording: Recording) -> str:
    step, loss = recording.history.last_step, recording.history.newest.get("loss")
    at = "no step yet" if step is None else f"step {step:,}"
    return at if loss is None else f"{at}, loss {loss:.4g}"
