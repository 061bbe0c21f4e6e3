"""A host in several processes: what people want is told to all of them, and their checkpoints are sealed as one."""

import pytest

from store.artifacts import verify
from store.database import Store
from tests.trainer.adapters.hosts import shown
from tests.trainer.adapters.together import train_together
from tests.trainer.seen import events, said
from trainer.adapters.others import ALONE


@pytest.fixture
def store(tmp_path):
    return Store.at(tmp_path / "runs" / "assay.duckdb")


@pytest.mark.parametrize("kind", ["seen", pytest.param("plain", marks=pytest.mark.slow)])
def test_who_asks_to_stop_stops_all_and_all_save_after_the_same_step(model_folder, tmp_path, store, kind):
    done = train_together(kind, model_folder, tmp_path, "stop-and-save", logging_steps=1)
    assert done == [
        {"step": 5, "saved": [4, 5], "answers": ["stops after step 5 and saves"]},
        {"step": 5, "saved": [4, 5], "answers": []},
    ]
    run = shown(store)
    assert (run["status"], run["error"], run["step"]) == ("finished", "stopped at step 5 of 12 by command:li", 5)
    found = {item["step"]: item for item in run["checkpoints"]}
    assert sorted(found) == [4, 5]
    for item in found.values():
        manifest = verify(store.root / item["path"], item["sha256"])
        assert {"rng_state_0.pth", "rng_state_1.pth", "model.safetensors", "optimizer.pt"} <= manifest["files"].keys()


def test_who_asks_to_save_now_to_wait_and_to_go_on_gets_it(model_folder, tmp_path, store):
    asks = "pause note save-now rollback continue"
    done = train_together("seen", model_folder, tmp_path, asks, save_steps=8)
    assert [item["step"] for item in done] == [12, 12]
    assert [item["saved"] for item in done] == [[5, 8, 12]] * 2
    back = done[0]["answers"].pop(3)
    assert back == (
        "not done: a host in several processes does not go back by itself; stop it, and start it again with "
        "resume_from_checkpoint set to the checkpoint"
    )
    assert done[0]["answers"] == [
        "paused after step 5", "noted", "the host writes a checkpoint after step 5", "goes on",
    ]  # fmt: skip
    assert [(item["step"], item["state"]) for item in shown(store)["checkpoints"]] == [
        (5, "stable"), (8, "stable"), (12, "stable"),
    ]  # fmt: skip


def test_where_another_process_has_no_callback_what_is_asked_is_refused_at_once(model_folder, tmp_path, store):
    done = train_together("plain", model_folder, tmp_path, "stop-and-save note", everywhere=False)
    assert [(item["step"], item["saved"]) for item in done] == [(12, [4, 8, 12])] * 2
    assert done[0]["answers"] == [f"not done: {ALONE}", "noted"]
    run = shown(store)
    assert (run["status"], run["checkpoints"]) == ("finished", [])
    assert said(store, "checkpoint") == [f"no checkpoint of this training is sealed: {ALONE}"]
    assert [item["step"] for item in events(store, "request")] == [5]


def test_a_host_that_saves_in_its_first_process_alone_trains_on_and_says_what_is_not_sealed(
    model_folder, tmp_path, store
):
    done = train_together("plain", model_folder, tmp_path, saves_alone=5, save_steps=8)
    assert [(item["step"], item["saved"]) for item in done] == [(12, [5, 8, 12]), (12, [8, 12])]
    assert [item["step"] for item in shown(store)["checkpoints"]] == [8, 12]
    assert said(store, "checkpoint")[0] == (
        "the checkpoint at step 5 could not be sealed: process 1 has not saved it within 3 seconds; let every process "
        "of the host set should_save at the same step"
    )


@pytest.mark.slow
def test_a_checkpoint_of_which_the_first_process_sees_a_part_is_not_sealed(model_folder, tmp_path, store):
    train_together("plain", model_folder, tmp_path, apart=True, max_steps=4, logging_steps=1)
    assert shown(store)["checkpoints"] == []
    (sentence,) = said(store, "checkpoint")
    assert sentence == (
        "the checkpoint at step 4 could not be sealed: process 1 has written rng_state_1.pth, which process 0 does not "
        "see; let output_dir lie on a disk that all of them share"
    )
