"""Makes the demo's models: each once where it is kept, two at a time where they do not hang on each other."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from assay.errors import AssayError
from assay.version import VERSION
from store.artifacts import ArtifactError, sealed_folders, verify
from store.database import Store
from trainer.config import Config
from trainer.config_file import to_toml
from trainer.demo.beside import Second, Told
from trainer.session import Ended, start_run

__all__ = ["CORES", "THREADS", "Maker", "Stopped"]


CORES = os.cpu_count() or 1

THREADS = max(1, CORES // 2)
"""Of each of two runs at once."""


class Stopped(Exception):  # noqa: N818 - someone's wish, no error
    """Someone stopped a run."""


class Maker:
    """Makes what was not made before, and remembers it in a file beside the material."""

    def __init__(self, store: Store, place: Path, say: Callable[[str], None], seconds: Sequence[Second] = ()) -> None:
        """`place` is the folder of the material, `say` is told in sentences what is done, each of `seconds` can train
        a run beside another.
        """
        self._store, self._say, self._seconds = store, say, list(seconds)
        self._file = place / "made.json"
        self.runs: list[Told] = []
        """Runs that were trained now."""

    def full(self, name: str, config: Config) -> Path:
        """The checkpoint a configuration comes to: the one made before, where it is whole."""
        key = _key(name, config)
        known = self._known().get(key)
        if known is not None:
            folder = self._store.root / known
            try:
                verify(folder)
            except ArtifactError:
                pass
            else:
                self._say(f"The {name} was made before: {known}.")
                return folder
        folder = self.run(config)
        self._remember(key, folder.relative_to(self._store.root).as_posix())
        return folder

    def run(self, config: Config) -> Path:
        """Train, and return the last checkpoint."""
        return self._last(_told(start_run(config, self._store)))

    def two(self, here: Config, there: Config) -> tuple[Path, Path]:
        """Train two runs, at the same time where there is a process for the other; the last checkpoint of each."""
        if not self._seconds:
            return self.run(here), self.run(there)
        self._say(f"{there.run.name} is trained beside {here.run.name}.")
        before = torch.get_num_threads()
        torch.set_num_threads(THREADS)
        with self._seconds.pop().train(there) as other:
            mine = self._last(_told(start_run(here, self._store)))
        torch.set_num_threads(before)
        return mine, self._last(other.ended)

    def _last(self, run: Told) -> Path:
        """The last checkpoint of a run that was trained now."""
        self.runs.append(run)
        if run.stopped:
            raise Stopped
        found = sealed_folders(run.folder / "checkpoints")
        if not found:
            raise AssayError(f"the demo cannot go on: no checkpoint of {run.name} could be written to {run.folder}")
        return found[-1]

    def _known(self) -> dict[str, Any]:
        return json.loads(self._file.read_text(encoding="utf-8")) if self._file.exists() else {}

    def _remember(self, key: str, value: Any) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps({**self._known(), key: value}, indent=1) + "\n", encoding="utf-8")
        new.replace(self._file)


def _told(ended: Ended) -> Told:
    outcome = ended.outcome
    return Told(ended.name, ended.folder, outcome.stopped_by is not None, outcome.state.val_loss)


def _key(name: str, config: Config) -> str:
    """What decides a checkpoint: configuration, data, versions."""
    data = [config.data.train, config.data.general]
    parts = [to_toml(config), VERSION, *(version(item) for item in ("torch", "transformers"))]
    parts += [hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in data if isinstance(path, str) and path]
    return f"{name} {hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:12]}"
