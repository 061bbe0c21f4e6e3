"""A run is recorded by one process at a time."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import assay
from assay.recording import Run
from assay.spool import read_spool

REPO = Path(__file__).parents[2]


def test_a_run_being_recorded_cannot_be_resumed_by_a_second_process_until_the_first_is_killed(root):
    code = f"import assay, time; r = assay.run('mine', store={str(root)!r}); print('up', flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code], cwd=REPO, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "up\n"
        with pytest.raises(assay.AssayError, match=r"run mine in .* is being recorded by another process"):
            assay.run("mine", store=root, resume=True)
        assert len(list((root / "mine/spool").iterdir())) == 1
        process.send_signal(signal.SIGKILL)
    with assay.run("mine", store=root, resume=True) as run:
        run.log(1, loss=1.0)
    assert len(list((root / "mine/spool").iterdir())) == 2


def test_a_finished_run_is_free_and_other_ranks_are_never_held(root):
    first = assay.run("mine", store=root)
    Run(root / "mine", rank=1).finish()
    first.finish()
    assay.run("mine", store=root, resume=True).finish()


def test_a_forked_child_does_not_keep_the_run(root):
    run = assay.run("mine", store=root)
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(tell)
        os.read(ready, 1)
        os._exit(0)
    run.finish()
    assay.run("mine", store=root, resume=True).finish()
    os.write(tell, b"x")
    os.waitpid(child, 0)


def test_a_run_that_cannot_begin_lets_go(root, monkeypatch):
    assay.run("mine", store=root).finish()

    def full(descriptor, data):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("assay.spool.os.write", full)
        for _ in range(2):
            with pytest.raises(assay.AssayError, match="No space left"):
                assay.run("mine", store=root, resume=True)
    [spool] = (root / "mine/spool").iterdir()
    assert read_spool(spool).lines[-1]["status"] == "finished"


def test_where_the_file_system_has_no_locks_none_is_held(root, monkeypatch):
    def none(descriptor):
        raise OSError(37, "No locks available")

    monkeypatch.setattr("assay.holding._lock", none)
    first = assay.run("mine", store=root)
    assay.run("mine", store=root, resume=True).finish()
    first.finish()
