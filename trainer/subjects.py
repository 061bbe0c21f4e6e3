"""Which model an evaluation is of, and what training data its items are looked for in."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from evals.leak import Leak, LeakReport, TrainingText, check_leaks, training_texts
from evals.run import Asks, Subject
from store.artifacts import MANIFEST, digest, read_manifest
from store.database import Store
from store.evaluations import FOLDER
from trainer.asked import Asked
from trainer.config import Config, ModelConfig
from trainer.config_file import config_from, read_toml
from trainer.lineage import parent_of
from trainer.model import fingerprint
from trainer.pairs import pair_texts

__all__ = ["DataFile", "artifact_of", "data_files", "leaks_of", "start_of", "subject_of"]


RULE = 1
"""Raised where the leak check changes what it finds."""


def artifact_of(config: ModelConfig) -> str:
    """Digest of a model with its adapter: that of the manifest of a checkpoint, else of the files.

    Of a model of the hub, whose files are not ours, that of its name.
    """
    folder = Path(config.adapter or config.path).expanduser()
    if (folder / MANIFEST).is_file():
        return digest(folder)
    return fingerprint(config) or hashlib.sha256(f"hub {config.path} {config.adapter}".encode()).hexdigest()


def subject_of(asked: Asked) -> Subject:
    """The model that was named, as evaluations call it. Raises AssayError where its manifest cannot be read."""
    if asked.folder is None or asked.start is None:
        return Subject(asked.name, artifact_of(asked.config))
    return _checkpoint(asked.name, asked.folder, asked.start)


def start_of(config: ModelConfig, store: Store) -> Subject:
    """What a run begins with: another run's checkpoint by its own name, anything else by its folder.

    Raises AssayError where a checkpoint's manifest or configuration cannot be read.
    """
    name, parent = config.adapter or config.path, parent_of(config.adapter or config.path, store)
    if parent is None:
        return Subject(name, artifact_of(config))
    folder = store.root / parent.path
    return _checkpoint(name, folder, config_from(read_toml(folder / "config.toml")).model)


def _checkpoint(name: str, folder: Path, start: ModelConfig) -> Subject:
    artifact, run = digest(folder), folder.parents[1]
    if not (run / "spool").is_dir():
        return Subject(name, artifact, artifact_of(start))
    manifest = read_manifest(folder)
    branch, step = manifest["branch"], manifest["step"]
    return Subject(f"{run.name}@{step}", artifact, artifact_of(start), run.name, branch, step)


class DataFile(NamedTuple):
    """A file that was trained on."""

    path: str
    """The file, or FOLDER/dataset_info.json:NAME."""

    columns: tuple[tuple[str, str], ...]
    """Its columns by our names."""

    pairs: bool = False
    """Whether its rows are preferences."""


def data_files(config: Config) -> list[DataFile]:
    """Every file a run trains on."""
    # Those of general data are its own.
    named = [(config.data.train, tuple(sorted(config.data.columns.items()))), (config.data.general, ())]
    return [
        DataFile(path, columns, config.train.stage == "dpo")
        for entry, columns in named
        for path in ([entry] if isinstance(entry, str) else entry)
        if path
    ]


def leaks_of(suites: Iterable[Asks], files: Sequence[DataFile], root: Path) -> dict[str, LeakReport]:
    """Look for the items of suites in training files; by each suite's digest.

    What was looked for before is read from its file below `root`. Raises DataError as the readers do, OSError.
    """
    return {suite.digest: _leaks(suite, files, root) for suite in suites}


def _leaks(suite: Asks, files: Sequence[DataFile], root: Path) -> LeakReport:
    stamps = [(*file, *_stamp(file)) for file in files]
    key = hashlib.sha256(json.dumps([RULE, suite.digest, stamps]).encode()).hexdigest()[:32]
    place = root / FOLDER / "leaks" / f"{key}.json"
    if place.is_file():
        with suppress(ValueError, KeyError, TypeError):
            return _report(json.loads(place.read_bytes()))
    texts = chain.from_iterable(map(_texts, files))
    report = check_leaks(suite.probes, texts)
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps(asdict(report), ensure_ascii=False), encoding="utf-8", errors="replace")
    new.replace(place)
    return report


def _texts(file: DataFile) -> Iterator[TrainingText]:
    columns = dict(file.columns)
    return pair_texts(file.path, columns) if file.pairs else training_texts([file.path], columns)


def _report(fields: dict[str, Any]) -> LeakReport:
    return LeakReport(**{**fields, "leaked": tuple(Leak(**leak) for leak in fields["leaked"])})


def _stamp(file: DataFile) -> tuple[int, int]:
    """What changes when a file does."""
    place = file.path.rpartition(":")[0] if ".json:" in file.path else file.path
    try:
        status = Path(place).stat()
    except OSError:
        return (0, 0)
    return status.st_size, status.st_mtime_ns
