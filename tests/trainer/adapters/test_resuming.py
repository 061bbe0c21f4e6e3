"""A host that is started again goes on with its run."""

import json
from types import SimpleNamespace

import pytest
from transformers import Trainer, TrainerCallback

from tests.trainer.adapters.hosts import Seen, SeenShaken, are_equal, recorded, shown, weights
from tests.trainer.seen import active, events, said


class PowerError(RuntimeError):
    """The power failed."""


def dies_at(trainer, step):
    """Let a host die in a step."""
    train = trainer.training_step

    def dying(*arguments, **options):
        if trainer.state.global_step + 1 == step:
            raise PowerError("the power failed")
        return train(*arguments, **options)

    trainer.training_step = dying
    with pytest.raises(PowerError, match="the power failed"):
        trainer.train()


@pytest.mark.parametrize("kind", [Seen, Trainer])
def test_a_resumed_host_goes_on_with_its_run_on_a_branch(make, store, kind):
    dies_at(make(kind, recorded(store)), 11)
    trainer = make(kind, recorded(store))
    trainer.train(resume_from_checkpoint=True)
    run = shown(store)
    assert [item["name"] for item in store.rows("SELECT name FROM run")] == ["r"]
    assert (run["status"], run["step"], run["error"]) == ("finished", 12, None)
    last = 10 if kind is Seen else 9
    assert [(item["fork_step"], item["reason"], item["data"].get("abandoned_to")) for item in run["branches"][1:]] == [
        (8, "resume", last)
    ]
    assert [item["step"] for item in events(store, "resume")] == [8]
    assert sorted(active(store, "loss")) == ([*range(1, 13)] if kind is Seen else [3, 6, 9, 12])
    whole = make(Trainer, output="whole")
    whole.train()
    assert are_equal(weights(whole), weights(trainer))


def test_steps_done_again_are_proved_equal(make, store):
    dies_at(make(Seen, recorded(store)), 11)
    make(Seen, recorded(store)).train(resume_from_checkpoint=True)
    shown(store)
    assert said(store, "replay") == ["steps 9 to 10, done again, came to the same numbers, bit for bit"]


def test_the_error_of_a_host_is_the_end_of_its_run(make, store):
    dies_at(make(Seen, recorded(store)), 6)
    run = shown(store)
    assert (run["status"], run["error"]) == ("failed", "PowerError: the power failed")
    assert run["step"] == 5


def test_what_a_kill_left_of_checkpoints_is_told_or_cleared_away(make, store):
    dies_at(make(Seen, recorded(store)), 11)
    (spool,) = (store.root / "r" / "spool").glob("*.jsonl")
    told = spool.read_text().splitlines(keepends=True)
    spool.write_text("".join(line for line in told if '"k":"checkpoint"' not in line))
    half = store.root / "r" / "checkpoints" / ".tmp-00000012-b1-1"
    half.mkdir()
    (half / "model.safetensors").write_text("half of it")
    make(Seen, recorded(store)).train(resume_from_checkpoint=True)
    assert [item["step"] for item in shown(store)["checkpoints"]] == [4, 8, 12]
    assert not half.exists()


@pytest.mark.parametrize("kind", [Seen, Trainer])
def test_before_the_host_saves_its_steps_are_in_the_spool(make, store, monkeypatch, kind):
    """Who goes on from there does not make them again."""
    monkeypatch.setattr("assay.flusher.POLL_SECONDS", 0.3)
    found = []

    class Looks(TrainerCallback):
        def on_save(self, args, state, control, **_):
            (spool,) = (store.root / "r" / "spool").glob("*.jsonl")
            lines = map(json.loads, spool.read_text().splitlines())
            found.append((state.global_step, max(line["s"] for line in lines if line["k"] == "step")))

    make(kind, Looks(), recorded(store), logging_steps=1, max_steps=8).train()
    assert found == [(4, 4), (8, 8)]


def test_a_host_that_fails_waits_no_longer_for_what_others_write(make, store):
    callback, given_up = recorded(store), []
    callback._awaited.append(SimpleNamespace(give_up=lambda: given_up.append("its checkpoint")))
    dies_at(make(Seen, callback), 3)
    assert given_up == ["its checkpoint"]


def test_the_guard_goes_on_with_what_it_knew(make, store):
    dies_at(make(SeenShaken, recorded(store), max_steps=60, save_steps=20), 43)
    trainer = make(SeenShaken, recorded(store), max_steps=60, save_steps=20)
    trainer.shaken_at, trainer.how, trainer.times = (44,), "noise", 1
    trainer.train(resume_from_checkpoint=True)
    shown(store)
    (first, *_) = said(store, "spike")
    assert first.startswith("step 44: jump: the loss")
    assert events(store, "resume")[0]["data"]["baseline"] == {"arms_at": None}


def test_another_output_folder_is_another_run(make, store):
    make(Seen, recorded(store), output="a", max_steps=4).train()
    dies_at(make(Seen, recorded(store), output="b"), 7)
    make(Seen, recorded(store), output="b").train(resume_from_checkpoint=True)
    assert shown(store)["step"] == 4
    second = shown(store, "r-2")
    assert (second["step"], second["status"]) == (12, "finished")


def test_a_host_without_a_recorded_past_begins_a_run_where_it_is(make, store):
    make(Trainer, output="a", max_steps=8).train()
    make(Seen, recorded(store), output="a").train(resume_from_checkpoint=True)
    run = shown(store)
    assert (run["status"], run["step"]) == ("finished", 12)
    assert sorted(active(store, "loss")) == [9, 10, 11, 12]
