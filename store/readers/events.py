"""TensorBoard's event files, read with tensorboard's own event reader (the extra `import`).

One folder of event files is a run, each file a stream. What lies in a folder below it gets that
folder's name before its tags, as Keras' `train/` and `validation/` need. The runs in the output folder
of a Hugging Face trainer are one history: each resumption writes into a new one.
"""

import importlib
import json
import os
import re
import struct
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from assay.errors import AssayError
from store.readers.names import metric_name
from store.readers.numbers import MOST_STEPS, as_moment
from store.readers.point import Batch, Facts, Point

__all__ = ["EventsSource", "event_files", "event_folders", "is_output_folder", "run_folder"]

_PATTERN = "*tfevents*"
_BATCH = 5000
_CHECKSUMS = 8
"""Bytes of a record beside its length of eight bytes and what it holds: a checksum of each."""

_DEPTH = 4
"""Folders below the one named that are searched."""

_OTHER_AXIS = re.compile(r" vs (samples|tokens|gigaflops?|time)\b")
"""Megatron logs each series a second time over something that is no step."""

_SUMMARY = frozenset(
    {"train_loss", "train_runtime", "train_samples_per_second", "train_steps_per_second", "total_flos"}
)
_PARTS = frozenset({"train", "training", "val", "valid", "validation", "eval", "evaluation", "test"})


class EventsSource:
    """A folder of event files, or one event file, being read."""

    def __init__(self, path: Path, only: Collection[Path] = ()) -> None:
        """Nothing is opened before `poll`; of a folder's files `only` these are read, where some are named.

        Raises AssayError where tensorboard is missing.
        """
        self._path, self._only = path, only
        self._reader = _Reader()
        self._files: dict[Path, _EventFile] = {}
        self._facts = Facts()

    @property
    def path(self) -> Path:
        """The folder, or the file."""
        return self._path

    @property
    def facts(self) -> Facts:
        """What they have said so far."""
        return self._facts

    def poll(self) -> Iterator[Batch]:
        """See `Source.poll`; a stream is named by the file's path below its run."""
        for path, run in self._followed():
            if path not in self._files:
                self._files[path] = _EventFile(path, path.relative_to(run), self._reader, self._facts)
            yield from self._files[path].poll()

    def torn(self) -> dict[Path, int]:
        """Bytes at the end of each file that are no whole record, where there are any: it ends half-written."""
        left = {path: file.left() for path, file in self._files.items()}
        return {path: size for path, size in left.items() if size}

    def _followed(self) -> list[tuple[Path, Path]]:
        """The event files and the run each belongs to, oldest first."""
        if self._path.is_file():
            return [(self._path, self._path.parent)]
        runs = event_folders(self._path)
        runs = runs if self._only or is_output_folder(self._path) else runs[:1]
        found = ((path, run) for run in runs for path in event_files(run) if not self._only or path in self._only)
        return sorted(found, key=lambda pair: (_started(pair[0]), pair[0]))


class _EventFile:
    """One event file; its values are in the order they were written."""

    def __init__(self, path: Path, name: Path, reader: "_Reader", facts: Facts) -> None:
        self._path, self._name, self._reader, self._facts = path, name, reader, facts
        self._prefix = "" if name.parent == Path() else f"{name.parent.as_posix()}/"
        self._events: Callable[[], Iterable[Any]] | None = None
        self._seen = (0, 0)
        self._records = 0
        self._names: dict[str, str] = {}
        self._closing: dict[str, float] = {}

    def left(self) -> int:
        """Bytes behind the records that were read."""
        with self._path.open("rb") as file:
            for _ in range(self._records):
                (length,) = struct.unpack("<Q", file.read(8))
                file.seek(_CHECKSUMS + length, os.SEEK_CUR)
            return self._path.stat().st_size - file.tell()

    def poll(self) -> Iterator[Batch]:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return
        inode, size = self._seen
        restart = self._events is None or stat.st_ino != inode or stat.st_size < size
        if restart:
            self._events, self._names, self._records = self._reader.opened(self._path), {}, 0
            self._closing = {}
        elif stat.st_size == size:
            return
        assert self._events is not None, "opened at the first poll"
        self._seen = stat.st_ino, stat.st_size
        try:
            yield from self._batches(self._events(), restart)
        except self._reader.no_event as error:
            raise AssayError(
                f"{self._path} is no TensorBoard log: record {self._records + 1} in it is no event"
            ) from error

    def _batches(self, events: Iterable[Any], restart: bool) -> Iterator[Batch]:
        points: list[Point] = []
        for event in events:
            self._records += 1
            point = self._point(event)
            if point is not None:
                points.append(point)
            if len(points) == _BATCH:
                yield Batch(self._name.as_posix(), restart, points)
                restart, points = False, []
        if points or restart:
            yield Batch(self._name.as_posix(), restart, points)

    def _point(self, event: Any) -> Point | None:
        values: dict[str, float] = {}
        for value in event.summary.value:
            number = self._reader.scalar(value)
            if number is None:
                self._note(value)
            elif not _OTHER_AXIS.search(value.tag):
                self._take(value.tag, number, values)
        if not values or not 0 <= event.step < MOST_STEPS:
            return None
        if "loss" in values:
            self._facts.ended = False
        return Point(int(event.step), values, as_moment(float(event.wall_time)))

    def _take(self, tag: str, number: float, values: dict[str, float]) -> None:
        if tag.removeprefix("train/") in _SUMMARY and tag.startswith("train/"):
            self._close(tag.removeprefix("train/"), number)
            return
        values.setdefault(self._named(self._prefix + tag), number)

    def _close(self, name: str, number: float) -> None:
        self._closing[name] = number
        # With include_num_input_tokens_seen the time so far comes with each loss; only the end has the mean of all.
        if "train_loss" in self._closing:
            self._facts.summary = dict(self._closing)
            self._facts.ended = True

    def _named(self, tag: str) -> str:
        """A tag's metric; where two tags claim one, the first has it."""
        if tag not in self._names:
            name = metric_name(tag)
            self._names[tag] = tag if name in self._names.values() else name
        return self._names[tag]

    def _note(self, value: Any) -> None:
        # Hugging Face writes its TrainingArguments as a text.
        if value.tag == "args/text_summary":
            settings = self._reader.settings(value)
            self._facts.config = settings or self._facts.config
            steps = settings.get("max_steps")
            self._facts.total_steps = steps if isinstance(steps, int) and steps > 0 else self._facts.total_steps


class _Reader:
    """What is used of tensorboard, which has no types."""

    def __init__(self) -> None:
        folder = "tensorboard.backend.event_processing"
        try:
            self._loader: Any = importlib.import_module(f"{folder}.event_file_loader").LegacyEventFileLoader
            self.no_event: Any = importlib.import_module("google.protobuf.message").DecodeError
            self._to_array: Any = importlib.import_module("tensorboard.util.tensor_util").make_ndarray
        except ModuleNotFoundError as error:
            raise AssayError(
                f"reading TensorBoard events needs the package {error.name}: pip install 'assay-llm[import]'"
            ) from error

    def opened(self, path: Path) -> Callable[[], Iterable[Any]]:
        """A function that gives the events written since it was called last."""
        return self._loader(str(path)).Load

    def scalar(self, value: Any) -> float | None:
        """The number of a scalar summary, or None for any other summary."""
        kind = value.WhichOneof("value")
        if kind == "simple_value":
            return float(value.simple_value)
        if kind != "tensor" or value.tensor.tensor_shape.dim or value.tag.startswith("_hparams_/"):
            return None
        try:
            array = self._to_array(value.tensor)
        except (TypeError, ValueError):  # of a type that tensorboard does not know
            return None
        return float(array.item()) if array.dtype.kind in "fiu" else None

    def settings(self, value: Any) -> dict[str, Any]:
        """The JSON object in a text summary; empty where there is none."""
        if value.WhichOneof("value") != "tensor":
            return {}
        try:
            text: Any = self._to_array(value.tensor).ravel()[0]
            found: Any = json.loads(text)
        except (ValueError, IndexError, TypeError):
            return {}
        return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def event_files(folder: Path) -> list[Path]:
    """All event files in and below a folder, oldest first, as their names tell."""
    depths = ("/".join(["*"] * depth + [_PATTERN]) for depth in range(_DEPTH + 1))
    files = [path for pattern in depths for path in folder.glob(pattern) if path.is_file()]
    return sorted(files, key=lambda path: (_started(path), path))


def event_folders(folder: Path) -> list[Path]:
    """The folders that are a run of TensorBoard's each, the newest first; those inside another one,
    and parts such as `train` and `validation`, count as part of it.
    """
    newest: dict[Path, int] = {}
    for path in event_files(folder):
        run = path.parent
        run = run.parent if run != folder and run.name.lower() in _PARTS else run
        newest[run] = _started(path)
    tops = [run for run in newest if not any(other in run.parents for other in newest)]
    return sorted(tops, key=lambda run: newest[run], reverse=True)


def run_folder(file: Path) -> Path:
    """The folder that stands for the run an event file belongs to: a trainer's output folder above it, or its own.

    >>> run_folder(Path("/logs/a/validation/events.out.tfevents.1.host")).as_posix()
    '/logs/a'
    """
    own = file.parent.parent if file.parent.name.lower() in _PARTS else file.parent
    return next((folder for folder in [own, *own.parents][: _DEPTH + 1] if is_output_folder(folder)), own)


def is_output_folder(folder: Path) -> bool:
    """Whether this is what a Hugging Face trainer calls its output folder."""
    return any(folder.glob("checkpoint-*/")) or (folder / "training_args.bin").is_file()


def _started(path: Path) -> int:
    found = re.search(r"tfevents\.(\d+)", path.name)
    return int(found[1]) if found else 0
