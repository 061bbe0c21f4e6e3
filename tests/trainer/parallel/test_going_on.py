"""A run of several processes that was ended goes on as if it never had been; in other processes only where declared."""

import signal

import pytest

from store.database import Store
from store.loading import load_spools
from store.runs import list_runs, show_run
from tests.trainer.parallel.launched import launch
from tests.trainer.seen import active, checkpoints, events, learned, said, wait_for

STEPS = {"train__steps": 8, "lora__dropout": 0.2}


@pytest.fixture
def broken_off(written, tmp_path):
    """A run whose process did not live to its end; how its processes ended, and the store."""

    def make(harm, size=2, **settings):
        place = tmp_path / "broken"
        ended = launch(tmp_path, written(**{**STEPS, **settings}), "--store", place, size=size, harm=harm).wait()
        store = Store.at(place / "assay.duckdb")
        load_spools(store)
        return ended, store

    return make


def go_on(store, tmp_path, *options, size=2):
    return launch(tmp_path, "--resume", "r", "--store", store.root, *options, size=size).wait()


@pytest.mark.parametrize("dies", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_a_run_goes_on_to_the_bits_of_one_whose_processes_all_lived(broken_off, trained, tmp_path, dies):
    whole = trained("whole", **STEPS)
    ended, store = broken_off(f"dies_in_step:{dies}:6")
    assert ended[dies].code == -signal.SIGKILL
    assert ended[1 - dies].code in (1, 2)
    assert "another process of this run has died" in ended[1 - dies].err
    assert [folder.name for folder in checkpoints(store)] == ["00000003-b1"]
    assert [one.code for one in go_on(store, tmp_path)] == [0, 0]
    assert learned(checkpoints(store)[-1]) == learned(checkpoints(whole)[-1])
    assert active(store, "loss") == active(whole, "loss")


def test_a_checkpoint_in_which_a_process_dies_is_none(broken_off, trained, tmp_path):
    ended, store = broken_off("dies_in_checkpoint:1:2")
    assert ended[0].code == 2
    assert ended[0].err.count("another process of this run has died or no longer answers") == 1
    assert show_run(store, "r")["status"] == "failed"
    assert [folder.name for folder in (store.root / "r" / "checkpoints").iterdir()] == ["00000003-b1"]
    assert [one.code for one in go_on(store, tmp_path)] == [0, 0]
    assert learned(checkpoints(store)[-1]) == learned(checkpoints(trained("whole", **STEPS))[-1])


def test_processes_that_hold_other_weights_seal_nothing(broken_off):
    ended, store = broken_off("flips_a_bit:1:5")
    assert ended[0].code == 2
    assert "process 1 no longer holds the same as process 0, first in " in ended[0].err
    assert [folder.name for folder in checkpoints(store)] == ["00000003-b1"]


def test_another_number_of_processes_is_refused_until_it_is_declared(broken_off, tmp_path):
    _, store = broken_off("dies_in_step:1:6")
    refused = go_on(store, tmp_path, size=1)[0]
    assert refused.code == 2
    assert "was written by 2 processes (ddp), and this is one process" in refused.err
    assert go_on(store, tmp_path, "--reshard", size=1)[0].code == 0
    declared, found = said(store, "replay")
    assert declared == (
        "goes on in one process, where the checkpoint was written by 2 processes (ddp): from here on not bit for bit"
    )
    assert "the number of processes was set anew" in found
    assert [event["data"]["equal"] for event in events(store, "replay")] == [False, False]
    assert sorted(active(store, "loss")) == [*range(1, 9)]


@pytest.mark.slow
def test_what_one_process_trained_goes_on_in_two_where_that_is_declared(trained, tmp_path):
    store = trained(size=1, **STEPS)
    options = ("--set", "train.steps=10")
    assert "was written by one process, and this is 2 processes (ddp)" in go_on(store, tmp_path, *options)[0].err
    assert [one.code for one in go_on(store, tmp_path, *options, "--reshard")] == [0, 0]
    assert sorted(active(store, "loss")) == [*range(1, 11)]


def test_a_run_that_two_processes_train_is_not_gone_on_with_beside_them(written, tmp_path):
    place = tmp_path / "busy"
    running = launch(tmp_path, written(train__steps=100000), "--store", place)
    store = Store.at(place / "assay.duckdb")
    wait_for(lambda: store.exists and list_runs(store) and active(store, "loss"))
    refused = go_on(store, tmp_path)
    running.signal(signal.SIGTERM, 0, 1)
    assert refused[0].code == 2
    assert "another process" in refused[0].err
    assert running.wait()[0].code == 143


@pytest.mark.slow
@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_three_processes_go_on_to_the_bits_too(broken_off, trained, tmp_path, parallel):
    settings = {**STEPS, "train__method": "full", "train__batch_size": 5, "train__parallel": parallel}
    whole = trained("whole", size=3, **settings)
    _, store = broken_off("dies_in_step:2:6", size=3, **settings)
    assert [one.code for one in go_on(store, tmp_path, size=3)] == [0, 0, 0]
    assert learned(checkpoints(store)[-1]) == learned(checkpoints(whole)[-1])
    assert active(store, "loss") == active(whole, "loss")
