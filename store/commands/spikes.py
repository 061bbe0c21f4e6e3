"""`assay spikes`: find the loss spikes of a recorded run, or of anyone's log."""

import gc
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from assay.errors import AssayError
from assay.spikes import ACTIONS, RULES, Scan, Spike, scan_stretches
from store.commands.common import console, json_option, loaded_store, notes, print_json, store_option
from store.errors import StoreError, StoreMissingError
from store.loss_log import LossLog, read_log, read_run
from store.refs import parse_ref

__all__ = ["spikes"]


@click.group()
def spikes() -> None:
    """Find the loss spikes of a run, or of anyone's log."""


@spikes.command()
@click.argument("source", metavar="FILE|RUN")
@store_option
@json_option
def detect(source: str, store: str | None, as_json: bool) -> None:
    """Find the loss spikes of a log or a recorded run.

    FILE is a CSV (step,loss[,grad_norm]), JSON lines, trainer_state.json, trainer_log.jsonl, TensorBoard events, or a
    folder with one of them. RUN is a recorded run, of which the active path is looked at; RUN/BRANCH
    looks at one that was left. Where the steps of a FILE go back, each stretch is looked at. The rules are those
    the guard acts by: not a number, jump, stays high, drifting, precursor. Exit 0 with or without spikes.
    """
    with _without_collector():
        log = _read(source, store)
        for said in _notes(log):
            notes.print(Text(said))
        found = scan_stretches(log.stretches, log.rules)
    if as_json:
        print_json(_report(found))
    else:
        _print(found)


@contextmanager
def _without_collector() -> Generator[None]:
    """Without looking for cycles, of which rows have none: where they are many, that takes a tenth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _notes(log: LossLog) -> Iterator[str]:
    if log.unread:
        yield log.unread
    if log.left_out:
        yield f"{log.left_out:,} rows of validation were left out"
    if len(log.stretches) > 1:
        yield (
            f"the log has {len(log.stretches):,} stretches, as its steps go back: each is looked at, from what was "
            "known where it begins"
        )


def _read(source: str, store: str | None) -> LossLog:
    path = Path(source).expanduser()
    if path.is_file() or path.is_symlink():
        return read_log(path)
    try:
        return read_run(loaded_store(store), parse_ref(source))
    except StoreError as error:
        if path.is_dir():
            return read_log(path)
        if isinstance(error, StoreMissingError) or path.suffix or len(path.parts) > 1:
            raise AssayError(f"{source} is no file and no folder, and no recorded run: {error}") from error
        raise


def _report(found: Scan) -> dict[str, Any]:
    return {"points": found.points, "spike_score": found.score, "spikes": [_spike(spike) for spike in found.spikes]}


def _spike(spike: Spike) -> dict[str, Any]:
    kept = ("onset", "first_alarm", "peak_step", "peak", "end", "series", "rule", "action")
    return {
        **{name: getattr(spike, name) for name in kept},
        "alarms": [
            {"step": alarm.step, "series": alarm.series, "rule": alarm.rule, "action": alarm.action}
            for alarm in spike.alarms
        ],
    }


def _print(found: Scan) -> None:
    if found.spikes:
        table = Table(box=None, header_style="bold", pad_edge=False)
        for heading in ("steps", "action", "rule", "peak", "what"):
            table.add_column(heading, justify="right" if heading == "peak" else "left", overflow="fold")
        for spike in found.spikes:
            table.add_row(*map(Text, _cells(spike)))
        console.print(table)
        console.print()
    console.print(_summary(found))


def _cells(spike: Spike) -> tuple[str, ...]:
    steps = f"{spike.onset:,} – {'…' if spike.end is None else f'{spike.end:,}'}"
    says = spike.says.removeprefix(f"{RULES[spike.rule]}: ")
    first = "" if spike.first_alarm == spike.onset else f"; first alarm at {spike.first_alarm:,}"
    what = f"{says}{first}"
    return steps, spike.action, RULES[spike.rule], f"{spike.peak:.4g} @{spike.peak_step:,}", what


def _summary(found: Scan) -> str:
    counts = Counter(spike.action for spike in found.spikes)
    said = ", ".join(f"{counts[action]} {action}" for action in reversed(ACTIONS) if counts[action])
    scores = " and ".join(f"{score:.3g} % of {name}" for name, score in found.score.items() if score is not None)
    many = f"{len(found.spikes)} spike{'s' * (len(found.spikes) > 1)} ({said})" if found.spikes else "no spikes"
    return f"{many} in {found.points:,} points; outside 7 σ of the last 1,000: {scores}"
