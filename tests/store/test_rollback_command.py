"""`assay rollback`: a request to a live run; one that has stopped goes back at once."""

import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import pytest
from click.testing import CliRunner

from assay.cli import main
from assay.recording import Run
from store.artifacts import announce, seal, temporary_for
from store.commands.rollback import rollback
from store.database import Store
from store.loading import load_spools
from store.requests import waiting
from store.runs import show_run


@pytest.fixture
def store(root):
    return Store.at(root / "assay.duckdb")


def invoke(store, *arguments):
    return CliRunner().invoke(rollback, [*arguments, "--store", str(store.path)], catch_exceptions=False)


def ask_in_vain(store, *arguments):
    """What `assay rollback` says on stderr where it does nothing."""
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err, pytest.raises(SystemExit) as ended:
        main(["rollback", *arguments, "--json", "--store", str(store.path)])
    assert (ended.value.code, out.getvalue(), err.getvalue().count("\n")) == (2, "", 1)
    return err.getvalue()


def train(run, step, branch=1, state="sealed"):
    """A step with a checkpoint."""
    run.log(step, loss=1.0)
    final = run.folder / "checkpoints" / f"{step:08d}-b{branch}"
    temporary = temporary_for(final)
    (temporary / "weights").write_bytes(bytes([step]))
    seal(temporary, final, {"step": step, "branch": branch})
    announce(run, final, state, step=step, branch=branch)
    return final


@pytest.fixture
def live(root):
    """A run of `assay train`: checkpoints at steps 1 to 3 and 4 on the active path, one deleted, one abandoned."""
    folder = root / "live"
    folder.mkdir()
    run = Run(folder, facts={"provenance": {"command": ["assay", "train"]}})
    for step, state in ((1, "stable"), (2, "sealed"), (3, "suspect"), (4, "sealed"), (5, "sealed")):
        final = train(run, step, state=state)
        if step == 4:
            announce(run, final, "deleted", step=step, branch=1)
    run.fork(3, "rollback")
    train(run, 4, branch=2)
    return run


@pytest.mark.parametrize("status", ["running", "paused"])
@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_a_live_run_is_asked_to_go_back(live, store, status, step):
    live.finish(status)
    answer = invoke(store, "live", "--to", str(step), "--json")
    assert json.loads(answer.stdout) == {
        "run": "live", "step": step, "branch": None, "request": 1, "refused": [],
    }  # fmt: skip
    (request,) = waiting(store, "live")
    assert (request.kind, request.args) == ("rollback", {"step": step})
    assert request.actor == f"command:{request.called}"
    assert request.called


@pytest.mark.parametrize("step", [0, 5, 40])
def test_a_live_run_is_not_asked_for_a_step_without_a_checkpoint_on_its_active_path(live, store, step):
    live.finish("running")
    near = 1 if step == 0 else 4
    sentence = f"no sealed checkpoint at step {step}; the nearest is at step {near} (there are 1, 2, 3, 4)\n"
    assert ask_in_vain(store, "live", "--to", str(step)).endswith(f"run live has {sentence}")
    assert waiting(store, "live") == []


def test_a_live_run_without_a_checkpoint_is_not_asked(root, store):
    (root / "live").mkdir()
    Run(root / "live", facts={"provenance": {"command": ["assay", "train"]}}).finish("running")
    said = ask_in_vain(store, "live", "--to", "1")
    assert said.endswith("run live has no sealed checkpoint at step 1, nor any other\n")
    assert waiting(store, "live") == []


@pytest.mark.parametrize("status", ["running", "paused"])
@pytest.mark.parametrize("facts", [{"source": "/logs/qwen", "provenance": {"watched": "a log"}}, {}])
def test_a_run_of_another_program_is_not_asked_as_nobody_would_answer(root, store, status, facts):
    (root / "other").mkdir()
    run = Run(root / "other", facts=facts)
    train(run, 1)
    run.finish(status)
    assert ask_in_vain(store, "other", "--to", "1").endswith(
        "run other cannot be rolled back: no `assay train` trains it, and other programs take no requests\n"
    )
    assert waiting(store, "other") == []


@pytest.fixture
def stopped(root):
    """A run of `assay train` that failed at step 3, with a checkpoint at each step."""
    folder = root / "done"
    folder.mkdir()
    (folder / "config.toml").touch()
    run = Run(folder)
    for step in (1, 2, 3):
        train(run, step)
    run.finish("failed", "the power failed")
    return folder


def test_a_stopped_run_goes_back_at_once_and_says_how_it_goes_on(stopped, store):
    answer = invoke(store, "done", "--to", "2")
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert answer.stdout == (
        "run done went back from step 3 to step 2, on branch 2; `assay train --resume done` goes on from there\n"
    )
    assert waiting(store, "done") == []
    load_spools(store)
    assert show_run(store, "done")["step"] == 2


def test_json_says_which_checkpoint_was_refused_and_which_one_taken(stopped, store):
    damaged = stopped / "checkpoints" / "00000002-b1" / "weights"
    damaged.write_bytes(b"odd")
    answer = invoke(store, "done", "--to", "2", "--json")
    assert json.loads(answer.stdout) == {
        "run": "done", "step": 1, "branch": 2, "request": None,
        "refused": [f"{damaged} has 3 bytes, 1 were sealed; the folder is not used"],
    }  # fmt: skip


def test_what_was_refused_is_told_beside_the_answer(stopped, store):
    damaged = stopped / "checkpoints" / "00000002-b1" / "weights"
    damaged.unlink()
    answer = invoke(store, "done", "--to", "2")
    assert answer.stderr == f"{damaged} is missing; the folder is not used\n"
    assert answer.stdout.startswith("run done went back from step 3 to step 1, on branch 2; ")


@pytest.mark.parametrize(
    ("run", "step", "sentence"),
    [
        ("done", "9", "run done has no sealed checkpoint at step 9; the nearest is at step 3 (there are 1, 2, 3)"),
        ("done", "3", "run done is at step 3 already, there is nothing to go back from"),
        ("dome", "2", "did you mean done?"),
    ],
)
def test_what_cannot_be_is_one_sentence_on_stderr_and_exits_2(stopped, store, run, step, sentence):
    assert sentence in ask_in_vain(store, run, "--to", step)


def test_without_a_store_there_is_one_sentence(tmp_path):
    command = [sys.executable, "-P", "-m", "assay", "rollback", "r", "--to", "1", "--store", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "there is no store at" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_going_back_loads_no_torch(stopped, store):
    program = (
        "import sys\n"
        "from store.commands.rollback import rollback\n"
        "rollback(['done', '--to', '2', '--store', sys.argv[1]], standalone_mode=False)\n"
        "assert not {'torch', 'trainer', 'transformers'} & sys.modules.keys()\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(store.path)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
