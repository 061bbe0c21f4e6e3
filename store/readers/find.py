"""What there is to follow in a folder: the first of these that is there.

1. `trainer_log.jsonl` (LLaMA-Factory; grows with every logged step),
2. `trainer_state.json` in the folder or its `checkpoint-*` (Hugging Face; grows with every checkpoint),
3. TensorBoard event files in the folder or up to four folders below; of several runs the newest, but
   all of them in a trainer's output folder, where each resumption makes one,
4. a `.jsonl`, `.ndjson`, `.csv` or `.tsv` in the folder whose rows have a step; of several the one
   written last.
"""

import errno
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from assay.errors import AssayError
from store.readers.events import EventsSource, event_folders, is_output_folder
from store.readers.jsonl import JsonlSource, decoded
from store.readers.names import STEP_NAMES, find_column
from store.readers.point import Point, Source
from store.readers.table import TableSource, header_of
from store.readers.tail import Tail
from store.readers.trainer_state import STATE_NAME, StateSource, state_files

__all__ = ["FORMATS", "Found", "find_source", "read_points"]

TRAINER_LOG = "trainer_log.jsonl"

_JSON_SUFFIXES = (".jsonl", ".ndjson")
_TABLE_SUFFIXES = (".csv", ".tsv")
_LOOKED_FOR = f"{TRAINER_LOG}, {STATE_NAME}, TensorBoard's events.out.tfevents…, or a .csv or .jsonl with a step column"


class Format(NamedTuple):
    """A kind of log."""

    title: str
    """What it is, for people."""

    open: Callable[[Path], Source]
    """Makes its reader."""


FORMATS: dict[str, Format] = {
    "trainer-log": Format("LLaMA-Factory's trainer log", JsonlSource),
    "trainer-state": Format("Hugging Face trainer state", StateSource),
    "tensorboard": Format("TensorBoard events", EventsSource),
    "jsonl": Format("JSON lines", JsonlSource),
    "table": Format("table", TableSource),
}
"""The kinds of log that can be followed, by the name the spool keeps."""


class Found(NamedTuple):
    """What is to be followed."""

    format: str
    """Key of `FORMATS`."""

    path: Path
    """The file or folder followed."""

    others: tuple[Path, ...] = ()
    """What could be followed instead, as a person would name it."""

    files: tuple[Path, ...] = ()
    """The only files of a folder that are read; none for what its reader finds there."""

    def open(self) -> Source:
        """Make its reader. Raises AssayError where a package is missing."""
        if self.files and self.format == "trainer-state":
            return StateSource(self.path, self.files)
        if self.files and self.format == "tensorboard":
            return EventsSource(self.path, self.files)
        return FORMATS[self.format].open(self.path)


def find_source(path: Path) -> Found:
    """Find what is to be followed in a folder, or what a file is.

    Raises AssayError where there is nothing, or a log's rows have no step.
    """
    if path.is_file():
        return Found(_format_of(path), path)
    if _is_loop(path):
        raise AssayError(f"{path} is a symbolic link that leads back to itself: name the file it was meant to lead to")
    if not path.is_dir():
        raise AssayError(f"{path} does not exist: name a training run's output folder, or one of its log files")
    found = list(_candidates(path))
    if not found:
        raise AssayError(f"nothing to follow in {path}: looked for {_LOOKED_FOR}")
    return found[0]._replace(others=tuple(map(_as_named, found[1:])))


def _is_loop(path: Path) -> bool:
    try:
        path.stat()
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


def read_points(path: Path) -> Iterator[Point]:
    """All points of a log as it is now, in file order. Raises AssayError, OSError."""
    for batch in find_source(path).open().poll():
        yield from batch.points


def _candidates(folder: Path) -> Iterator[Found]:
    if (folder / TRAINER_LOG).is_file():
        yield Found("trainer-log", folder / TRAINER_LOG)
    if state_files(folder):
        yield Found("trainer-state", folder)
    runs = event_folders(folder)
    for run in [folder] if runs and is_output_folder(folder) else runs:
        yield Found("tensorboard", run)
    logs = [path for path in folder.iterdir() if path.is_file() and path.name != TRAINER_LOG]
    for path in sorted(logs, key=lambda path: (-path.stat().st_mtime_ns, path)):
        if path.suffix in _JSON_SUFFIXES and _has_step(_json_columns(path)):
            yield Found("jsonl", path)
        if path.suffix in _TABLE_SUFFIXES and _has_step(_table_columns(path)):
            yield Found("table", path)


def _as_named(other: Found) -> Path:
    """What a person would name to follow this instead of what its folder holds before it."""
    if other.format == "trainer-state":
        return state_files(other.path)[0]
    return event_folders(other.path)[0] if other.format == "tensorboard" else other.path


def _format_of(file: Path) -> str:
    if file.name == TRAINER_LOG:
        return "trainer-log"
    if "tfevents" in file.name:
        return "tensorboard"
    if file.suffix == ".json" and ("log_history" in (columns := _json_columns(file)) or not _has_step(columns)):
        return "trainer-state"
    is_table = file.suffix in _TABLE_SUFFIXES or (file.suffix not in _JSON_SUFFIXES and not _json_columns(file))
    columns = _table_columns(file) if is_table else _json_columns(file)
    if columns and not _has_step(columns):
        raise AssayError(
            f"{file} has no step column: its columns are {', '.join(columns[:12])}; one of "
            f"{', '.join(STEP_NAMES[:6])} is needed"
        )
    return "table" if is_table else "jsonl"


def _has_step(columns: list[str]) -> bool:
    return find_column(columns, STEP_NAMES) is not None


def _json_columns(file: Path) -> list[str]:
    """The names used in the first rows of a JSONL file."""
    rows = (decoded(line) for line in _first_lines(file))
    return list(dict.fromkeys(name for row in rows if row for name in row))


def _table_columns(file: Path) -> list[str]:
    lines = [line for line in _first_lines(file) if line.strip() and not line.startswith("#")]
    return header_of(lines[0]) if lines else []


def _first_lines(file: Path) -> list[str]:
    lines = (line for part in Tail(file).read(takes_rest=lambda _: True) for line in part.lines)
    return list(islice(lines, 100))
