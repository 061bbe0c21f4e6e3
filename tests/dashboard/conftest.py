"""Stores and servers for the dashboard's tests, made the way people make them: by recording, loading, serving."""

import json
import math
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import streamlit as st

import assay
from assay.recording import Run
from store.database import Store
from store.loading import load_spools


def loss_at(step: int) -> float:
    return 1.0 + 2.0 * math.exp(-step / 30)


def log_steps(run: Run, first: int, last: int, *, spike: float = 0.0) -> None:
    for step in range(first, last + 1):
        loss = loss_at(step) + spike
        values = {
            "loss": loss, "lr": 1e-4, "grad_norm": 0.5 + spike, "tokens_per_s": 1000.0 + step,
            "loss/general": loss + 0.1, "loss/medical": loss - 0.1,
            "group/embed/rms": 0.1, "group/last/rms": 0.2, "accuracy": 0.5,
        }  # fmt: skip
        run.log(step, values)
        if step % 10 == 0:
            run.log(step, val_loss=loss_at(step) + 0.05)


def record_rollback(root: Path) -> None:
    run = assay.run("triage", store=root, total_steps=200, project="clinic", tags=("lora",))
    log_steps(run, 1, 60)
    log_steps(run, 61, 80, spike=3.0)
    for step, state in ((30, "stable"), (60, "stable"), (75, "suspect")):
        path = f"triage/checkpoints/{step}"
        run.record("checkpoint", s=step, b=1, state=state, path=path, sha256=None, bytes=1, data={})
    run.fork(after=60, reason="rollback")
    log_steps(run, 61, 99)
    run.log(100, loss=math.nan, grad_norm=math.inf)
    run.log(101, loss=1.25)
    run.finish()


@pytest.fixture(scope="session")
def full_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """One run rolled back, one failed, one watched, one that has only begun."""
    root = tmp_path_factory.mktemp("full")
    record_rollback(root)
    with pytest.raises(RuntimeError), assay.run("broken", store=root, total_steps=50) as run:
        run.log(1, loss=2.0)
        raise RuntimeError("CUDA out of memory")
    watched = assay.run("watched", store=root)
    watched.facts(source="/logs/qwen")
    log_steps(watched, 1, 5)
    watched.finish()
    begun = assay.run("begun", store=root, total_steps=10)
    begun.finish()
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    # As a run looks while it goes on: `begun` has said nothing but that it runs.
    store.transaction(lambda tx: tx.execute("UPDATE run SET status = 'running', ended = NULL WHERE name = 'begun'"))
    return store


@pytest.fixture
def empty_store(tmp_path: Path) -> Store:
    store = Store.at(tmp_path / "assay.duckdb")
    store.create()
    return store


@pytest.fixture
def missing_store(tmp_path: Path) -> Store:
    return Store.at(tmp_path / "nothing" / "assay.duckdb")


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    st.cache_data.clear()


class Served(NamedTuple):
    """A server that answers."""

    url: str
    process: "subprocess.Popen[str]"


def dash_command(store: Path, *more: str) -> list[str]:
    return [sys.executable, "-P", "-m", "assay", "dash", "--store", str(store), "--no-browser", *more]


@contextmanager
def served(store: Path, folder: Path) -> Iterator[Served]:
    """Serve on a free port from `folder`, until the context ends."""
    process = subprocess.Popen(dash_command(store, "--port", "0"), cwd=folder, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stderr.readline() if process.stderr else ""
        found = re.search(r"http://\S+", line)
        assert found, line
        wait_for(found[0])
        yield Served(found[0], process)
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stderr:
            process.stderr.close()


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            health(url)
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


def health(url: str) -> dict[str, str]:
    with urllib.request.urlopen(f"{url}/healthz", timeout=10) as answer:
        return json.load(answer)


@pytest.fixture(scope="session")
def serve() -> Callable[..., Any]:
    """`with serve(store, folder) as served:` runs the real server on a free port, started from `folder`."""
    return served


@pytest.fixture(scope="session")
def ask_health() -> Callable[[str], dict[str, str]]:
    """What a server says of itself."""
    return health


@pytest.fixture(scope="session")
def dash() -> Callable[..., list[str]]:
    """The command line of `assay dash`."""
    return dash_command
