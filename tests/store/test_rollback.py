"""A run that nobody trains goes back to a checkpoint, whole or not at all, without a model."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import portalocker
import pytest

from assay.errors import AssayError
from assay.holding import RunLock
from assay.recording import Run
from assay.spool import SpoolFile, encode
from store.artifacts import announce, seal, sealed_folders, temporary_for
from store.database import Store
from store.errors import StoreError
from store.loading import load_spools
from store.rollback import RolledBack, roll_back_stopped
from store.runs import show_run


def save(run, step, branch=1, state="sealed"):
    final = run.folder / "checkpoints" / f"{step:08d}-b{branch}"
    temporary = temporary_for(final)
    (temporary / "weights").write_bytes(bytes([step, branch]) * 50)
    seal(temporary, final, {"step": step, "branch": branch})
    announce(run, final, state, step=step, branch=branch)


def begin(root):
    folder = root / "r"
    folder.mkdir()
    (folder / "config.toml").touch()
    return Run(folder)


def train(run, first, last, branch=1):
    """Steps with a checkpoint every two."""
    for step in range(first, last + 1):
        run.log(step, loss=1.0 / step)
        if step % 2 == 0:
            save(run, step, branch)


@pytest.fixture
def trained(root, store):
    """Seven steps on one branch, with checkpoints at 2, 4 and 6."""
    run = begin(root)
    train(run, 1, 7)
    run.finish("failed", "the power failed")
    load_spools(store)
    return run.folder


def shown(store):
    load_spools(store)
    return show_run(store, "r")


def back(store, step):
    return roll_back_stopped(store, "r", step, "lin")


def flip_a_bit(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@contextmanager
def refused(store, pattern):
    """One sentence, and nothing is written."""
    spools = {path: path.read_bytes() for path in store.root.glob("*/spool/*")}
    with pytest.raises(AssayError, match=pattern) as caught:
        yield
    assert "\n" not in str(caught.value)
    assert {path: path.read_bytes() for path in store.root.glob("*/spool/*")} == spools


def test_a_branch_leaves_after_the_checkpoint_and_says_who_wanted_it(trained, store):
    before = shown(store)
    assert back(store, 4) == RolledBack("r", 7, 4, 2, ())
    run = shown(store)
    facts = {"checkpoint": "r/checkpoints/00000004-b1", "abandoned_to": 7, "actor": "lin"}
    (first, branch) = run["branches"]
    assert first == before["branches"][0]
    assert [branch[name] for name in ("parent", "fork_step", "reason", "data")] == [1, 4, "rollback", facts]
    (event,) = [item for item in run["events"] if item["kind"] == "rollback"]
    assert event["message"] == "lin rolled the stopped run back: it went back from step 7 to step 4, on branch 2"
    assert [event[name] for name in ("branch", "step", "level", "data")] == [2, 4, "info", facts]
    assert (run["step"], run["branch"]) == (4, 2)


@pytest.mark.parametrize(("status", "error"), [("finished", None), ("failed", "the power failed")])
def test_a_run_that_has_ended_keeps_its_status_its_error_and_its_end(root, store, status, error):
    run = begin(root)
    train(run, 1, 3)
    run.finish(status, error)
    before = shown(store)
    back(store, 2)
    after = shown(store)
    names = ("status", "error", "ended", "checkpoints")
    assert [after[name] for name in names] == [before[name] for name in names]
    assert (after["status"], after["error"]) == (status, error)


def test_a_lost_run_does_not_look_alive_afterwards(root, store):
    spool = SpoolFile((folder := root / "r"), 0, "test")
    (folder / "config.toml").touch()
    lines = [{"k": "status", "status": "running"}, {"k": "step", "b": 1, "s": 5, "v": {"loss": 1.0}}]
    spool.write(b"".join(encode({"t": 1.7e9, **line}) for line in lines))
    spool.close()
    sealed = folder / "checkpoints" / "00000003-b1"
    temporary = temporary_for(sealed)
    (temporary / "weights").touch()
    seal(temporary, sealed, {"step": 3, "branch": 1})
    path = "r/checkpoints/00000003-b1"
    announced = SpoolFile(folder, 0, "test")
    announced.write(encode({"k": "checkpoint", "t": 1.7e9, "b": 1, "s": 3, "state": "sealed", "path": path}))
    announced.close()
    assert shown(store)["status"] == "running", "its opening line is of now"
    assert back(store, 3).step == 3
    run = shown(store)
    assert (run["status"], run["step"], run["ended"]) == ("lost", 3, None)


def test_it_goes_back_again_and_again_along_the_active_path_only(trained, store, root):
    back(store, 4)
    run = Run(root / "r")
    train(run, 5, 8, branch=2)
    run.finish()
    assert back(store, 6) == RolledBack("r", 8, 6, 3, ())
    assert back(store, 2) == RolledBack("r", 6, 2, 4, ())
    with refused(store, r"^run r has no sealed checkpoint at step 6; the nearest is at step 2 \(there are 2\)$"):
        back(store, 6)
    assert [(item["branch"], item["parent"], item["fork_step"]) for item in shown(store)["branches"]] == [
        (1, None, -1), (2, 1, 4), (3, 2, 6), (4, 3, 2),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["weights", "manifest.json"])
def test_a_damaged_target_is_told_and_the_next_older_whole_one_is_taken(trained, store, name):
    damaged = trained / "checkpoints" / "00000006-b1" / name
    flip_a_bit(damaged)
    done = back(store, 6)
    assert (done.step, done.branch, len(done.refused)) == (4, 2, 1)
    assert done.refused[0].startswith(str(damaged))
    run = shown(store)
    assert run["branches"][1]["data"]["refused"] == list(done.refused)
    (alarm,) = [item for item in run["events"] if item["kind"] == "checkpoint" and item["level"] == "alarm"]
    assert alarm["message"] == done.refused[0]


def test_a_manifest_that_was_written_anew_is_not_the_one_that_was_sealed(trained, store):
    folder = trained / "checkpoints" / "00000006-b1"
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"step": 6', '"step": 5'))
    assert back(store, 6).step == 4


def test_where_no_older_one_is_whole_each_is_named(trained, store):
    folders = sealed_folders(trained / "checkpoints")[:2]
    for folder in folders:
        (folder / "weights").unlink()
    with refused(store, "^run r cannot be rolled back, no checkpoint of it up to step 4 is whole: ") as _:
        back(store, 4)
    assert back(store, 6).step == 6, "a newer one is whole"


def test_a_step_without_a_checkpoint_gets_the_nearest(trained, store):
    with refused(store, r"^run r has no sealed checkpoint at step 5; the nearest is at step 4 \(there are 2, 4, 6\)$"):
        back(store, 5)


def test_a_deleted_checkpoint_is_none(trained, store, root):
    run = Run(root / "r")
    announce(run, trained / "checkpoints" / "00000004-b1", "deleted", step=4, branch=1)
    run.finish()
    with refused(store, r"no sealed checkpoint at step 4; the nearest is at step 2 \(there are 2, 6\)$"):
        back(store, 4)


def test_the_step_a_run_is_at_is_nothing_to_go_back_from(trained, store):
    back(store, 4)
    with refused(store, "^run r is at step 4 already, there is nothing to go back from; `assay runs show r`"):
        back(store, 4)


def test_a_run_without_checkpoints_says_so(root, store):
    run = begin(root)
    run.log(1, loss=1.0)
    run.finish()
    load_spools(store)
    with refused(store, "^run r has no sealed checkpoint at step 1, nor any other$"):
        back(store, 1)


def test_a_run_of_another_program_has_nothing_to_go_back_to(root, store):
    (root / "r").mkdir()
    Run(root / "r").finish()
    load_spools(store)
    with refused(store, "^run r cannot be rolled back: there is no .*config.toml, which `assay train` writes"):
        back(store, 1)


def test_an_unknown_run_gets_the_nearest_name(trained, store):
    with refused(store, "there is no run rr in .*; did you mean r?"):
        roll_back_stopped(store, "rr", 4, "lin")


def test_without_a_store_there_is_no_run(root):
    with pytest.raises(StoreError, match="there is no store at"):
        back(Store.at(root / "assay.duckdb"), 4)
    assert list(root.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_one_sentence(trained, store, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("assay.spool.SpoolFile.sync", full)
    with refused(store, "^run r cannot be rolled back in .*: No space left on device; mend that first$"):
        back(store, 4)


def test_a_run_being_recorded_is_left_alone(trained, store):
    lock = RunLock(trained)
    with refused(store, "^run r in .* is being recorded by another process"):
        back(store, 4)
    lock.release()
    assert back(store, 4).step == 4


def test_a_run_being_trained_is_left_alone(trained, store):
    with (
        portalocker.Lock(str(trained / ".training"), "a", timeout=0),
        refused(store, "^run r is being trained by another process, or rolled back; stop that one first$"),
    ):
        back(store, 4)


def test_a_store_that_is_behind_the_spool_decides_nothing(trained, store, root, monkeypatch):
    run = Run(root / "r")
    run.fork(after=2, reason="resume")
    run.log(3, loss=1.0)
    run.finish()
    monkeypatch.setattr("store.rollback.load_spools", lambda _: None)
    with refused(store, "does not hold all of it yet; try again"):
        back(store, 4)
    monkeypatch.undo()
    with refused(store, r"no sealed checkpoint at step 4; the nearest is at step 2 \(there are 2\)"):
        back(store, 4)


def test_of_many_at_once_one_goes_back(trained, store):
    program = (
        "import sys\n"
        "from assay.errors import AssayError\n"
        "from store.database import Store\n"
        "from store.rollback import roll_back_stopped\n"
        "sys.stdin.readline()\n"
        "try:\n"
        "    print('back', roll_back_stopped(Store.at(sys.argv[1]), 'r', 4, 'lin').branch)\n"
        "except AssayError as error:\n"
        "    print(error)\n"
    )
    processes = [_python(program, store.path) for _ in range(4)]
    threads = [threading.Thread(target=lambda item=item: item.stdin.write("go\n")) for item in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = sorted(process.communicate(timeout=60)[0].strip() for process in processes)
    assert said[0] == "back 2"
    assert all("trained by another process, or rolled back" in item or "is at step 4 already" in item
               for item in said[1:])  # fmt: skip
    assert [item["branch"] for item in shown(store)["branches"]] == [1, 2]


DEADLY = """
import os, signal, sys
import store.rollback
from assay.spool import SpoolFile
from store.database import Store

def torn(self, data):
    lines = float(sys.argv[2])
    whole = data.splitlines(keepends=True)
    count = int(lines)
    part = whole[count][: int(len(whole[count]) * (lines - count))]
    os.write(self._descriptor, b"".join(whole[:count]) + part)
    os.kill(os.getpid(), signal.SIGKILL)

opened = SpoolFile.__init__
def armed(self, *arguments):
    opened(self, *arguments)
    SpoolFile.write = torn
SpoolFile.__init__ = armed
store.rollback.roll_back_stopped(Store.at(sys.argv[1]), "r", 4, "lin")
"""
"""Is killed when so many of its lines, the branch's and the event's, are on disk."""


@pytest.mark.parametrize(("lines", "is_back"), [(0, False), (0.5, False), (1, True), (1.5, True)])
def test_a_kill_leaves_the_run_where_it_was_or_back(trained, store, lines, is_back):
    killed = subprocess.run(
        [sys.executable, "-P", "-c", DEADLY, str(store.path), str(lines)],
        capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    assert (killed.returncode, killed.stderr) == (-signal.SIGKILL, "")
    run = shown(store)
    assert (run["step"], run["branch"], run["status"]) == ((4, 2, "failed") if is_back else (7, 1, "failed"))
    if is_back:
        with refused(store, "is at step 4 already"):
            back(store, 4)
    else:
        assert back(store, 4).branch == 2
    assert [(item["branch"], item["fork_step"]) for item in shown(store)["branches"]] == [(1, -1), (2, 4)]


def _python(program, *arguments):
    return subprocess.Popen(
        [sys.executable, "-P", "-c", program, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, bufsize=1, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
