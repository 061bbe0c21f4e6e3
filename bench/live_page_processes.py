"""The processes of `bench.live_page`: a server that is watched, a writer, and what they leave behind to be read."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from bench.common import ROOT, offline
from bench.live_page_store import LONG
from store.database import Store

__all__ = ["Served", "Writer", "answering", "free_port", "served", "writing"]

STARTING_SECONDS = 60


class Served(NamedTuple):
    """A server that answers."""

    url: str
    pid: int
    times: Path
    """File that `bench.live_page_server` writes to."""

    def script_runs(self, begin: float, end: float) -> list[dict[str, Any]]:
        """What it says of the runs of its script that began in a stretch of time, and have ended."""
        rows = [json.loads(line) for line in self.times.read_text(encoding="utf-8").splitlines()]
        return [row for row in rows if begin <= row["began"] < end]


class Writer:
    """A process that records the long run."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        """`process` runs `bench.live_page_writer`."""
        self._process = process

    def end(self) -> list[tuple[int, float]]:
        """End it; steps and when each was logged."""
        out, _ = self._process.communicate("")
        return [(int(step), float(moment)) for step, moment in json.loads(out)]


@contextmanager
def served(store: Store, times: Path) -> Generator[Served]:
    """The dashboard on a free port."""
    port = free_port()
    times.touch()
    command = [sys.executable, "-m", "bench.live_page_server", str(store.path), str(port), str(times)]
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(command, cwd=ROOT, env=offline())
    with answering(process, f"{url}/healthz"):
        yield Served(url, process.pid, times)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def answering(process: "subprocess.Popen[Any]", url: str) -> Generator[None]:
    """Wait until a server answers; it is ended in the end. Raises OSError where it does not begin to."""
    try:
        _wait_for(url)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + STARTING_SECONDS
    while True:
        try:
            urllib.request.urlopen(url, timeout=10).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@contextmanager
def writing(store: Store, rate: float, seconds: float) -> Generator[Writer]:
    """Go on with the long run at so many steps a second, for so long or until it is ended."""
    first = store.rows("SELECT last_step FROM run WHERE name = $name", {"name": LONG})[0]["last_step"] + 1
    arguments = [str(store.root), LONG, str(first), str(rate), str(seconds)]
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.live_page_writer", *arguments],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield Writer(process)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=30)
