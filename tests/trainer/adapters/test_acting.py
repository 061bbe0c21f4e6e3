"""Where it is asked to, the guard acts in a host: it skips steps, and goes back and on again."""

import json

import pytest
import torch

from store.artifacts import verify
from store.requests import Request
from tests.trainer.adapters.hosts import Seen, SeenShaken, are_equal, recorded, shown, weights
from tests.trainer.seen import active, batches, events, metric, said

LONG = {"max_steps": 100, "save_steps": 10, "logging_steps": 50}


@pytest.fixture
def act(make, store):
    """Trains a shaken host whose guard acts."""

    def run(how, times=float("inf"), at=(45,), stable_after=5, **settings):
        trainer = make(SeenShaken, recorded(store, mode="act", stable_after=stable_after), **{**LONG, **settings})
        trainer.shaken_at, trainer.how, trainer.times = at, how, times
        trainer.train()
        return trainer

    return run


def test_a_skipped_step_leaves_weights_and_moments_as_they_were(make, store, monkeypatch):
    trainer = make(SeenShaken, recorded(store, mode="act"), max_steps=5)
    trainer.shaken_at = (4,)
    seen = {}
    step = trainer.training_step

    def remember(*arguments, **options):
        state = trainer.optimizer.state_dict()["state"]
        moments = {f"{key}/{name}": value.clone() for key, item in state.items() for name, value in item.items()}
        seen[trainer.state.global_step] = (weights(trainer), moments)
        return step(*arguments, **options)

    monkeypatch.setattr(trainer, "training_step", remember)
    trainer.train()
    (before, moments), (after, same) = seen[3], seen[4]
    assert are_equal(before, after)
    assert all(torch.equal(moments[name], same[name]) for name in moments)
    shown(store)
    assert [(item["step"], item["update"], item["verdict"]) for item in batches(store)] == [
        (1, 1, "commit"), (2, 2, "commit"), (3, 3, "commit"), (4, 3, "skip"), (5, 4, "commit"),
    ]  # fmt: skip
    assert said(store, "spike")[0] == "step 4: not a number: the loss is nan, the step was not taken"
    assert metric(store, "lr")[1, 5] == pytest.approx(1e-3 * 1 / 5)


def test_a_spike_that_comes_back_is_gone_around_on_branches(act, store):
    trainer = act("noise")
    run = shown(store)
    assert (run["status"], run["step"], run["branch"], trainer.state.global_step) == ("finished", 100, 3, 100)
    assert [(item["branch"], item["parent"], item["fork_step"], item["reason"]) for item in run["branches"]] == [
        (1, None, -1, "start"), (2, 1, 30, "replay"), (3, 2, 30, "rollback"),
    ]  # fmt: skip
    left_out = [item["step"] for item in batches(store) if item["verdict"] == "left-out"]
    assert left_out == list(range(31, 56))
    assert [item["data"]["equal"] for item in events(store, "replay")] == [True]
    (over,) = events(store, "spike-over")
    assert over["data"]["cause"] == "batch-linked"
    assert over["message"].startswith("the spike at step 45 is over: done again unchanged it came back, bit for bit")
    assert sorted(active(store, "loss")) == [*range(1, 31), *range(56, 101)]
    assert max(active(store, "loss").values()) < 7


def test_a_spike_that_does_not_come_back_was_not_reproducible(act, store):
    act("noise", times=1)
    run = shown(store)
    assert [item["reason"] for item in run["branches"]] == ["start", "replay"]
    assert [item["data"]["equal"] for item in events(store, "replay")] == [False]
    (over,) = events(store, "spike-over")
    assert over["data"]["cause"] == "not-reproducible"


def test_a_host_that_went_back_learns_what_one_that_was_never_disturbed_learns(act, make, store):
    back = act("noise", times=1)
    plain = make(SeenShaken, recorded(store, "plain"), output="plain", **LONG)
    plain.shaken_at = ()
    plain.train()
    assert are_equal(weights(back), weights(plain))


def test_the_hosts_own_checkpoints_of_what_was_left_are_taken_away(act, store, tmp_path):
    act("noise", times=1, at=(55,), max_steps=59)
    shown(store)
    assert [item["step"] for item in events(store, "guard")] == [58]
    # Sealed before the spike and behind the step that was gone back to: the host has written it anew.
    names = {path.name for path in (tmp_path / "out").glob("checkpoint-*")}
    assert "checkpoint-50" in names
    for item in shown(store)["checkpoints"]:
        verify(store.root / item["path"], item["sha256"])


@pytest.mark.slow
def test_a_slower_rung_lowers_the_rate_of_each_step_and_not_the_schedule(act, store):
    act("noise", at=(45, 58), max_steps=120, stable_after=12)
    run = shown(store)
    assert [item["data"].get("rung") for item in run["branches"][1:]] == ["control", "leave-out", "slower"]
    rates, slowest = active(store, "lr"), run["branches"][-1]["data"]["remedies"]
    after = slowest["rewarm_after"]
    assert rates[after + 1] == pytest.approx(1e-3 * (120 - after) / 120 * 0.5 / 50)
    assert rates[30] == pytest.approx(1e-3 * (120 - 29) / 120)


def test_without_a_checkpoint_to_go_back_to_it_asks(act, store, monkeypatch):
    asked = []
    monkeypatch.setattr("trainer.requests.Wishes.pause", lambda self: asked.append("pause"))
    act("noise", times=1, save_strategy="no", max_steps=60)
    shown(store)
    assert asked == ["pause"]
    assert any("the guard has nothing to go back to" in sentence for sentence in said(store, "guard"))


@pytest.fixture
def asked(make, store):
    """Trains a host of which something is asked behind its tenth step; gives it and the answers."""

    def run(kind, kind_of_host=Seen, step=None, **settings):
        trainer = make(kind_of_host, recorded(store), **settings)
        args = {} if step is None else {"step": step}
        step_end, answers = trainer._assay.on_step_end, []

        def ask(*given, **known):
            if given[1].global_step == 10 and not answers:
                wishes = trainer._assay.hosted.wishes
                wishes._inbox._requests.put(Request(1, kind, args, "command:li"))
                wishes._inbox.answer = lambda _, result: answers.append(result)
            step_end(*given, **known)

        trainer._assay.on_step_end = ask
        trainer.train()
        return trainer, answers

    return run


class NeverBest(Seen):
    """A host whose evaluations find nothing better, at every fifth step."""

    def _determine_best_metric(self, *_, **__):
        return False


BEST = {"save_strategy": "best", "eval_strategy": "steps", "eval_steps": 5, "metric_for_best_model": "loss"}


def test_a_host_that_saves_its_best_alone_is_stopped_and_saves(asked, store):
    trainer, answers = asked("stop-and-save", kind_of_host=NeverBest, **BEST)
    assert answers == ["stops after step 10 and saves"]
    assert trainer.state.global_step == 10
    assert [item["step"] for item in shown(store)["checkpoints"]] == [10]


def test_a_host_that_saves_its_best_alone_saves_now_after_the_next_step_it_does_not_evaluate(asked, store):
    trainer, _ = asked("save-now", kind_of_host=NeverBest, **BEST)
    assert trainer.state.global_step == 12
    assert [item["step"] for item in shown(store)["checkpoints"]] == [11]


def test_a_host_that_saves_its_model_alone_is_asked_to_save_once(asked, tmp_path):
    asked("save-now", save_only_model=True, save_strategy="no")
    assert [path.name for path in (tmp_path / "out").glob("checkpoint-*")] == ["checkpoint-10"]


def test_a_loss_that_is_no_number_is_not_stepped_on_though_nothing_more_is_tried(act, store, monkeypatch):
    monkeypatch.setattr("trainer.requests.Wishes.pause", lambda self: None)
    trainer = act("nan", at=range(40, 60), save_strategy="no", max_steps=59)
    shown(store)
    assert all(bool(item.isfinite().all()) for item in trainer.model.parameters())
    assert [item["verdict"] for item in batches(store)][39:] == ["skip", "skip", "rollback", *["skip"] * 17]


def test_who_asks_for_a_rollback_gets_it(asked, store):
    trainer, answers = asked("rollback", step=8)
    run = shown(store)
    assert answers == ["goes back from step 10 to step 8, on branch 2"]
    assert (run["branch"], run["step"], run["status"]) == (2, 12, "finished")
    assert (run["branches"][1]["reason"], run["branches"][1]["data"]["actor"]) == ("rollback", "command:li")
    assert trainer.state.global_step == 12
    assert said(store, "replay") == ["steps 9 to 10, done again, came to the same numbers, bit for bit"]


def test_a_step_without_a_checkpoint_cannot_be_gone_back_to(asked, store):
    _, answers = asked("rollback", step=7)
    assert answers == ["not done: there is no sealed checkpoint at step 7; the nearest is at step 8 (there are 4, 8)"]
    assert shown(store)["branch"] == 1


def test_who_asks_for_a_checkpoint_gets_it(asked, store):
    _, answers = asked("save-now")
    assert answers == ["the host writes a checkpoint after step 10"]
    assert [item["step"] for item in shown(store)["checkpoints"]] == [8, 10, 12]


def test_who_asks_the_host_to_stop_stops_it_and_it_saves(asked, store):
    trainer, answers = asked("stop-and-save")
    run = shown(store)
    assert answers == ["stops after step 10 and saves"]
    assert (trainer.state.global_step, run["step"]) == (10, 10)
    assert (run["status"], run["error"]) == ("finished", "stopped at step 10 of 12 by command:li")
    assert run["checkpoints"][-1]["step"] == 10


def test_the_state_of_a_checkpoint_says_what_the_guard_knew(act, store):
    act("noise", times=1, max_steps=60)
    for item in shown(store)["checkpoints"]:
        state = json.loads((store.root / item["path"] / "state.json").read_text())
        assert state["step"] == item["step"]
        assert state["guard"]["detector"]["points"] <= item["step"]
