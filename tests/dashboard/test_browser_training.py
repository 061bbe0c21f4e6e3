"""A real training run, followed and stopped in a real browser."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress

import pytest

from store.artifacts import sealed_folders
from store.database import Store
from store.errors import StoreError
from store.runs import show_run

pytest.importorskip("playwright", reason="playwright is not installed")
pytest.importorskip("torch", reason="torch is not installed")

from tests.dashboard.looking import Frames, charts, follow
from trainer.demo.tiny import make_model

pytestmark = pytest.mark.browser

ROWS = [{"instruction": f"What is {n} plus {n}?", "output": f"It is {2 * n}."} for n in range(24)]

_COLLECT = """() => {
    window.steps = new Set();
    const note = () => document.querySelectorAll('.a-step').forEach(e => window.steps.add(e.textContent));
    new MutationObserver(note).observe(document.body, {childList: true, subtree: true, characterData: true});
}"""


@contextmanager
def training(folder, root, steps):
    """`assay train` on a two-layer model of width 32, in a process of its own."""
    model, rows = folder / "model", folder / "rows.jsonl"
    make_model(model, [row["instruction"] + row["output"] for row in ROWS], seed=0, vocabulary=400, width=32, layers=2)
    rows.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    values = {
        "run.name": "tiny", "train.steps": steps, "train.batch_size": 4, "train.eval_every": 50, "train.device": "cpu",
        "data.validation": 0.2, "checkpoint.every": 100_000, "record.system_seconds": 0,
        "eval.samples": 0,
    }  # fmt: skip
    settings = [part for name, value in values.items() for part in ("--set", f"{name}={value}")]
    command = [
        sys.executable, "-P", "-m", "assay", "train", "--model", str(model), "--data", str(rows), "--store", str(root),
        *settings,
    ]  # fmt: skip
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env={**os.environ, "OMP_NUM_THREADS": "1"})
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait(timeout=30)


def test_a_training_run_is_followed_to_its_end_and_then_let_rest(watched, tmp_path):
    page, url, root = watched
    frames = Frames(page)
    with training(tmp_path, root, 300) as process:
        page.goto(f"{url}/run?run=tiny&lang=en")
        page.evaluate(_COLLECT)
        follow(page, "running.*step [1-9]", 120)
        charts(page)
        follow(page, "finished.*step 300 of 300", 120)
        assert process.wait(timeout=60) == 0
    seen = {int(found[1]) for words in page.evaluate("[...steps]") if (found := re.match(r"step (\d+) of", words))}
    assert len(seen) >= 3
    frames.silent(3)
    assert page.get_by_text("safe to return to").count() == 0
    assert page.get_by_role("button", name="Stop and save").count() == 0


def stand_still(process, store):
    """A trainer that stands still takes nothing; nor may it stand with the store's lock in its hands."""
    for _ in range(100):
        process.send_signal(signal.SIGSTOP)
        with suppress(StoreError):
            store.transact([], timeout=1)
            return
        process.send_signal(signal.SIGCONT)
        time.sleep(0.05)
    raise AssertionError("it never let go of the store")


def test_stop_and_save_waits_is_taken_and_ends_the_run_with_a_checkpoint(watched, tmp_path):
    page, url, root = watched
    with training(tmp_path, root, 100_000) as process:
        page.goto(f"{url}/run?run=tiny&lang=en")
        follow(page, "running.*step [1-9]", 120)
        stand_still(process, Store.at(root / "assay.duckdb"))
        page.get_by_role("button", name="Stop and save").click()
        page.locator(".a-asked").get_by_text("waiting: ").wait_for(timeout=30_000)
        assert page.get_by_role("button", name="Stop and save").is_disabled()
        process.send_signal(signal.SIGCONT)
        follow(page, "finished", 60)
        assert process.wait(timeout=60) == 0
        page.get_by_text(re.compile(r"stopped at step [\d,]+ of 100,000 by ")).wait_for(timeout=30_000)
        page.get_by_text("Checkpoints", exact=True).click()
        page.locator(".a-heading", has_text="1 checkpoint").wait_for(timeout=30_000)
    run = show_run(Store.at(root / "assay.duckdb"), "tiny")
    [folder] = sealed_folders(root / "tiny" / "checkpoints")
    assert (folder.name, run["status"]) == (f"{run['step']:08d}-b1", "finished")
