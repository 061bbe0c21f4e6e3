"""The thread that writes: deleted files, removed runs, slow disks."""

import os
import shutil
import threading
import time
from pathlib import Path

import pytest

import assay
from assay.spool import read_spool


def spool_of(folder: Path) -> Path:
    [path] = (folder / "spool").iterdir()
    return path


def steps_of(folder: Path) -> list[int]:
    paths = (folder / "spool").glob("*.jsonl")
    return [line["s"] for path in paths for line in read_spool(path).lines if line["k"] == "step"]


def wait_for(condition, seconds: float = 20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


@pytest.mark.parametrize("whole_folder", [False, True])
def test_a_deleted_spool_is_made_anew_with_all_its_bytes(root, whole_folder, capfd):
    folder = root / "mine"
    with assay.run("mine", store=root) as run:
        run.log(1, loss=1.0)
        wait_for(lambda: steps_of(folder))
        path, before = spool_of(folder), spool_of(folder).read_bytes()
        if whole_folder:
            shutil.rmtree(folder)
        else:
            path.unlink()
        run.log(2, loss=1.0)
        wait_for(path.exists)
        assert path.read_bytes().startswith(before)
        run.log(3, loss=1.0)
    assert spool_of(folder) == path
    assert path.read_bytes().startswith(before)
    assert steps_of(folder) == [1, 2, 3]
    assert capfd.readouterr().err.count("was deleted") == 1


def test_a_deleted_spool_that_cannot_be_made_anew_at_once_is_made_later(root, monkeypatch):
    real_replace, full = Path.replace, [True]

    def replace(path, target):
        if full[0]:
            raise OSError(28, "No space left on device")
        return real_replace(path, target)

    monkeypatch.setattr("assay.flusher.RETRY_SECONDS", 0.01)
    with assay.run("mine", store=root) as run:
        run.log(1, loss=1.0)
        wait_for(lambda: steps_of(root / "mine"))
        monkeypatch.setattr(Path, "replace", replace)
        spool_of(root / "mine").unlink()
        run.log(2, loss=1.0)
        time.sleep(0.1)
        assert list((root / "mine/spool").glob("*.jsonl")) == []
        full[0] = False
    assert steps_of(root / "mine") == [1, 2]
    assert len(list((root / "mine/spool").iterdir())) == 1


@pytest.mark.parametrize("mark", [".removed-mine", ".removing-mine"])
def test_a_run_removed_on_purpose_stays_removed_and_that_is_said_once(root, mark, capfd):
    with assay.run("mine", store=root) as run:
        run.log(1, loss=1.0)
        wait_for(lambda: steps_of(root / "mine"))
        (root / mark).touch()
        shutil.rmtree(root / "mine")
        for step in range(2, 50):
            run.log(step, loss=1.0)
            time.sleep(0.002)
    assert [path.name for path in root.iterdir()] == [mark]
    assert capfd.readouterr().err == "assay: run mine was removed; what it records from now on is left out\n"


def test_the_removal_of_an_earlier_run_of_the_name_is_none_of_this_ones(root):
    (root / ".removed-mine").touch()
    with assay.run("mine", store=root) as run:
        run.log(1, loss=1.0)
        wait_for(lambda: steps_of(root / "mine"))
        shutil.rmtree(root / "mine")
    assert steps_of(root / "mine") == [1]


def slow_disk(monkeypatch, seconds):
    real_write = os.write

    def write(descriptor, data):
        if descriptor > 2:
            time.sleep(seconds)
        return real_write(descriptor, data)

    monkeypatch.setattr("assay.spool.os.write", write)


def test_the_end_waits_as_long_as_the_disk_makes_progress(root, monkeypatch):
    monkeypatch.setattr("assay.flusher.PATIENCE_SECONDS", 0.5)
    with assay.run("mine", store=root) as run:
        slow_disk(monkeypatch, 0.02)
        for step in range(1, 1001):
            run.log(step, loss=1.0)
    assert steps_of(root / "mine") == list(range(1, 1001))


def test_a_disk_that_does_not_answer_is_given_up_and_the_loss_is_said(root, monkeypatch, capfd):
    monkeypatch.setattr("assay.flusher.PATIENCE_SECONDS", 0.1)
    run = assay.run("mine", store=root)
    real_write, answers = os.write, threading.Event()

    def write(descriptor, data):
        if descriptor > 2:
            answers.wait()
        return real_write(descriptor, data)

    monkeypatch.setattr("assay.spool.os.write", write)
    for step in range(1, 101):
        run.log(step, loss=1.0)
    run.finish()
    said = capfd.readouterr().err
    assert said.startswith("assay: the disk does not answer: about ")
    assert f"lines of run mine are lost at {root / 'mine'}" in said
    answers.set()
    run._flusher._thread.join()


def test_what_was_recorded_is_in_the_spool_once_that_was_waited_for(root):
    with assay.run("mine", store=root) as run:
        for step in range(1, 30):
            run.log(step, loss=1.0)
            assert run.written()
            assert steps_of(root / "mine")[-1] == step


def test_a_disk_that_refuses_is_not_waited_for_without_end(root, monkeypatch):
    with assay.run("mine", store=root) as run:
        monkeypatch.setattr("assay.flusher.SpoolFile.write", refusing)
        run.log(1, loss=1.0)
        assert not run.written(0.2)
        monkeypatch.undo()
        assert run.written(20.0)
    assert steps_of(root / "mine") == [1]


def refusing(*_):
    raise OSError(28, "No space left on device")
