"""A process that is killed for real in the middle of the guard's rollback: who goes on with its run loses nothing."""

import signal
from itertools import pairwise

import pytest

from store.artifacts import verify
from store.loading import load_spools
from store.runs import show_run
from tests.trainer.seen import active, batches, checkpoints, events, learned, metric
from tests.trainer.started import run
from tests.trainer.test_guard import EVERY_TWO, Scripted
from trainer.config_file import to_toml
from trainer.session import resume_run, start_run

STEPS = EVERY_TWO["train__steps"]

ALWAYS_AT_8 = {8: ["rollback"] * 9}
"""A spike that comes back each time step 8 is done, and goes when its samples are left out."""

CHILD = """
import os, signal, sys, time
from pathlib import Path
import torch
import trainer.guard, trainer.parallel.restoring, trainer.rollback
from store.database import Store
from tests.trainer.test_guard import Scripted
from trainer.config_file import config_from, read_toml
from trainer.session import start_run

torch.set_num_threads(1)
job, place, moment, last = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
trainer.guard.Detector = type("Scripted", (Scripted,), {"script": {8: ["rollback"] * 9}})
owner, name, is_after = {
    "weights are back": (trainer.parallel.restoring, "restore_optimizer", False),
    "all is back": (trainer.rollback, "_fork", False),
    "the branch is open": (trainer.rollback, "_fork", True),
}[moment]
real, calls = getattr(owner, name), 0

def deadly(*arguments, **options):
    global calls
    calls += 1
    found = real(*arguments, **options) if is_after else None
    if calls == last:
        if is_after:
            spool = next((place.parent / "r" / "spool").glob("*.jsonl"))
            while spool.read_text().count('{"k":"branch"') < last:
                time.sleep(0.01)
        print(moment, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    return found if is_after else real(*arguments, **options)

setattr(owner, name, deadly)
start_run(config_from(read_toml(job)), Store.at(place))
"""
"""Trains until the guard goes back for the `last` time, and kills itself at that moment of it."""


@pytest.fixture
def spiking(monkeypatch):
    """Puts the same spike in place here."""

    def put():
        script = {step: list(actions) for step, actions in ALWAYS_AT_8.items()}
        monkeypatch.setattr("trainer.guard.Detector", type("Scripted", (Scripted,), {"script": script}))

    return put


def killed(config, store, folder, moment, last):
    job = folder / "job.toml"
    job.write_text(to_toml(config))
    done = run(job, store.path, moment, last, code=CHILD)
    assert (done.returncode, done.stderr.count("Traceback")) == (-signal.SIGKILL, 0), done.stderr
    assert done.stdout.strip().endswith(moment)


def assert_the_history_is_one_piece(store):
    run = show_run(store, "r")
    assert (run["status"], run["step"]) == ("finished", STEPS)
    numbers = [item["branch"] for item in run["branches"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [item["parent"] for item in run["branches"]] == [None, *numbers[:-1]]
    # Each branch goes on from a step that the one before it had, or that one had begun at.
    ends = dict(sorted(metric(store, "loss")))
    for before, item in pairwise(run["branches"]):
        assert item["fork_step"] <= max(ends.get(before["branch"], 0), before["fork_step"])
    for folder in checkpoints(store):
        verify(folder)
    present = {path.name for path in (store.root / "r" / "checkpoints").iterdir()}
    told = {item["path"].rsplit("/", 1)[1]: item["state"] for item in run["checkpoints"]}
    assert {name for name, state in told.items() if state != "deleted"} == present


@pytest.mark.parametrize(
    ("moment", "last"),
    [
        ("weights are back", 1),
        pytest.param("all is back", 2, marks=pytest.mark.slow),
        pytest.param("the branch is open", 2, marks=pytest.mark.slow),
    ],
)
def test_a_run_that_is_killed_while_the_guard_goes_back_comes_to_the_same_bits(
    config_for, store, spiking, tmp_path, moment, last
):
    spiking()
    start_run(config_for(run__name="whole", **EVERY_TWO), store)
    killed(config_for(**EVERY_TWO), store, tmp_path, moment, last)
    load_spools(store)
    done = metric(store, "loss")
    spiking()
    resume_run("r", (), store)
    load_spools(store)
    assert_the_history_is_one_piece(store)
    # What was acknowledged is there: the newest lines may be on their way for up to 50 ms.
    assert done.items() <= metric(store, "loss").items()
    for name in ("adapter_model.safetensors", "optimizer.safetensors"):
        assert learned(checkpoints(store)[-1])[name] == learned(checkpoints(store, "whole")[-1])[name]
    assert active(store, "loss") == active(store, "loss", "whole")
    rungs = [(item["data"] or {}).get("rung") for item in show_run(store, "r")["branches"]]
    assert rungs.count("leave-out") == 1
    assert [over["data"]["cause"] for over in events(store, "spike-over")] == ["batch-linked"]
    assert [row["update"] for row in batches(store, "r")][-1] == [row["update"] for row in batches(store, "whole")][-1]
