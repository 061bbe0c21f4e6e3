"""Two runs at once: one trains here, the other in a process of its own, which ends when this one does.

    with beside(config, store) as other:
        mine = start_run(another, store)
    other.ended

`python -m trainer.demo.beside FILE STORE` is that other process.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click

from assay.errors import AssayError
from store.database import Store
from trainer.config import Config
from trainer.config_file import config_from, read_toml, to_toml

__all__ = ["Other", "Told", "beside"]

PATIENCE = 60
"""Seconds the other process has to save and end when it is told to."""


class Told(NamedTuple):
    """A run that was trained."""

    name: str
    """Its name."""

    folder: Path
    """Its folder."""

    stopped: bool
    """Whether someone stopped it before its end."""

    val_loss: float | None
    """Its last validation loss."""


class Other:
    """The run that trains beside this process."""

    ended: Told
    """What became of it, once the block is over."""


@contextmanager
def beside(config: Config, store: Store, *, threads: int = 1) -> Generator[Other]:
    """Train a run in a process of its own; leaving the block waits for it, an error there stops it.

    Raises AssayError where the run could not be trained.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.toml"
        file.write_text(to_toml(config), encoding="utf-8")
        command = [sys.executable, "-P", "-m", "trainer.demo.beside", str(file), str(store.path)]
        # In a session of its own: Ctrl-C reaches this process alone, which then ends the other in its order.
        errors = Path(folder) / "stderr"
        with errors.open("wb") as said:
            child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, start_new_session=True,
                env={**os.environ, "OMP_NUM_THREADS": str(threads)},
            )  # fmt: skip
        other = Other()
        try:
            yield other
            other.ended = _ended(child, config.run.name, errors)
        finally:
            _end(child)


def _ended(child: "subprocess.Popen[bytes]", name: str, errors: Path) -> Told:
    assert child.stdout is not None, "it was made with a pipe"
    # Its input stays open: the end of it would tell the process to stop.
    said = child.stdout.read()
    if child.wait() != 0:
        last = errors.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
        raise AssayError(last or f"run {name} ended with {child.returncode}")
    found = json.loads(said)
    return Told(found["name"], Path(found["folder"]), found["stopped"], found["val_loss"])


def _end(child: "subprocess.Popen[bytes]") -> None:
    """Tell the process to save and stop, unless it has ended."""
    if child.poll() is None:
        try:
            child.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe:
            pipe.close()


def _main(file: str, database: str) -> int:
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    from trainer.session import start_run  # noqa: PLC0415 - torch takes seconds, and the thread above must not wait

    try:
        ended = start_run(config_from(read_toml(Path(file))), Store.at(database))
    except AssayError as error:
        click.echo(error, err=True)
        return 2
    outcome = ended.outcome
    found = {"name": ended.name, "folder": str(ended.folder), "stopped": outcome.stopped_by is not None}
    click.echo(json.dumps({**found, "val_loss": outcome.state.val_loss}))
    return 0


def _stop_with_parent() -> None:
    # Not through sys.stdin: Python cannot end while a thread waits in there.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
