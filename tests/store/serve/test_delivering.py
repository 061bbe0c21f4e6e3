"""Runs arrive once, whatever becomes of the server meanwhile."""

import json
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from assay.delivery import DELIVERY_NAME, send_to
from tests.store.serve.serving import (
    Served,
    as_json,
    assay,
    environment,
    one_sentence,
    recorded,
    steps_of,
    wait_until,
)  # fmt: skip

HERE = Path(__file__).parents[3]


@pytest.fixture
def trainer(tmp_path) -> Path:
    """Another machine: a folder of its own, with its own runs."""
    folder = tmp_path / "trainer"
    (folder / "runs").mkdir(parents=True)
    return folder


SCRIPT = """
import sys, time, assay
with assay.run("live", store=sys.argv[1]) as run:
    print("begun", flush=True)
    for step in range(1, int(sys.argv[2]) + 1):
        run.log(step, loss=1.0 / step)
        time.sleep(float(sys.argv[3]))
"""


def script(trainer, server, steps, pause, **variables) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), server, str(steps), str(pause)], cwd=trainer,
        env=environment(PYTHONPATH=str(HERE), **variables), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_script_names_the_server_and_its_steps_arrive(served, trainer):
    done = script(trainer, served.address, 30, 0.01, ASSAY_TOKEN=served.token("inbox"))
    out, said = done.communicate(timeout=120)
    assert (out, said, done.returncode) == ("begun\n", "", 0)
    wait_until(lambda: steps_of(served.store, "live") == list(range(1, 31)))
    assert served.store.rows("SELECT status FROM run") == [{"status": "finished"}]
    spools = sorted((trainer / "runs" / "live" / "spool").iterdir())
    there = sorted((served.root / "live" / "spool").iterdir())
    assert [path.read_bytes() for path in spools] == [path.read_bytes() for path in there]


def test_steps_arrive_while_the_script_runs(served, trainer):
    done = script(trainer, served.address, 2000, 0.02, ASSAY_TOKEN=served.token("inbox"))
    try:
        wait_until(lambda: len(steps_of(served.store, "live")) > 20)
        assert done.poll() is None
    finally:
        done.kill()
        done.communicate(timeout=60)
    # However it ends, all that is in its spool arrives.
    last = (trainer / "runs" / "live" / "spool").glob("*.jsonl")
    size = sum(path.stat().st_size for path in last)
    wait_until(lambda: sum(path.stat().st_size for path in (served.root / "live" / "spool").iterdir()) == size)


def test_a_wrong_token_is_said_before_anything_is_made(served, trainer):
    done = script(trainer, served.address, 5, 0, ASSAY_TOKEN="assay-inbox-wrong")
    out, said = done.communicate(timeout=120)
    assert (out, done.returncode) == ("", 1)
    assert f"AssayError: {served.address} does not know the token in ASSAY_TOKEN" in said
    assert list((trainer / "runs").iterdir()) == []


def test_without_a_token_one_sentence_says_where_it_belongs(served, trainer):
    done = assay("runs", "ls", "--store", served.address, folder=trainer)
    assert done.returncode == 2
    assert one_sentence(done.stderr).startswith("a store on a server wants a token: put it in ASSAY_TOKEN")


def test_a_token_may_lie_in_a_file_of_ones_own_alone(served, trainer):
    file = trainer / "token"
    file.write_text(served.token("read") + "\n")
    file.chmod(0o644)
    done = assay("runs", "ls", "--json", "--store", served.address, folder=trainer, ASSAY_TOKEN_FILE=str(file))
    assert (done.returncode, "chmod 600" in one_sentence(done.stderr)) == (2, True)
    file.chmod(0o600)
    done = assay("runs", "ls", "--json", "--store", served.address, folder=trainer, ASSAY_TOKEN_FILE=str(file))
    assert as_json(done) == []


def test_a_server_that_is_gone_lets_spools_wait_and_takes_them_later(store, trainer):
    served = Served(store.root)
    token = served.token("inbox")
    run = recorded(trainer, "demo", 40)
    done = assay("deliver", "demo", "--to", served.address, "--json", folder=trainer, ASSAY_TOKEN=token)
    [told] = as_json(done)["runs"]
    size = sum(path.stat().st_size for path in (run / "spool").iterdir())
    assert (done.returncode, told["sent"], told["waits"]) == (1, 0, size)
    assert "does not answer now" in told["problem"]
    served.start()
    try:
        done = assay("deliver", "--json", folder=trainer, ASSAY_TOKEN=token)
        [told] = as_json(done)["runs"]
        assert (done.returncode, told["sent"], told["waits"], told["problem"]) == (0, size, 0, None)
        again = as_json(assay("deliver", "--json", folder=trainer, ASSAY_TOKEN=token))["runs"][0]
        assert again["sent"] == 0
        wait_until(lambda: steps_of(store, "demo") == list(range(1, 41)))
    finally:
        served.stop()


def test_a_server_that_is_killed_again_and_again_under_a_writer_loses_and_doubles_nothing(store, trainer):
    served = Served(store.root).start()
    done = script(trainer, served.address, 400, 0.02, ASSAY_TOKEN=served.token("inbox"))
    try:
        wait_until(lambda: steps_of(store, "live"))
        while done.poll() is None:
            served.kill()
            served.start()
            reached = len(steps_of(store, "live"))
            wait_until(lambda reached=reached: len(steps_of(store, "live")) > reached or done.poll() is not None)
        done.communicate(timeout=60)
        assay("deliver", folder=trainer, ASSAY_TOKEN=served.token("inbox", "later"))
        wait_until(lambda: len(steps_of(store, "live")) >= 400)
        assert steps_of(store, "live") == list(range(1, 401))
    finally:
        served.stop()


def test_two_runs_of_one_name_are_told_apart_and_the_second_gets_another(served, tmp_path):
    tokens = {name: served.token("inbox", name) for name in ("one", "two")}
    for name, steps in (("one", 3), ("two", 4)):
        recorded(tmp_path / name, "demo", steps)
    first = assay("deliver", "demo", "--to", served.address, folder=tmp_path / "one", ASSAY_TOKEN=tokens["one"])
    assert first.returncode == 0, first.stderr
    second = assay("deliver", "demo", "--to", served.address, folder=tmp_path / "two", ASSAY_TOKEN=tokens["two"])
    assert second.returncode == 2
    assert one_sentence(second.stderr) == (
        "the server has another run called demo; nothing of this one was sent: give it a name of its own with "
        "`assay deliver demo --as NAME`"
    )
    renamed = assay("deliver", "demo", "--as", "demo-two", folder=tmp_path / "two", ASSAY_TOKEN=tokens["two"])
    assert renamed.returncode == 0, renamed.stderr
    wait_until(lambda: steps_of(served.store, "demo-two") == [1, 2, 3, 4])
    assert steps_of(served.store, "demo") == [1, 2, 3]


def test_a_run_that_is_refused_keeps_no_other_one_here(served, tmp_path):
    token = served.token("inbox", "two")
    recorded(tmp_path / "one", "a-taken", 3)
    assay(
        "deliver", "a-taken", "--to", served.address, folder=tmp_path / "one", ASSAY_TOKEN=served.token("inbox", "one")
    )
    for name in ("a-taken", "b-free"):
        recorded(tmp_path / "two", name, 4)
    done = assay("deliver", "a-taken", "b-free", "--to", served.address, folder=tmp_path / "two", ASSAY_TOKEN=token)
    assert done.returncode == 2
    assert "the server has another run called a-taken" in one_sentence(done.stderr)
    wait_until(lambda: steps_of(served.store, "b-free") == [1, 2, 3, 4])


def test_a_token_of_another_may_not_write_into_a_run(served, trainer):
    recorded(trainer, "demo", 3)
    assay("deliver", "demo", "--to", served.address, folder=trainer, ASSAY_TOKEN=served.token("inbox", "ann"))
    done = assay("deliver", folder=trainer, ASSAY_TOKEN=served.token("inbox", "eve"))
    assert done.returncode == 2
    assert one_sentence(done.stderr) == "run demo is delivered with the token ann, not with eve; use that one"


def test_a_run_that_is_not_there_and_one_that_goes_nowhere_are_one_sentence_each(tmp_path):
    recorded(tmp_path, "demo", 1)
    missing = assay("deliver", "nothing", folder=tmp_path, ASSAY_TOKEN="x")
    assert (missing.returncode, "there is no run nothing" in one_sentence(missing.stderr)) == (2, True)
    nowhere = assay("deliver", "demo", folder=tmp_path, ASSAY_TOKEN="x")
    assert one_sentence(nowhere.stderr) == ("run demo goes to no server yet; name one with --to quack://HOST:PORT")


def test_where_no_run_goes_to_a_server_it_is_said_where_that_was_looked_for(tmp_path):
    (tmp_path / "runs").mkdir()
    done = assay("deliver", folder=tmp_path)
    assert done.stdout.startswith(f"no run in {tmp_path / 'runs'} goes to a server; ")


def test_a_run_that_goes_on_stays_the_same_run(served, trainer):
    token = served.token("inbox")
    for steps in (5, 9):
        text = (
            f"import assay\nwith assay.run('r', store='{served.address}', resume={steps > 5}) as run:\n"
            f"    for step in range({steps - 4}, {steps + 1}): run.log(step, loss=1.0)\n"
        )
        env = environment(PYTHONPATH=str(HERE), ASSAY_TOKEN=token)
        subprocess.run([sys.executable, "-c", text], cwd=trainer, env=env, check=True, timeout=120)
    wait_until(lambda: steps_of(served.store, "r") == [1, 2, 3, 4, 5, 5, 6, 7, 8, 9])
    assert json.loads((trainer / "runs" / "r" / DELIVERY_NAME).read_text())["server"] == served.address


def test_a_run_that_is_there_gets_no_second_name(served, trainer):
    token = served.token("inbox")
    folder = recorded(trainer, "demo", 3)
    assert assay("deliver", "demo", "--to", served.address, folder=trainer, ASSAY_TOKEN=token).returncode == 0
    before = (folder / DELIVERY_NAME).read_text()
    done = assay("deliver", "demo", "--as", "demo-2", folder=trainer, ASSAY_TOKEN=token)
    assert (done.returncode, one_sentence(done.stderr)) == (
        2, "the server has this run already and calls it demo; deliver it with --as demo",
    )  # fmt: skip
    # What is noted is as before, so it goes on under its name.
    assert (folder / DELIVERY_NAME).read_text() == before
    assert as_json(assay("deliver", "--json", folder=trainer, ASSAY_TOKEN=token))["runs"][0]["problem"] is None
    assert sorted(path.parent.name for path in served.root.glob("*/spool")) == ["demo"]


def test_a_run_goes_to_no_server_that_has_it_under_another_name(store, served, trainer, tmp_path):
    """As after a change of the server's address, where somebody renames the run at the same time."""
    token = served.token("inbox")
    folder = recorded(trainer, "demo", 3)
    assert assay("deliver", "demo", "--to", served.address, folder=trainer, ASSAY_TOKEN=token).returncode == 0
    before = (folder / DELIVERY_NAME).read_text()
    moved = served.address.replace("127.0.0.1", "localhost")
    done = assay("deliver", "demo", "--to", moved, "--as", "mine", folder=trainer, ASSAY_TOKEN=token)
    assert (done.returncode, "calls it demo" in one_sentence(done.stderr)) == (2, True)
    assert (folder / DELIVERY_NAME).read_text() == before
    assert assay("deliver", "demo", "--to", moved, folder=trainer, ASSAY_TOKEN=token).returncode == 0
    assert json.loads((folder / DELIVERY_NAME).read_text())["server"] == moved


@pytest.mark.parametrize("named", [(), ("a-damaged", "b-whole")])
def test_a_damaged_note_is_one_sentence_and_keeps_no_other_run_here(served, trainer, named):
    token = served.token("inbox")
    for name in ("a-damaged", "b-whole"):
        folder = recorded(trainer, name, 2)
        send_to(folder, served.address)
    (trainer / "runs" / "a-damaged" / DELIVERY_NAME).write_text("")
    done = assay("deliver", *named, folder=trainer, ASSAY_TOKEN=token)
    assert done.returncode == 2
    assert "a-damaged/delivery.json is damaged, and the server knows the run by the origin in it" in one_sentence(
        done.stderr
    )
    assert (trainer / "runs" / "a-damaged" / DELIVERY_NAME).read_text() == ""
    wait_until(lambda: steps_of(served.store, "b-whole") == [1, 2])


def test_a_named_run_that_goes_nowhere_keeps_no_other_one_here(served, trainer):
    recorded(trainer, "a-nowhere", 2)
    send_to(recorded(trainer, "b-sent", 2), served.address)
    done = assay("deliver", "a-nowhere", "b-sent", folder=trainer, ASSAY_TOKEN=served.token("inbox"))
    assert (done.returncode, one_sentence(done.stderr)) == (
        2, "run a-nowhere goes to no server yet; name one with --to quack://HOST:PORT",
    )  # fmt: skip
    assert not (trainer / "runs" / "a-nowhere" / DELIVERY_NAME).exists()
    wait_until(lambda: steps_of(served.store, "b-sent") == [1, 2])


def test_ctrl_c_in_the_script_still_delivers_its_last_steps(served, trainer):
    done = script(trainer, served.address, 5000, 0.01, ASSAY_TOKEN=served.token("inbox"))
    assert done.stdout.readline() == "begun\n"
    time.sleep(1)
    done.send_signal(signal.SIGINT)
    done.communicate(timeout=60)
    wait_until(lambda: served.store.rows("SELECT status, error FROM run WHERE status = 'failed'"))
    assert served.store.rows("SELECT error FROM run") == [{"error": "stopped by Ctrl-C"}]
