"""How several processes are started, and what is said where one of them cannot take part."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from store.database import Store
from store.runs import show_run
from tests.trainer.parallel.launched import launch
from tests.trainer.seen import active, checkpoints, learned, state_of, wait_for
from trainer.errors import ConfigError
from trainer.parallel.launch import check_launch, rank_of

TWO = {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}
ACCELERATE = ("launch", "--multi_gpu", "--num_machines", 1, "--mixed_precision", "no", "--dynamo_backend", "no")


def started(tool, *arguments, folder):
    """A launcher, as one types it."""
    command = [Path(sys.executable).with_name(tool), *arguments]
    place = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path.cwd())}
    return subprocess.Popen(
        list(map(str, command)), cwd=folder, env=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_accelerate_launch_trains_in_two_processes_and_one_of_them_speaks(written, tmp_path):
    launcher = started(
        "accelerate", *ACCELERATE, "--num_processes", 2, "--main_process_port", 0, "-m", "assay", "train", written(),
        "--store", tmp_path / "several", folder=tmp_path,
    )  # fmt: skip
    out, err = launcher.communicate(timeout=240)
    assert launcher.returncode == 0, err
    assert out.count("run r is in") == 1
    assert err.count("step 6 of 6") == 1
    store = Store.at(tmp_path / "several" / "assay.duckdb")
    assert show_run(store, "r")["status"] == "finished"
    assert sorted(path.name[:2] for path in (store.root / "r" / "spool").iterdir()) == ["0-", "1-"]
    assert sorted(active(store, "loss")) == [*range(1, 7)]


@pytest.mark.slow
def test_two_nodes_train_as_two_processes_of_one_do(written, trained, tmp_path):
    whole = trained("whole")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    nodes = [
        started(
            "torchrun", "--nnodes", 2, "--node-rank", rank, "--nproc-per-node", 1, "--master-addr", "127.0.0.1",
            "--master-port", port, "-m", "assay", "train", written(), "--store", tmp_path / "several", folder=tmp_path,
        )
        for rank in (0, 1)
    ]  # fmt: skip
    for node, (_, err) in [(node, node.communicate(timeout=240)) for node in nodes]:
        assert node.returncode == 0, err
    store = Store.at(tmp_path / "several" / "assay.duckdb")
    assert learned(checkpoints(store)[-1]) == learned(checkpoints(whole)[-1])


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are told by Linux's own list of them")
def test_no_thread_that_hears_from_others_is_left_as_a_process_ends(trained, tmp_path):
    trained(harm=f"shows_threads:{tmp_path}", train__steps=2)
    for rank in (0, 1):
        threads = (tmp_path / f"{rank}.threads").read_text().split()
        assert threads
        assert [name for name in threads if "gloo" in name] == []


@pytest.mark.slow
def test_ctrl_c_to_torchrun_saves_once_and_the_run_goes_on_to_the_bits(written, trained, tmp_path):
    settings = {"train__steps": 120, "train__eval_every": 10000, "checkpoint__every": 10000}
    whole = trained("whole", **settings)
    given = ("--standalone", "--nproc-per-node", 2, "-m", "assay", "train")
    launcher = started("torchrun", *given, written(**settings), "--store", tmp_path / "several", folder=tmp_path)
    wait_for(lambda: [1 for path in tmp_path.glob("several/r/spool/0-*") if '"k":"step"' in path.read_text()])
    launcher.send_signal(signal.SIGINT)
    out, err = launcher.communicate(timeout=240)
    assert launcher.returncode != 0
    assert "stopped by Ctrl-C" in err
    assert "--resume r" in out
    store = Store.at(tmp_path / "several" / "assay.duckdb")
    [folder] = checkpoints(store)
    assert state_of(folder)["step"] < 120
    launcher = started("torchrun", *given, "--resume", "r", "--store", store.root, folder=tmp_path)
    said = launcher.communicate(timeout=240)
    assert launcher.returncode == 0, said
    assert learned(checkpoints(store)[-1]) == learned(checkpoints(whole)[-1])


@pytest.mark.parametrize(("variables", "says"), [
    ({"WORLD_SIZE": "2"}, "WORLD_SIZE is 2, and RANK is not set; start several processes with torchrun"),
    ({"WORLD_SIZE": "two"}, "WORLD_SIZE is two, which is no number of processes"),
    ({**TWO, "ACCELERATE_USE_FSDP": "true"}, 'say train.parallel = "fsdp" instead'),
    ({**TWO, "ACCELERATE_USE_DEEPSPEED": "true"}, "asks for DeepSpeed"),
    ({"ACCELERATE_USE_CPU": "True", "MASTER_ADDR": "127.0.0.1"}, "started only this one; use torchrun"),
], ids=["no rank", "no number", "fsdp of accelerate", "deepspeed", "one of several"])  # fmt: skip
def test_a_launch_that_cannot_work_is_refused(variables, says):
    with pytest.raises(ConfigError) as refused:
        check_launch(variables)
    assert says in str(refused.value)


def test_one_process_is_rank_0_whatever_is_left_in_its_environment():
    check_launch({"RANK": "3", "ACCELERATE_USE_CPU": "True"})
    assert rank_of({"RANK": "3"}) == 0
    assert rank_of(TWO) == 1


@pytest.mark.parametrize(("harm", "says"), [
    ("cannot_load:1", "assay: process 1, on "),
    pytest.param("cannot_load:0", "assay: there is no model folder /models/base", marks=pytest.mark.slow),
    pytest.param("has_another_model:1", "embed_tokens.weight (500, 32), and process 0, on", marks=pytest.mark.slow),
    ("out_of_memory:0:2", "assay: out of memory in process 0 of 2 (DefaultCPUAllocator"),
], ids=["a model is missing there", "and here", "another model", "memory"])  # fmt: skip
def test_where_one_process_cannot_take_part_all_end_with_one_sentence(written, tmp_path, harm, says):
    ended = launch(tmp_path, written(), "--store", tmp_path / "several", harm=harm).wait()
    assert ended[0].code == 2
    assert says in ended[0].err
    assert "Traceback" not in ended[0].err + ended[1].err
    if "memory" not in harm:
        assert ended[1].code == 0
        assert not (tmp_path / "several" / "r").exists()


def test_rank_0_may_say_at_any_time_that_it_is_still_there(trained):
    store = trained(harm="says_often_that_it_is_there", train__steps=30)
    assert sorted(active(store, "loss")) == [*range(1, 31)]
