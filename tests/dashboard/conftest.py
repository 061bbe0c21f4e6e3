"""Stores and servers for the dashboard's tests, made the way people make them: by recording, loading, serving."""

import json
import math
import re
import shutil
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
from streamlit.components.v2 import manifest_scanner

import assay
from assay.recording import Run
from dashboard import kept_runs
from evals.text import read_samples
from store.database import Store
from store.loading import load_spools
from store.pins import pin
from tests.dashboard.released import Released, again, released_store


@pytest.fixture(scope="session", autouse=True)
def _packages_looked_at_once() -> Iterator[None]:
    """Streamlit reads the metadata of all packages for each app that is started, which takes most of a page's test."""
    found = manifest_scanner.scan_component_manifests()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", lambda *_, **__: found)
        yield


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


ROWS = 8
"""Samples of triage: six of its file, then two of the general one."""

PROVENANCE = {
    "command": ["assay", "train", "my config.toml"], "folder": "/home/ann", "host": "box", "python": "3.11.7",
    "git": {"commit": "0123456789abcdef0123", "changed": True, "diff": "-old line\n+new line\n", "diff_cut": False},
    "packages": {"duckdb": "1.5.5", "torch": "2.13.0"}, "hardware": {"cpus": 2, "memory_bytes": 25_276_514_304},
}  # fmt: skip


def write_rows(root: Path) -> list[Path]:
    """The two data files of triage; each row says its number."""
    files = [root / "complaints.jsonl", root / "facts.jsonl"]
    for file, rows in zip(files, (range(6), range(2)), strict=True):
        lines = [
            json.dumps({"instruction": f"<i>ask</i> {row}", "output": f"answer {row} of {file.stem}"}) for row in rows
        ]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return files


def record_data(run: Run, files: list[Path]) -> None:
    """Both files; the last row of the first one is held out, so it is listed twice, as the trainer does."""
    digests = ["a" * 64, "b" * 64]
    for file, digest, first, role, rows in zip(files, digests, (0, 6), ("train", "general"), (5, 2), strict=True):
        run.record("dataset", path=str(file), sha256=digest, rows=rows, role=role, first_row=first)
        samples = [[item.row, None, file.stem, None, item.hash] for item in read_samples(file)]
        run.record("samples", dataset=digest, rows=samples)
    run.record("dataset", path=str(files[0]), sha256=digests[0], rows=1, role="validation", first_row=0)


def log_batches(run: Run, first: int, last: int, *, loss: float) -> None:
    """Two samples a step, one after the other; the loss of each grows with its number."""
    for step in range(first, last + 1):
        rows = [2 * step % ROWS, (2 * step + 1) % ROWS]
        verdict = "skip" if step == 70 else "commit"
        batch = {"update": step, "rows": rows, "losses": [loss + row for row in rows], "verdict": verdict}
        run.log_batch(step, {}, batch)


def record_rollback(root: Path) -> None:
    run = assay.run("triage", store=root, total_steps=200, project="clinic", tags=("lora",))
    config = {"run": {"name": "triage"}, "checkpoint": {"every": 30}, "data": {"train": "complaints.jsonl"}}
    run.facts(config=config, provenance=PROVENANCE)
    record_data(run, write_rows(root))
    log_steps(run, 1, 60)
    log_batches(run, 1, 60, loss=1.0)
    log_steps(run, 61, 80, spike=3.0)
    log_batches(run, 61, 80, loss=100.0)
    for step, state, val_loss in ((30, "stable", 2.0), (60, "stable", 1.5), (75, "suspect", 0.5)):
        path, data = f"triage/checkpoints/{step}", {"update": step, "val_loss": val_loss}
        run.record("checkpoint", s=step, b=1, state=state, path=path, sha256=None, bytes=13_451_368, data=data)
    run.event("data", "<b>2 rows</b> are cut", level="warning")
    run.event("guard", "jump of the loss", level="alarm", step=75)
    run.fork(after=60, reason="rollback")
    log_steps(run, 61, 99)
    log_batches(run, 61, 99, loss=1.0)
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
    pin(store, "triage/checkpoints/30", target_kind="checkpoint", run_id=None, holder="child", holder_kind="run")
    (root / "triage" / "log.txt").write_text("step 1\nstep 2 <b>bold</b>\n", encoding="utf-8")
    # As a run looks while it goes on: `begun` has said nothing but that it runs. However long the tests take, it
    # does not fall silent.
    alive = "status = 'running', ended = NULL, heartbeat = heartbeat + INTERVAL 1 DAY"
    store.transaction(lambda tx: tx.execute(f"UPDATE run SET {alive} WHERE name = 'begun'"))
    return store


@pytest.fixture(scope="session")
def untouched_releases(tmp_path_factory: pytest.TempPathFactory) -> Released:
    """What `whole_releases` is a copy of: even to look at a page is written to the audit log."""
    return released_store(tmp_path_factory.mktemp("released") / "runs")


@pytest.fixture(scope="module")
def whole_releases(untouched_releases: Released, tmp_path_factory: pytest.TempPathFactory) -> Released:
    """Two versions, the first one live again; not to be changed, but by looking at pages."""
    return again(untouched_releases, tmp_path_factory.mktemp("looked_at") / "runs")


@pytest.fixture
def empty_store(tmp_path: Path, blank: Path) -> Store:
    return Store.at(shutil.copy(blank, tmp_path / blank.name))


@pytest.fixture
def missing_store(tmp_path: Path) -> Store:
    return Store.at(tmp_path / "nothing" / "assay.duckdb")


@pytest.fixture(autouse=True)
def _fresh_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    st.cache_data.clear()
    # Tests change a store and look at once.
    monkeypatch.setattr(kept_runs, "SELDOM", 0.0)


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


CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A real browser; the test is skipped where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"no {CHROMIUM}")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def watched(tmp_path: Path, browser: Any) -> Iterator[tuple[Any, str, Path]]:
    """A blank page, the address of a server, and the folder of its store.

    The test fails for a script error, a fetch from elsewhere, or an exception shown on the page.
    """
    root = tmp_path / "runs"
    with served(root, tmp_path) as server:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
        page = context.new_page()
        wrong: list[str] = []
        page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: wrong.append(asked.url) if _is_remote(asked.url, server.url) else None)
        yield page, server.url, root
        wrong += page.locator("[data-testid=stException]").all_inner_texts()
        context.close()
        assert wrong == []


def _is_remote(url: str, own: str) -> bool:
    return not url.startswith((own, own.replace("http", "ws"), "data:", "blob:"))
