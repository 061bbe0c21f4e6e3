"""`assay import`: make runs of finished logs."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click

from assay.errors import AssayError
from store.commands.common import json_option, notes, open_store, print_json, store_option
from store.database import Store
from store.errors import StoreError
from store.import_files import Log, digests_of, find_logs, read_log
from store.importing import Imported, import_log, is_imported
from store.loading import load_spools
from store.readers import FORMATS, Facts, Found
from store.readers.sound import printable

__all__ = ["import_logs"]

_COUNTED = 20_000
"""Points between two looks of the progress line."""


class _Done(NamedTuple):
    """One log that is recorded."""

    log: Log
    run: Imported


@click.command("import")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--name", help="Name of the run, where the files are of one. Default: the file's or its folder's.")
@click.option("--project", help="Project that the runs belong to.")
@store_option
@json_option
def import_logs(
    files: tuple[Path, ...], *, name: str | None, project: str | None, store: str | None, as_json: bool
) -> None:
    """Make runs of finished logs.

    FILE is trainer_state.json, trainer_log.jsonl, TensorBoard events, a CSV or JSON lines with a step column, or a
    folder with one of them. States of one output folder are one run, and so are the event files of one folder; other
    files are a run each. Steps that go back begin a branch, and spikes are found as `assay spikes detect` finds
    them. What was imported before is not imported again; a log that has grown adds what is new. All files are read
    before anything is written: if one cannot be read, nothing is imported.
    """
    opened = open_store(store)
    logs = _read(opened, files)
    if name is not None and len(logs) > 1:
        listed = ", ".join(str(log.found.path) for log in logs)
        raise AssayError(f"--name is for one run, and these are {len(logs)}: {listed}; import them one by one")
    done = [_recorded(opened, log, name, project) for log in logs]
    _load(opened)
    for one in done:
        _tell(one)
    if as_json:
        print_json({"runs": [_report(one) for one in done]})


def _read(store: Store, files: Sequence[Path]) -> list[Log]:
    try:
        return [_read_one(store, found) for found in find_logs(files)]
    except OSError as error:
        raise AssayError(printable(f"cannot read {error.filename}: {error.strerror}")) from error


def _read_one(store: Store, found: Found) -> Log:
    digests = digests_of(found)
    if is_imported(store.root, digests):
        return Log(found, [], Facts(), digests, ())
    with _progress(found) as tell:
        log = read_log(found, tell)
    for path in found.others:
        notes.print(printable(f"{path} is left alone: {found.path} tells of the same run, or of another one beside it"))
    return log


@contextmanager
def _progress(found: Found) -> Generator[Any]:
    title = printable(f"{FORMATS[found.format].title}: {found.path}")
    with notes.status(title) as status:
        shown = 0

        def tell(points: int) -> None:
            nonlocal shown
            if points - shown >= _COUNTED:
                shown = points
                status.update(f"{title}, {points:,} points")

        yield tell


def _recorded(store: Store, log: Log, name: str | None, project: str | None) -> _Done:
    with notes.status(printable(f"recording {log.found.path}: {log.points:,} points")):
        try:
            return _Done(log, import_log(store.root, log, name=name, project=project))
        except OSError as error:
            raise AssayError(f"cannot record in {store.root}: {error.strerror}: {error.filename}") from error


def _load(store: Store) -> None:
    """Bring the spools into the store; one that cannot be written now gets them from whichever process runs next."""
    try:
        trouble = "; ".join(load_spools(store).unreadable)
    except StoreError as error:
        trouble = str(error)
    if trouble:
        notes.print(f"recorded, but not in the store yet: {trouble}")


def _tell(done: _Done) -> None:
    log, run = done
    for sentence in log.left:
        notes.print(f"{log.found.path.name}: {sentence}")
    if run.repeated:
        notes.print(f"{run.repeated:,} values came twice for the same step; the first one is kept")
    if run.known:
        said = f"{log.found.path} was imported before, as run {run.run}: nothing is added"
    elif not run.new_points:
        said = f"{log.found.path} says nothing that run {run.run} does not have: nothing is added"
    else:
        said = f"run {run.run}: {_counted(run.new_points, 'new point')}, {_whole(run)}; finished"
    notes.print(printable(said))


def _whole(run: Imported) -> str:
    spikes = _counted(run.spikes, "spike or warning", "spikes and warnings")
    return f"step {run.step:,}, {_counted(run.branches, 'branch', 'branches')}, {spikes}"


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _report(done: _Done) -> dict[str, Any]:
    log, run = done
    return {
        "run": run.run,
        "status": "finished",
        "format": log.found.format,
        "source": str(log.found.path),
        "files": list(log.digests),
        "imported_before": run.known,
        "new_points": run.new_points,
        "points": run.points,
        "step": run.step,
        "total_steps": log.facts.total_steps,
        "branches": run.branches,
        "spikes": run.spikes,
        "skipped": log.facts.skipped,
        "repeated": run.repeated,
        "left": list(log.left),
        "others": [str(path) for path in log.found.others],
    }
