"""A disk that takes part of a checkpoint and no more."""

import os
import re
import resource
import signal
import subprocess
import sys

import pytest
from safetensors import SafetensorError

import assay.cli
from store.artifacts import verify
from store.runs import show_run
from tests.trainer.seen import ENDLESS, Person, checkpoints, learned, metric, said
from trainer.config_file import to_toml
from trainer.demo.tiny import make_model
from trainer.session import start_run

LIMIT = 4 << 20


def test_a_full_disk_costs_the_checkpoint_and_nothing_else(config_for, store, tmp_path):
    """The operating system itself refuses: no file may grow beyond 4 MiB, and the optimizer's needs more."""
    folder = tmp_path / "large"
    make_model(folder, ["one two three"], seed=0, vocabulary=400, width=128, layers=3)
    weights = (folder / "model.safetensors").stat().st_size
    assert weights < LIMIT < 2 * weights
    job = tmp_path / "job.toml"
    config = config_for(
        model__path=str(folder), train__method="full", checkpoint__every=1, train__steps=3, train__eval_every=9
    )
    job.write_text(to_toml(config))

    def small_disk():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))

    done = subprocess.run(
        [sys.executable, "-P", "-m", "assay", "train", str(job), "--store", str(store.path)],
        preexec_fn=small_disk, capture_output=True, text=True, timeout=120,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("Traceback")) == (1, 0)
    assert "at its end after step 3, but what it learned last is lost: no checkpoint could be written" in done.stderr
    assert "next: make room, then assay train --resume r " in done.stdout
    run = show_run(store, "r")
    assert (run["status"], run["step"], len(metric(store, "loss"))) == ("finished", 3, 3)
    alarms = [item for item in run["events"] if item["kind"] == "checkpoint" and item["level"] == "alarm"]
    assert [item["step"] for item in alarms] == [3, 2, 1]
    assert all("File too large" in item["message"] for item in alarms)
    assert list((store.root / "r" / "checkpoints").iterdir()) == []


def test_a_run_that_is_stopped_says_that_it_could_not_save(config_for, store, monkeypatch, tmp_path, capsys):
    job = tmp_path / "job.toml"
    job.write_text(to_toml(config_for(**ENDLESS)))

    def full(*_arguments, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trainer.checkpoint.save_file", full)
    Person(store, "stop-and-save")
    with pytest.raises(SystemExit) as ended:
        assay.cli.main(["train", str(job), "--store", str(store.path)])
    out, err = capsys.readouterr()
    assert ended.value.code == 1
    assert re.search(r"stopped by lin after step \d+, but what it learned last is lost: no checkpoint could be ", err)
    assert "the step is saved" not in err
    assert "next: make room, then assay train --resume r " in out


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (SafetensorError("I/O error: No space left on device (os error 28)"),
         "I/O error: No space left on device (os error 28)"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("where", ["trainer.checkpoint.save_file", "store.artifacts._sync"])
def test_what_is_refused_midway_leaves_earlier_and_later_checkpoints_whole(
    config_for, store, monkeypatch, where, error, says
):
    config = {"checkpoint__every": 1, "checkpoint__keep": 9, "train__steps": 3, "lora__dropout": 0.2}
    start_run(config_for(run__name="whole", **config), store)
    module, _, name = where.rpartition(".")
    real = getattr(sys.modules[module], name)

    def full(*arguments, **options):
        if any("00000002-b1" in str(argument) for argument in arguments):
            real(*arguments, **options)
            raise error
        return real(*arguments, **options)

    monkeypatch.setattr(where, full)
    start_run(config_for(**config), store)
    assert sorted(path.name for path in (store.root / "r" / "checkpoints").iterdir()) == ["00000001-b1", "00000003-b1"]
    for place, folder in zip((0, 2), checkpoints(store), strict=True):
        assert verify(folder)["step"] == place + 1
        assert learned(folder) == learned(checkpoints(store, "whole")[place])
    alarms = [sentence for sentence in said(store, "checkpoint") if sentence.startswith("no checkpoint")]
    assert alarms == [f"no checkpoint could be written at step 2: {says}"]
    assert verify(checkpoints(store)[-1])["parent"] == "r/checkpoints/00000001-b1"
