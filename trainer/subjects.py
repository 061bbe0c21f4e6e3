"""Which model an evaluation is of, and what training data its items are looked for in."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from evals.leak import LeakReport, check_leaks, training_texts
from evals.run import Subject
from evals.suite import Suite
from store.artifacts import MANIFEST, digest, read_manifest
from trainer.asked import Asked
from trainer.config import DataConfig, ModelConfig
from trainer.model import fingerprint

__all__ = ["artifact_of", "data_files", "leaks_of", "subject_of"]


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
    artifact = artifact_of(asked.config)
    if asked.folder is None or asked.start is None:
        return Subject(asked.name, artifact)
    manifest, run = read_manifest(asked.folder), asked.folder.parents[1]
    if not (run / "spool").is_dir():
        return Subject(asked.name, artifact, artifact_of(asked.start))
    return Subject(
        f"{run.name}@{manifest['step']}", artifact, artifact_of(asked.start), run.name, manifest["branch"],
        manifest["step"],
    )  # fmt: skip


def data_files(config: DataConfig) -> list[str]:
    """Every file a run trains on."""
    named = [config.train, config.general]
    return [path for entry in named for path in ([entry] if isinstance(entry, str) else entry) if path]


def leaks_of(suites: Sequence[Suite], files: Iterable[str]) -> dict[str, LeakReport]:
    """Look for the items of suites in training files; by each suite's digest. Raises DataError as the readers do."""
    texts = list(training_texts(files))
    return {suite.digest: check_leaks(suite.probes, texts) for suite in suites}
