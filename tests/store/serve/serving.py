"""A server as people start it: a process of its own on a free port of this machine."""

import json
import os
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import duckdb

from store.database import Store
from store.serve.remote import Service
from store.serve.tokens import add_token


def free_port() -> int:
    """Below those that the system gives to clients: one that tries a dead server's port may be given that very port."""
    # Not the chance that tests set, which may be the same in another process of theirs.
    chance = random.SystemRandom()
    while True:
        with suppress(OSError), socket.create_server(("127.0.0.1", chance.randrange(10_000, 30_000))) as found:
            return found.getsockname()[1]


class Served:
    """`assay serve` over a store; it can be killed and started again at the same address."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = Store.at(root / "assay.duckdb")
        self.port = free_port()
        self.said: list[str] = []
        self._has_started = False
        self._process: subprocess.Popen | None = None

    @property
    def address(self) -> str:
        return f"quack://127.0.0.1:{self.port}"

    def start(self, largest_file: int | None = None) -> "Served":
        """`largest_file`: bytes at which its files are full, as on a disk without room."""
        line = self._begun(largest_file)
        while "something does already" in line and not self._has_started:
            # Taken since it was found free.
            self._wait()
            self.port = free_port()
            line = self._begun(largest_file)
        if self.address not in line:
            self._wait()
            raise AssertionError(line, self.said)
        self._has_started = True
        return self

    def _begun(self, largest_file: int | None) -> str:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "assay", "serve", "--store", str(self.root), "--port", str(self.port)],
            stderr=subprocess.PIPE, text=True, env=environment(),
        )  # fmt: skip
        if largest_file is not None:
            resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (largest_file, resource.RLIM_INFINITY))
        return self._process.stderr.readline()

    def kill(self) -> None:
        self._process.kill()
        self._wait()

    def stop(self) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGINT)
        return self._wait()

    def _wait(self) -> int:
        self.said += self._process.stderr.read().splitlines()
        status = self._process.wait(30)
        self._process.stderr.close()
        self._process = None
        return status

    def token(self, kind: str, name: str | None = None) -> str:
        return add_token(self.store, name or f"a-{kind}", kind)

    def service(self, token: str) -> Service:
        return Service(self.address, token)

    def ask(self, sql: str, token: str) -> duckdb.DuckDBPyRelation:
        """What any program with DuckDB would send."""
        return self.service(token).ask(sql)


def environment(**more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ASSAY_")}
    return {**kept, "OMP_NUM_THREADS": "1", **more}


def assay(*arguments: str, folder: Path, **variables: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "assay", *arguments], cwd=folder, env=environment(**variables), capture_output=True,
        text=True, timeout=120,
    )  # fmt: skip


def recorded(folder: Path, name: str, steps: int) -> Path:
    """A run as a trainer leaves it: with its spool, and nothing loaded. Returns its folder."""
    import assay as recorder  # noqa: PLC0415 - the name is taken here

    (folder / "runs").mkdir(parents=True, exist_ok=True)
    with recorder.run(name, store=folder / "runs") as run:
        for step in range(1, steps + 1):
            run.log(step, loss=1.0 / step)
    return folder / "runs" / name


def steps_of(store: Store, run: str) -> list[int]:
    """Steps of `loss` that the store holds, as often as it holds them."""
    rows = store.rows(
        "SELECT m.step FROM metric m JOIN run r ON r.id = m.run_id JOIN metric_name n ON n.id = m.metric_id "
        "WHERE r.name = $run AND n.name = 'loss' ORDER BY m.step",
        {"run": run},
    )
    return [row["step"] for row in rows]


def wait_until(happened, *, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def as_json(done: subprocess.CompletedProcess):
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def one_sentence(stderr: str) -> str:
    [line] = [line for line in stderr.splitlines() if line]
    assert re.fullmatch(r"assay: .*", line), line
    return line.removeprefix("assay: ")
