"""Processes as torchrun starts them, without the seconds that each takes to load torch: forked from one that has."""

import importlib
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import torch

from assay.cli import main

PRELOADED = [
    "trainer.session",
    "trainer.parallel.following",
    "torch.distributed.fsdp",
    "tests.trainer.parallel.launched",
    "pandas",  # which DuckDB loads at the first value of a query
]

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(PRELOADED)


class Ended(NamedTuple):
    """How one process ended."""

    code: int
    out: str
    err: str


@dataclass
class Launched:
    """Processes that train together; `assay train` with arguments."""

    processes: list[Any]
    folder: Path

    def wait(self, seconds: float = 120.0) -> list[Ended]:
        deadline = time.monotonic() + seconds
        for process in self.processes:
            process.join(max(0.0, deadline - time.monotonic()))
        late = [process for process in self.processes if process.exitcode is None]
        for process in late:
            process.kill()
            process.join()
        ended = [
            Ended(process.exitcode, *((self.folder / f"{rank}.{name}").read_text() for name in ("out", "err")))
            for rank, process in enumerate(self.processes)
        ]
        assert not late, f"still running: {ended}"
        return ended

    def signal(self, number: signal.Signals, *ranks: int) -> None:
        for rank in ranks:
            os.kill(self.processes[rank].pid, number)


def launch(folder: Path, *arguments: object, size: int = 2, harm: str = "") -> Launched:
    """Start `assay train` in several processes; each first calls a function of the module `harm`, `name:argument`."""
    place = folder / f"launched-{time.monotonic_ns()}"
    place.mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = [
        CONTEXT.Process(target=_train, args=(rank, size, port, place, [str(item) for item in arguments], harm))
        for rank in range(size)
    ]
    with _no_main():
        for process in processes:
            process.start()
    return Launched(processes, place)


@contextmanager
def _no_main() -> Iterator[None]:
    """Nothing to run again in each process; tests of pages leave a page's script as the main module."""
    was, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = was


def train_together(folder: Path, *arguments: object, size: int = 2, harm: str = "") -> list[Ended]:
    """The same, waited for; every process must end with 0."""
    ended = launch(folder, *arguments, size=size, harm=harm).wait()
    assert [one.code for one in ended] == [0] * size, ended
    return ended


def _train(rank: int, size: int, port: int, place: Path, arguments: list[str], harm: str) -> None:
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(place / f"{rank}.{name}", os.O_WRONLY | os.O_CREAT), number)
    os.environ |= {
        "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(size), "LOCAL_WORLD_SIZE": str(size),
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    if size == 1:
        for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE"):
            del os.environ[name]
    torch.set_num_threads(1)
    if harm:
        name, *arguments_of = harm.split(":")
        getattr(importlib.import_module("tests.trainer.parallel.harm"), name)(*arguments_of)
    sys.argv = ["assay", "train", *arguments]
    main()
