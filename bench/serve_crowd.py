"""The processes of `bench.serve`: trainers that deliver, readers that ask what Run · Curves asks, and a server."""

import subprocess
import sys
import time
from contextlib import chdir
from pathlib import Path
from typing import Any

import psutil

import assay
from bench.common import ROOT
from bench.crowd import NAMES
from dashboard.kept_runs import KeptRuns
from dashboard.queries.curves import Span, series
from store.database import Store
from store.errors import StoreError

__all__ = ["PERIOD", "ROLES", "STARTING_SECONDS", "TIME", "ServerProcess"]

PERIOD = 1 / 20
"""Seconds between two steps."""

READ_EVERY = 2.0

STARTING_SECONDS = 45
"""While all processes start, nothing is measured."""

TIME = NAMES[0]
"""The value that holds when its step was recorded."""


def write(folder: Path, number: int, until: float, address: str) -> dict[str, Any]:
    """Record a run of 20 values a step; `steps` is how many it has."""
    place = folder / f"trainer-{number}"
    (place / "runs").mkdir(parents=True, exist_ok=True)
    steps, next_at = 0, time.time()
    with chdir(place), assay.run(f"run-{number}", store=address) as run:
        while time.time() < until:
            steps += 1
            run.log(steps, {name: time.time() if name == TIME else 1.0 / steps for name in NAMES})
            next_at += PERIOD
            time.sleep(max(0.0, next_at - time.time()))
    return {"steps": steps, "errors": []}


def read(_: Path, number: int, until: float, address: str) -> dict[str, Any]:
    """Ask what a viewer of a run is shown each 2 s, its facts and curves; `lags` are ages of the newest step."""
    store, kept = Store.at(address), KeptRuns()
    reads: list[float] = []
    lags: list[float] = []
    errors: list[str] = []
    turn, measured_from = number, time.time() + STARTING_SECONDS
    while time.time() < until:
        began, turn = time.time(), turn + 1
        try:
            names = [row["name"] for row in store.rows("SELECT name FROM run ORDER BY name")]
            if names:
                now = kept.now(store, names[turn % len(names)])
                assert now is not None
                found = series(store, now.facts["id"], ("loss", TIME), Span(), 400)
                times = [row["last"] for row in found.points.to_pylist() if row["metric"] == TIME]
                if times and now.facts["status"] == "running" and began > measured_from:
                    lags.append(time.time() - max(times))
            if began > measured_from:
                reads.append(time.time() - began)
        except StoreError as error:
            errors.append(str(error))
        time.sleep(max(0.0, READ_EVERY - (time.time() - began)))
    return {"reads": reads, "lags": lags, "errors": errors}


ROLES = {"write": write, "read": read}


class ServerProcess:
    """`assay serve` at an address that stays the same."""

    def __init__(self, root: Path, port: int) -> None:
        """Nothing is started yet."""
        self._command = [sys.executable, "-m", "assay", "serve", "--store", str(root), "--port", str(port)]
        self._log = root.parent / "server.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.memory: list[int] = []
        """Bytes it took, one a look."""
        self.cores = 0.0
        """Share of a core that it took, from the first look to the last."""
        self._first: tuple[float, float] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        with self._log.open("ab") as log:
            before = self._log.stat().st_size
            self._process = subprocess.Popen(self._command, cwd=ROOT, stderr=log)
        while b"at quack://" not in self._log.read_bytes()[before:]:
            assert self._process.poll() is None, self._log.read_text()
            time.sleep(0.02)

    def look(self) -> None:
        """Note how much memory it takes now, and how much of the processor it has taken."""
        assert self._process is not None
        process = psutil.Process(self._process.pid)
        self.memory.append(process.memory_info().rss)
        times = process.cpu_times()
        now = (time.time(), times.user + times.system)
        self._first = self._first or now
        self.cores = (now[1] - self._first[1]) / max(1.0, now[0] - self._first[0])

    def kill(self) -> None:
        """End it without a word."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """End it as Ctrl-C does; returns its status."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(60)
