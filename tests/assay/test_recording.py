"""Recording from a script: nothing is lost, nothing raises, nothing waits for a sick disk."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import assay
from assay.recording import Run
from assay.spool import read_spool

REPO = Path(__file__).parents[2]


def lines_of(folder: Path, kind: str | None = None) -> list[dict]:
    found = [line for path in sorted((folder / "spool").glob("*.jsonl")) for line in read_spool(path).lines]
    return [line for line in found if kind in (None, line["k"])]


def steps_of(folder: Path) -> list[tuple[int, int, dict]]:
    return [(line["b"], line["s"], line["v"]) for line in lines_of(folder, "step")]


def test_every_logged_step_is_in_the_spool(root):
    with assay.run("mine", store=root) as run:
        for step in range(1, 501):
            run.log(step, {"loss/general": 2.0}, loss=1 / step)
    assert steps_of(root / "mine") == [(1, s, {"loss/general": 2.0, "loss": 1 / s}) for s in range(1, 501)]
    assert [line["status"] for line in lines_of(root / "mine", "status")] == ["running", "finished"]


def test_without_a_step_the_next_one_is_meant(root):
    with assay.run("mine", store=root) as run:
        run.log(loss=3.0)
        run.log(loss=2.0)
        run.log(10, loss=1.0)
        run.log(loss=0.5)
        run.log(step=20, loss=0.25)
    assert [(step, values) for _, step, values in steps_of(root / "mine")] == [
        (1, {"loss": 3.0}),
        (2, {"loss": 2.0}),
        (10, {"loss": 1.0}),
        (11, {"loss": 0.5}),
        (20, {"loss": 0.25}),
    ]


def test_a_step_that_goes_back_begins_a_branch(root):
    with assay.run("mine", store=root) as run:
        for step in (1, 2, 3, 4, 2, 3):
            run.log(step, loss=float(step))
    assert [(b, s) for b, s, _ in steps_of(root / "mine")] == [(1, 1), (1, 2), (1, 3), (1, 4), (2, 2), (2, 3)]
    [branch] = lines_of(root / "mine", "branch")
    assert (branch["b"], branch["parent"], branch["fork"], branch["reason"]) == (2, 1, 1, "resume")


def test_another_metric_of_an_earlier_step_is_no_going_back(root):
    with assay.run("mine", store=root) as run:
        run.log(100, loss=1.0)
        run.log(101, loss=1.0)
        run.log(100, val_loss=2.0)
    assert [(b, s) for b, s, _ in steps_of(root / "mine")] == [(1, 100), (1, 101), (1, 100)]


def test_a_step_logged_twice_keeps_its_first_value_and_says_so(root, capfd):
    with assay.run("mine", store=root) as run:
        run.log(1, loss=1.0)
        run.log(1, loss=9.0, lr=0.1)
    assert [values for _, _, values in steps_of(root / "mine")] == [{"loss": 1.0}, {"lr": 0.1}]
    assert capfd.readouterr().err == "assay: step 1 was logged twice for loss; the first value is kept\n"


def test_nonsense_is_left_out_and_said_once(root, capfd):
    with assay.run("mine", store=root) as run:
        run.log(1, loss="high", lr=0.1)
        run.log(2, loss="high", lr=0.1)
        run.log("three", lr=0.1)
        run.log(-1, lr=0.1)
        run.log(4, lr=None, loss=float("nan"))
    assert [(s, v) for _, s, v in steps_of(root / "mine")] == [(1, {"lr": 0.1}), (2, {"lr": 0.1}), (4, {"loss": "nan"})]
    assert len(capfd.readouterr().err.splitlines()) == 3


def test_a_tensor_changed_after_log_is_recorded_as_it_was(root):
    torch = pytest.importorskip("torch")
    loss = torch.tensor(1.0, requires_grad=True) * 2
    with assay.run("mine", store=root) as run:
        run.log(1, loss=loss)
        with torch.no_grad():
            loss.add_(40)
    assert steps_of(root / "mine") == [(1, 1, {"loss": 2.0})]


def test_what_is_logged_after_the_end_is_left_out_and_said_once(root, capfd):
    with assay.run("mine", store=root) as run:
        run.log(1, loss=1.0)
    run.log(2, loss=1.0)
    run.log(3, loss=1.0)
    run.finish()
    assert [s for _, s, _ in steps_of(root / "mine")] == [1]
    assert capfd.readouterr().err == "assay: run mine has ended; what is logged after its end is left out\n"


def test_a_taken_name_gets_a_number(root):
    names = []
    for _ in range(3):
        with assay.run("mine", store=root) as run:
            names.append(run.name)
    assert names == ["mine", "mine-2", "mine-3"]


def test_resume_goes_on_in_a_new_file_and_branches_where_it_goes_back(root):
    with assay.run("mine", store=root) as run:
        for step in range(1, 11):
            run.log(step, loss=1.0)
    with assay.run("mine", store=root, resume=True) as run:
        run.log(11, loss=0.5)
    with assay.run("mine", store=root, resume=True) as run:
        run.log(8, loss=0.25)
    assert [(b, s) for b, s, _ in steps_of(root / "mine")][9:] == [(1, 10), (1, 11), (2, 8)]
    assert len(list((root / "mine/spool").iterdir())) == 3


@pytest.mark.parametrize(
    "name",
    [
        "a/b",
        "..",
        ".hidden",
        "a@3",
        "x" * 200,
        "tab\\le",
        "-rf",
        "assay.duckdb",
        "Assay.duckdb.lock",
        "assay.watching",
        "a\tb",
        "\ud800",
        "a\x1b[31m",
        Path("a/b"),
    ],
)
def test_a_name_that_is_no_folder_name_is_refused(root, name):
    with pytest.raises(assay.AssayError, match="cannot be a run's name"):
        assay.run(name, store=root)
    assert list(root.iterdir()) == []


def test_nothing_to_resume_is_one_sentence(root):
    with pytest.raises(assay.AssayError, match="there is no run mine"):
        assay.run("mine", store=root, resume=True)


def test_a_place_that_cannot_be_written_is_said_at_the_start(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(assay.AssayError, match="cannot record in"):
        assay.run("mine", store=tmp_path / "file" / "runs")


def test_an_exception_is_recorded_and_passed_on(root):
    with pytest.raises(ValueError, match="bad"), assay.run("mine", store=root) as run:
        run.log(1, loss=1.0)
        raise ValueError("bad luck")
    status = lines_of(root / "mine", "status")[-1]
    assert (status["status"], status["error"]) == ("failed", "ValueError: bad luck")
    [event] = lines_of(root / "mine", "event")
    assert event["kind"] == "traceback"
    assert "test_recording.py" in event["message"]


def test_a_full_disk_loses_nothing(root, monkeypatch, capfd):
    real_write, full = os.write, [False]

    def write(descriptor, data):
        if full[0] and descriptor > 2:
            raise OSError(28, "No space left on device")
        return real_write(descriptor, data)

    monkeypatch.setattr("assay.spool.os.write", write)
    monkeypatch.setattr("assay.flusher.RETRY_SECONDS", 0.01)
    with assay.run("mine", store=root) as run:
        run.log(1, loss=1.0)
        wait_for(lambda: steps_of(root / "mine"))
        full[0] = True
        for step in range(2, 100):
            run.log(step, loss=1.0)
        time.sleep(0.1)
        assert len(steps_of(root / "mine")) == 1
        full[0] = False
    assert [s for _, s, _ in steps_of(root / "mine")] == list(range(1, 100))
    assert capfd.readouterr().err.count("cannot write") == 1


def test_a_disk_that_stays_full_leaves_the_rest_in_the_temporary_folder(root, tmp_path, monkeypatch):
    real_write = os.write

    def write(descriptor, data):
        if descriptor > 2 and b'"step"' in bytes(data):
            raise OSError(28, "No space left on device")
        return real_write(descriptor, data)

    rescue = tmp_path / "rescue"
    rescue.mkdir()
    monkeypatch.setattr("assay.spool.os.write", write)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(rescue))
    with assay.run("mine", store=root) as run:
        run.log(1, loss=1.0)
    [saved] = rescue.iterdir()
    kinds = [line["k"] for line in read_spool(saved).lines]
    assert kinds[0] == "open"
    assert "step" in kinds
    assert kinds[-1] == "status"


def test_a_step_is_on_disk_soon_after_log(root):
    with assay.run("mine", store=root) as run:
        run.log(1, loss=1.0)
        wait_for(lambda: steps_of(root / "mine"))


def test_a_forked_child_does_not_double_what_its_parent_logged(root, capfd):
    with assay.run("mine", store=root) as run:
        run.log(1, loss=1.0)
        child = os.fork()
        if child == 0:
            run.log(5, loss=1.0)
            run.log(6, loss=1.0)
            run.finish()
            os._exit(0)
        os.waitpid(child, 0)
        run.log(2, loss=1.0)
    assert [s for _, s, _ in steps_of(root / "mine")] == [1, 2]
    assert capfd.readouterr().err == (
        "assay: this process is a child of the one that records run mine; what it logs there is left out\n"
    )


def test_a_script_that_forgets_to_finish_is_finished_at_exit(root):
    code = f"import assay; run = assay.run('mine', store={str(root)!r}); run.log(1, loss=1.0)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=REPO)
    assert [s for _, s, _ in steps_of(root / "mine")] == [1]
    assert lines_of(root / "mine", "status")[-1]["status"] == "finished"


def test_a_script_that_ends_in_an_error_has_failed_also_without_with(root):
    code = f"import assay; run = assay.run('mine', store={str(root)!r}); run.log(1, loss=1.0); run.nothing"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True).returncode == 1
    status = lines_of(root / "mine", "status")[-1]
    assert (status["status"], status["error"]) == ("failed", "AttributeError: 'Run' object has no attribute 'nothing'")


@pytest.mark.parametrize(("code", "status"), [(0, "finished"), (None, "finished"), (3, "failed")])
def test_an_exit_is_an_end_unless_its_code_says_otherwise(root, code, status):
    with pytest.raises(SystemExit), assay.run("mine", store=root):
        sys.exit(code)
    assert lines_of(root / "mine", "status")[-1]["status"] == status


def test_steps_on_disk_survive_sigkill(root):
    code = textwrap.dedent(
        f"""
        import assay, time
        run = assay.run("mine", store={str(root)!r})
        step = 0
        while True:
            step += 1
            run.log(step, loss=1.0)
            time.sleep(0.001)
        """
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=REPO)
    wait_for(lambda: (root / "mine").exists() and len(steps_of(root / "mine")) > 100)
    process.send_signal(signal.SIGKILL)
    process.wait()
    steps = [s for _, s, _ in steps_of(root / "mine")]
    assert steps == list(range(1, len(steps) + 1))


def test_a_script_beside_files_of_our_names_needs_the_standard_library_alone(tmp_path):
    for name in ("trainer", "store", "evals", "dashboard"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module was imported')")
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nimport assay\n"
        "with assay.run('mine') as run:\n    run.log(1, loss=0.5)\n"
        "allowed = set(sys.stdlib_module_names) | {'assay', '__main__', '__mp_main__'}\n"
        "foreign = sorted({name.split('.')[0] for name in sys.modules} - allowed)\n"
        "print(foreign)\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", str(script)], cwd=tmp_path, env={"PYTHONPATH": str(REPO)}, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
    assert steps_of(tmp_path / "runs" / "mine") == [(1, 1, {"loss": 0.5})]


def test_the_batch_of_a_step_travels_with_it(root):
    folder = root / "mine"
    folder.mkdir()
    run = Run(folder)
    run.log_batch(7, {"loss": 2.0}, {"update": 7, "verdict": "commit", "rows": [3, 1], "losses": [1.5, 2.5]})
    run.finish()
    [line] = lines_of(folder, "step")
    assert line["batch"] == {"update": 7, "verdict": "commit", "rows": [3, 1], "losses": [1.5, 2.5]}
    assert json.dumps(line)


def test_a_step_that_is_recorded_later_has_the_time_at_which_it_was_made(root):
    folder = root / "mine"
    folder.mkdir()
    run = Run(folder)
    run.log_batch(7, {"loss": 2.0}, None, at=1.5)
    run.finish()
    [line] = lines_of(folder, "step")
    assert (line["t"], line["v"]) == (1.5, {"loss": 2.0})
    assert "batch" not in line


def wait_for(condition, seconds: float = 20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)
