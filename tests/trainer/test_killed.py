"""A run that is killed anywhere, as often as you like, comes to the bits of one that never was."""

import json
import random
import signal

import pytest

import trainer.checkpoint
from store.artifacts import verify
from store.loading import load_spools
from store.runs import show_run
from tests.trainer.seen import active, checkpoints, learned
from tests.trainer.started import run
from trainer.config_file import to_toml
from trainer.session import resume_run, start_run

CHILD = """
import os, shutil, signal, sys
from pathlib import Path
import torch
import store.artifacts, trainer.checkpoint, trainer.shelf
from store.database import Store
from trainer.config_file import config_from, read_toml
from trainer.session import resume_run, start_run
from trainer.step import Engine

torch.set_num_threads(1)
job, place, last = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
calls = 0

def deadly(owner, name):
    real = getattr(owner, name)
    def call(*arguments, **options):
        global calls
        calls += 1
        if calls == last:
            print(name, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **options)
    setattr(owner, name, call)

found = Store.at(place)
resumed = (found.root / "r").exists()
for owner, name in (
    (Engine, "measure"), (torch.optim.AdamW, "step"), (trainer.checkpoint, "save_file"), (store.artifacts, "_sync"),
    (trainer.checkpoint, "announce"), (trainer.shelf, "announce"), (store.artifacts, "announce"), (shutil, "rmtree"),
):
    deadly(owner, name)
resume_run("r", (), found) if resumed else start_run(config_from(read_toml(job)), found)
"""
"""Trains, or goes on, until one of the calls it kills itself at is the `last`."""

STEPS = 8


@pytest.fixture
def killed(config_for, store, tmp_path):
    """Kills a run at those calls, one life each; names of the calls it died in. And the whole run beside it."""

    def kill(calls, **settings):
        settings = {
            "lora__dropout": 0.2, "train__steps": STEPS, "train__eval_every": 2, "checkpoint__every": 2,
            "checkpoint__keep": 1, "checkpoint__stable_after": 2, **settings,
        }  # fmt: skip
        start_run(config_for(run__name="whole", **settings), store)
        job = tmp_path / "job.toml"
        job.write_text(to_toml(config_for(**settings)))
        died_in = []
        for last in calls:
            done = run(job, store.path, last, code=CHILD)
            assert (done.returncode, done.stderr.count("Traceback")) == (-signal.SIGKILL, 0), done.stderr
            died_in.append(done.stdout.strip())
        return died_in

    return kill


def assert_it_is_the_whole_run(store, steps=STEPS):
    resume_run("r", (), store)
    load_spools(store)
    assert learned(checkpoints(store)[-1]) == learned(checkpoints(store, "whole")[-1])
    for name in ("loss", "grad_norm", "val_loss"):
        assert active(store, name) == active(store, name, "whole")
    run = show_run(store, "r")
    assert (run["status"], run["step"]) == ("finished", steps)
    present = {path.name for path in (store.root / "r" / "checkpoints").iterdir()}
    assert present == {folder.name for folder in checkpoints(store)}
    assert [verify(folder)["step"] for folder in checkpoints(store)][-1] == steps
    # What the store says of each checkpoint is what is there.
    told = {item["path"].rsplit("/", 1)[1]: item["state"] for item in run["checkpoints"]}
    assert {name for name, state in told.items() if state != "deleted"} == present


def test_a_run_killed_while_it_writes_checkpoints_loses_nothing_that_was_sealed(killed, store):
    # While the second one is made safe; once it has its name and is not announced; while the first is deleted.
    assert killed([24, 15, 34], train__steps=12) == ["_sync", "rmtree", "rmtree"]
    assert_it_is_the_whole_run(store, steps=12)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["lora", "full"])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_run_killed_at_random_again_and_again_comes_to_the_same_bits(killed, store, method, seed):
    draw = random.Random(seed)
    died_in = killed([draw.randint(24, 44), *(draw.randint(3, 14) for _ in range(5))], train__method=method)
    assert len(set(died_in)) > 1
    assert_it_is_the_whole_run(store)


def test_what_a_step_came_to_is_in_the_spool_before_its_checkpoint_is_sealed(config_for, store, monkeypatch):
    """Who goes on from there does not make the step again."""
    real, found = trainer.checkpoint.seal, {}

    def looked(temporary, final, known):
        spools = (store.root / "r" / "spool").iterdir()
        lines = [json.loads(line) for path in spools for line in path.read_text().splitlines()]
        found[known["step"]] = max(line["s"] for line in lines if line["k"] == "step" and "loss" in line["v"])
        return real(temporary, final, known)

    monkeypatch.setattr("trainer.checkpoint.seal", looked)
    start_run(config_for(train__steps=6, checkpoint__every=1), store)
    assert found == {step: step for step in range(1, 7)}
