"""`assay watch`: follow someone else's run by its log files."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from assay.errors import AssayError
from store.alerts.settings import AlertsConfig, alerts_from, read_alerts
from store.commands.common import json_option, notes, open_store, print_json, store_option
from store.loading import Loader
from store.readers import FORMATS, Found, find_source
from store.watch_run import hold_run, recorded_source
from store.watching import Follower, Recording, read_once

__all__ = ["watch"]


@click.command()
@click.argument("source", metavar="DIR_OR_FILE", type=click.Path(path_type=Path))
@click.option("--name", help="Name of the run. Default: the folder's.")
@click.option("--once", is_flag=True, help="Read what is there now and stop.")
@click.option("--every", type=click.FloatRange(min=0.01), default=1.0, show_default=True, help="Seconds between looks.")
@click.option(
    "--alert",
    metavar="URL|CONFIG.toml",
    help="Webhook to tell when it stalls or ends; env:NAME, or a file with [alerts].",
)
@store_option
@json_option
def watch(
    source: Path, *, name: str | None, once: bool, every: float, alert: str | None, store: str | None, as_json: bool
) -> None:
    """Follow someone else's run by its log files.

    In a folder the first of these is followed: trainer_log.jsonl (LLaMA-Factory), trainer_state.json
    there or in its checkpoints (Hugging Face), TensorBoard events, a CSV or JSONL with a step column. Nothing
    is ever written there. Watching the same source again goes on with the same run and adds only
    what is new; steps that go back begin a branch. Ends by itself when the log says that the run has
    ended; Ctrl-C before that leaves the run paused.
    """
    alerts = _alerts(alert, once=once)
    opened = open_store(store)
    place = source.expanduser().resolve()
    found = recorded_source(opened.root, place) or find_source(place)
    _say_what(place, found)
    try:
        with hold_run(opened.root, place, found, name) as folder, Loader(opened) as loader:
            recording = Recording(folder, place, found)
            _record(recording, alerts, once=once, every=every)
    except OSError as error:
        raise AssayError(f"cannot watch {place}: {error.strerror}: {error.filename}") from error
    if loader.error:
        _say(f"recorded, but not in the store yet: {loader.error}")
    _say_how_it_ended(recording)
    if as_json:
        print_json(_report(recording, place))


def _alerts(named: str | None, *, once: bool) -> AlertsConfig:
    if named is None:
        return AlertsConfig()
    if once:
        raise AssayError("--alert tells of a run that goes on; leave out --once, which reads what is there and stops")
    return read_alerts(Path(named)) if named.endswith(".toml") else alerts_from({"url": named})


def _record(recording: Recording, alerts: AlertsConfig, *, once: bool, every: float) -> None:
    if once:
        read_once(recording)
        return
    with _terminated_like_ctrl_c(), notes.status(_progress(recording)) as status:
        Follower(recording, _say, lambda: status.update(_progress(recording)), every=every, alerts=alerts).run()


@contextmanager
def _terminated_like_ctrl_c() -> Generator[None]:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _say_what(place: Path, found: Found) -> None:
    _say(f"found {FORMATS[found.format].title}; following {found.path}")
    if found.others:
        listed = ", ".join(str(path) for path in found.others[:5])
        more = f" and {len(found.others) - 5} more" if len(found.others) > 5 else ""
        _say(f"left alone: {listed}{more}; to follow one of them, name it instead of {place}")


def _say_how_it_ended(recording: Recording) -> None:
    facts = recording.facts
    _say(
        f"run {recording.folder.name}: {recording.new_points:,} new points; {_progress(recording)}; {recording.status}"
    )
    if facts.skipped:
        _say(f"{facts.skipped} rows give no point (first: {facts.first_skipped})")
    if recording.history.repeated:
        _say(f"{recording.history.repeated} values came twice for the same step; the first one is kept")


def _progress(recording: Recording) -> str:
    history = recording.history
    total = f" of {recording.facts.total_steps:,}" if recording.facts.total_steps else ""
    step = "no step yet" if history.last_step is None else f"step {history.last_step:,}{total}"
    loss = f", loss {history.newest['loss']:.4g}" if "loss" in history.newest else ""
    return f"{history.points:,} points, {step}{loss}"


def _report(recording: Recording, place: Path) -> dict[str, Any]:
    history, facts = recording.history, recording.facts
    return {
        "run": recording.folder.name,
        "status": recording.status,
        "source": str(place),
        "format": recording.found.format,
        "followed": str(recording.found.path),
        "others": [str(path) for path in recording.found.others],
        "new_points": recording.new_points,
        "points": history.points,
        "step": history.last_step,
        "total_steps": facts.total_steps,
        "branch": history.branch,
        "ended": facts.ended,
        "skipped": facts.skipped,
        "repeated": history.repeated,
        "newest": history.newest,
    }


def _say(sentence: str) -> None:
    notes.print(sentence, markup=False)
