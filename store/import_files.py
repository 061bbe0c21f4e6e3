"""Which files that a person names belong to one run, and reading each run's log whole before anything is written.

States of one output folder are one run, and so are the event files of one TensorBoard run; a table or a file of JSON
lines is one each. Where a trainer's folder holds the same run in two forms, the first of `find_source` is read.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from assay.errors import AssayError
from store.log_order import stretches_of
from store.readers import Batch, Facts, Found, find_source
from store.readers.events import EventsSource, event_files, run_folder
from store.readers.jsonl import JsonlSource
from store.readers.sound import check_is_text, printable, unread_rows
from store.readers.table import TableSource
from store.readers.trainer_state import state_files

__all__ = ["Log", "digests_of", "find_logs", "read_log"]

_ONE_RUN = ("trainer-log", "trainer-state", "tensorboard")
"""Formats of which one folder holds one run, however many of them lie there."""


class Log(NamedTuple):
    """One run's log, read whole."""

    found: Found
    """What was read; `others` are named files that tell of the same run and were not."""

    batches: list[Batch]
    """Its points, in file order."""

    facts: Facts
    """What it says beside them."""

    digests: dict[str, str]
    """SHA-256 of each file by its path, as of before it was read."""

    left: tuple[str, ...]
    """What could not be read, a sentence without a full stop each."""

    @property
    def points(self) -> int:
        """How many points it has."""
        return sum(len(batch.points) for batch in self.batches)


_ONE_STREAM = ("table", "jsonl")
"""Formats whose rows may have been put in another order by somebody."""


def find_logs(named: Sequence[Path]) -> list[Found]:
    """The logs to be read, one a run, in the order they were named first.

    Raises AssayError for what is no log, OSError.
    """
    groups: dict[tuple[str, Path], Found] = {}
    for path in dict.fromkeys(place.expanduser().resolve() for place in named):
        check_is_text(path)
        found = _of_run(find_source(path))
        key = found.format, found.path
        groups[key] = _joined(groups[key], found) if key in groups else found
    return list(_one_form(list(map(_alone, groups.values()))))


def read_log(found: Found, tell: Callable[[int], None] = lambda _: None) -> Log:
    """Read a log whole; `tell` gets the number of points so far.

    Raises AssayError where it cannot be read or holds no points.
    """
    try:
        return _read(found, tell)
    except OSError as error:
        raise AssayError(printable(f"cannot read {found.path}: {error.strerror}: {error.filename}")) from error
    except AssayError as error:
        raise AssayError(printable(str(error))) from error


def digests_of(found: Found) -> dict[str, str]:
    """SHA-256 of each file of a log, by its path. Raises OSError."""
    return {str(path): _digest(path) for path in _files(found)}


def _of_run(found: Found) -> Found:
    """The same with the folder that stands for its run, where one does."""
    path = found.path
    if found.format == "tensorboard" and path.is_file():
        return Found(found.format, run_folder(path), files=(path,))
    if found.format != "trainer-state":
        return found
    is_checkpoint = path.is_dir() and re.fullmatch(r"checkpoint-\d+", path.name)
    state = state_files(path)[0] if is_checkpoint else path
    if not state.is_file():
        return found
    folder = state.parent
    output = folder.parent if re.fullmatch(r"checkpoint-\d+", folder.name) else folder
    return Found(found.format, output, found.others, (state,))


def _joined(known: Found, more: Found) -> Found:
    """Both of one run; a folder that is named stands for all of its files."""
    is_whole = not known.files or not more.files
    files = () if is_whole else tuple(dict.fromkeys([*known.files, *more.files]))
    return known._replace(others=known.others + more.others, files=files)


def _alone(found: Found) -> Found:
    """A single event file is a run by itself: what else lies beside it was not named."""
    is_single = found.format == "tensorboard" and len(found.files) == 1
    return Found(found.format, found.files[0]) if is_single else found


def _one_form(logs: list[Found]) -> Iterator[Found]:
    for found in logs:
        same = [log for log in logs if log.format in _ONE_RUN and _place(log) == _place(found)]
        if found.format not in _ONE_RUN:
            yield found
        elif found == min(same, key=lambda log: _ONE_RUN.index(log.format)):
            aside = tuple(path for log in same if log != found for path in (log.files or (log.path,)))
            yield found._replace(others=(*found.others, *aside))


def _place(found: Found) -> Path:
    if found.format == "trainer-log":
        return found.path.parent
    return run_folder(found.path) if found.path.is_file() else found.path


def _read(found: Found, tell: Callable[[int], None]) -> Log:
    check_is_text(found.path)
    digests = digests_of(found)
    source = TableSource(found.path, is_whole=True) if found.format == "table" else found.open()
    batches: list[Batch] = []
    count = 0
    for batch in source.poll():
        batches.append(batch)
        count += len(batch.points)
        tell(count)
    unread = unread_rows(found.path, source.facts)
    torn = source.torn() if isinstance(source, EventsSource | JsonlSource) else {}
    left = [unread] * bool(unread)
    left += [
        f"{path.name} ends half-written: its last {size:,} bytes are no whole record" for path, size in torn.items()
    ]
    if not count:
        why = f" ({'; '.join(left)})" if left else ""
        raise AssayError(f"{found.path} holds no points: nothing in it has a step and a number{why}")
    batches = _in_order(batches) if found.format in _ONE_STREAM else batches
    return Log(found, batches, source.facts, digests, tuple(map(printable, left)))


def _in_order(batches: list[Batch]) -> list[Batch]:
    """The same, by step where rows are out of order and repeat no step, as in a table sorted as text.

    A branch for each of them would tell of restarts that never were.
    """
    points = [point for batch in batches for point in batch.points]
    if all(before.step <= after.step for before, after in pairwise(points)):
        return batches
    trained = [point for point in points if "loss" in point.values or "val_loss" not in point.values]
    if len({point.step for point in trained}) < len(trained) or len(stretches_of(trained)) > 1:
        return batches
    return [Batch("", True, sorted(points, key=lambda point: point.step))]


def _files(found: Found) -> list[Path]:
    if found.files or found.path.is_file():
        return list(found.files) or [found.path]
    return event_files(found.path) if found.format == "tensorboard" else state_files(found.path)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
