"""Two runs at once: one trains here, the other in a process of its own, which ends when this one does.

    with waiting(store) as second:          loads what training needs, and waits
        with second.train(config) as other:
            mine = start_run(another, store)
        other.ended

`python -m trainer.demo.beside STORE` is that other process.
"""

import json
import os
import select
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
from trainer.demo.allocator import keep_freed_memory

__all__ = ["Other", "Second", "Told", "waiting"]

DELAY = 20.0
"""Seconds before it loads what training needs."""

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


class Second:
    """A process that waits for a run to train."""

    def __init__(self, child: "subprocess.Popen[bytes]", folder: Path) -> None:
        """`folder` is where it says what went wrong."""
        self._child, self._folder = child, folder

    @contextmanager
    def train(self, config: Config) -> Generator[Other]:
        """Train a run there; leaving the block waits for it, an error in it stops it. Once for each process.

        Raises AssayError where the run could not be trained.
        """
        file = self._folder / "config.toml"
        file.write_text(to_toml(config), encoding="utf-8")
        assert self._child.stdin is not None, "it was made with a pipe"
        self._child.stdin.write(f"{file}\n".encode())
        self._child.stdin.flush()
        other = Other()
        try:
            yield other
            other.ended = _ended(self._child, config.run.name, self._folder / "stderr")
        finally:
            _end(self._child)


@contextmanager
def waiting(store: Store, *, threads: int = 1) -> Generator[Second]:
    """A process that has loaded what training needs: that takes seconds, while something else is trained here."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-P", "-m", "trainer.demo.beside", str(store.path)]
        with (Path(folder) / "stderr").open("wb") as said:
            # In a session of its own: Ctrl-C reaches this process alone, which then ends the other in its order.
            child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, start_new_session=True,
                env={**os.environ, "OMP_NUM_THREADS": str(threads)},
            )  # fmt: skip
        try:
            yield Second(child, Path(folder))
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
    if child.stdin and not child.stdin.closed:
        child.stdin.close()
    try:
        child.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stdout:
        child.stdout.close()


def _main(database: str) -> int:
    keep_freed_memory()
    # Not at once, while the other side loads the same; unless there is a run to train already, or nobody left.
    select.select([0], [], [], DELAY)
    from trainer.session import start_run  # noqa: PLC0415 - this is what takes seconds; the other side starts us early

    file = _line()
    if not file:
        return 0
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    try:
        ended = start_run(config_from(read_toml(Path(file))), Store.at(database))
    except AssayError as error:
        click.echo(error, err=True)
        return 2
    outcome = ended.outcome
    found = {"name": ended.name, "folder": str(ended.folder), "stopped": outcome.stopped_by is not None}
    click.echo(json.dumps({**found, "val_loss": outcome.state.val_loss}))
    return 0


def _line() -> str:
    """A line of the standard input; empty at its end. Not through sys.stdin, which would read on."""
    found = b""
    while (byte := os.read(0, 1)) not in (b"", b"\n"):
        found += byte
    return found.decode()


def _stop_with_parent() -> None:
    # Not through sys.stdin: Python cannot end while a thread waits in there.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
