"""A disk that takes part of a checkpoint and no more."""

import os
import re
import resource
import signal
import sys

import pytest
from safetensors import SafetensorError

import assay.cli
from assay.errors import AssayError
from store.artifacts import verify
from store.errors import StoreError
from store.loading import load_spools
from store.runs import show_run
from tests.trainer import started
from tests.trainer.seen import ENDLESS, Person, checkpoints, learned, metric, said
from trainer.config_file import to_toml
from trainer.demo.tiny import make_model
from trainer.session import start_run

LIMIT = 4 << 20


def small_disk():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))


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

    done = started.run("train", job, "--store", store.path, before=small_disk)
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


# --- a disk that does not take what is recorded --------------------------------------------------


def full(*_arguments, **_options):
    raise OSError(28, "No space left on device")


@pytest.fixture
def train(store, capfd):
    """Calls `assay train`; returns its exit status, stdout and stderr."""

    def call(*arguments):
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            assay.cli.main(["train", *map(str, arguments), "--store", str(store.path)])
        return (ended.value.code, *capfd.readouterr())

    return call


@pytest.fixture
def job(config_for, tmp_path):
    path = tmp_path / "job.toml"
    path.write_text(to_toml(config_for(train__steps=2)))
    return path


@pytest.mark.parametrize("where", ["assay.spool.SpoolFile.write", "trainer.session.to_toml", "assay.recording.RunLock"])
def test_a_run_that_cannot_begin_to_record_leaves_nothing(train, store, job, monkeypatch, where):
    monkeypatch.setattr(where, full)
    assert train(job) == (
        2, "", f"assay: cannot record in {store.root / 'r'}: No space left on device; name another place with --store\n"
    )  # fmt: skip
    assert not (store.root / "r").exists()
    monkeypatch.undo()
    assert train(job)[0] == 0
    assert sorted(path.name for path in store.root.iterdir() if path.is_dir()) == ["r"]


@pytest.mark.parametrize("where", ["assay.spool.SpoolFile.write", "trainer.session.to_toml"])
def test_a_run_that_cannot_go_on_recording_is_as_it_was(train, store, job, monkeypatch, where):
    assert train(job)[0] == 0
    before = {path: path.read_bytes() for path in (store.root / "r").rglob("*") if path.is_file()}
    monkeypatch.setattr(where, full)
    code, _, err = train("--resume", "r", "--set", "train.steps=4")
    assert (code, err) == (
        2,
        (
            f"assay: cannot record in {store.root / 'r'}: No space left on device; "
            f"the run is as it was: see to that, and resume it again\n"
        ),
    )
    assert {path: path.read_bytes() for path in (store.root / "r").rglob("*") if path.is_file()} == before
    monkeypatch.undo()
    assert train("--resume", "r", "--set", "train.steps=4")[0] == 0


def test_where_the_last_steps_are_is_said_once_and_truly(train, store, job, monkeypatch, tmp_path):
    """The disk is full from the first step on: the recorder saves the lines elsewhere, and says where."""
    write, elsewhere, is_full = os.write, tmp_path / "elsewhere", False
    elsewhere.mkdir()

    def filling(descriptor, data):
        nonlocal is_full
        is_full = is_full or b'"k":"step"' in bytes(data)
        return full() if is_full and bytes(data).startswith(b"{") else write(descriptor, data)

    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    monkeypatch.setattr("assay.spool.os.write", filling)
    code, _, err = train(job)
    (rescued,) = elsewhere.glob("0-*.jsonl")
    assert code == 0
    assert f"the last steps are in {rescued}, move it into {store.root / 'r' / 'spool'}/" in err
    assert "its last steps are not in the store, and not in its spool: see above where they are" in err
    assert "its spool has them all" not in err
    monkeypatch.undo()
    rescued.rename(store.root / "r" / "spool" / rescued.name)
    load_spools(store)
    assert sorted(metric(store, "loss")) == [(1, 1), (1, 2)]


def test_a_store_that_is_behind_says_that_the_spool_has_all(train, job, monkeypatch):
    def busy(_):
        raise StoreError("the store is busy")

    monkeypatch.setattr("store.loading.SpoolLoader.load", busy)
    assert "its last steps are not in the store yet, its spool has them all: the store is busy" in train(job)[2]


def test_a_script_that_goes_on_is_not_sent_to_another_place(store, monkeypatch):
    with assay.run("script", store=store.root) as run:
        run.log(1, loss=1.0)
    monkeypatch.setattr("assay.spool.SpoolFile.write", full)
    why = f"cannot record in {store.root}: No space left on device."
    with pytest.raises(AssayError) as caught:
        assay.run("script", store=store.root, resume=True)
    assert str(caught.value) == f"{why} See to that and try again."
    with pytest.raises(AssayError) as caught:
        assay.run("other", store=store.root)
    assert str(caught.value) == f"{why} Name another place with ASSAY_STORE."
    assert not (store.root / "other").exists()
