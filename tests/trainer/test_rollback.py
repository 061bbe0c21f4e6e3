"""A run goes back to a checkpoint, while it trains or when it is resumed, and what it left is kept apart."""

import json

import pytest

from store.artifacts import sealed_folders
from store.requests import Request
from store.runs import show_run
from tests.trainer.seen import (
    ENDLESS,
    Person,
    active,
    batches,
    checkpoints,
    dies_at,
    events,
    learned,
    metric,
    said,
    state_of,
)
from tests.trainer.test_training import _poisoned
from trainer.errors import ResumeError
from trainer.history import History
from trainer.inbox import Inbox
from trainer.rollback import asked_back
from trainer.session import resume_run, start_run
from trainer.shelf import Shelf

EVERY_TWO = {"checkpoint__every": 2, "checkpoint__keep": 9, "lora__dropout": 0.2, "train__eval_every": 2}


@pytest.fixture
def asked(monkeypatch):
    """Scripted requests: what is asked after which step done, counted as they are done."""

    def script(**by_step):
        waiting = {int(step.removeprefix("after_")): list(things) for step, things in by_step.items()}
        answers = []

        class Scripted:
            def __init__(self, store, run):
                self.done = 1

            def __enter__(self):
                return self

            def __exit__(self, *_):
                assert not any(waiting.values())

            def next(self, timeout=0.0):
                if waiting.get(self.done):
                    kind, args = waiting[self.done].pop(0)
                    return Request(1, kind, args, "lin")
                self.done += 1
                return None

            def answer(self, request, result):
                answers.append(result)

        monkeypatch.setattr("trainer.session.Inbox", Scripted)
        return answers

    return script


OTHER_BRANCH = (
    "--resume goes on from a step of the active path, r@STEP; a new run from another branch begins with "
    "`assay train --from r/1@2`"
)


def back(step):
    return ("rollback", {"step": step})


@pytest.mark.parametrize(
    "settings",
    [{}, {"train__method": "full"}, {"train__precision": "fp16"}, {"train__micro_batch": 3, "data__validation": 0.0}],
    ids=["lora", "full", "fp16", "parts"],
)
def test_a_run_that_goes_back_while_it_trains_comes_to_the_same_bits(config_for, store, asked, settings):
    start_run(config_for(run__name="whole", **EVERY_TWO, **settings), store)
    answers = asked(after_5=[back(2)])
    ended = start_run(config_for(**EVERY_TWO, **settings), store)
    assert answers == ["went back from step 5 to step 2, on branch 2"]
    assert ended.outcome.state.step == 6
    assert learned(checkpoints(store)[-1]) == learned(checkpoints(store, "whole")[-1])
    for name in ("loss", "grad_norm", "lr", "val_loss", "tokens", "epoch"):
        assert active(store, name) == active(store, name, "whole")
    assert [row["update"] for row in batches(store)] == [1, 2, 3, 4, 5, 3, 4, 5, 6]
    (proof,) = events(store, "replay")
    assert proof["message"] == "steps 3 to 5, done again, came to the same numbers, bit for bit"


def test_what_it_left_is_a_branch_with_its_reason_and_its_parent(config_for, store, asked):
    asked(after_5=[back(2)])
    start_run(config_for(**EVERY_TWO), store)
    first, second = show_run(store, "r")["branches"]
    assert (first["branch"], first["reason"]) == (1, "start")
    assert (second["branch"], second["parent"], second["fork_step"], second["reason"]) == (2, 1, 2, "rollback")
    assert second["data"] == {
        "checkpoint": "r/checkpoints/00000002-b1", "abandoned_to": 5, "actor": "lin", "baseline": {"arms_at": 32},
    }  # fmt: skip
    (next_one, _) = sealed_folders(store.root / "r" / "checkpoints")[1:]
    assert next_one.name == "00000004-b2"
    assert json.loads((next_one / "manifest.json").read_text())["parent"] == "r/checkpoints/00000002-b1"
    assert sorted(metric(store, "loss")) == [(1, 1), (1, 2), (1, 3), (1, 4), (1, 5), (2, 3), (2, 4), (2, 5), (2, 6)]


def test_a_run_can_go_back_more_than_once_and_from_its_very_end(config_for, store, asked):
    start_run(config_for(run__name="whole", **EVERY_TWO), store)
    answers = asked(after_5=[back(4)], after_7=[back(2)])
    start_run(config_for(**EVERY_TWO), store)
    assert answers == [
        "went back from step 5 to step 4, on branch 2", "went back from step 6 to step 2, on branch 3",
    ]  # fmt: skip
    assert learned(checkpoints(store)[-1]) == learned(checkpoints(store, "whole")[-1])
    assert active(store, "loss") == active(store, "loss", "whole")
    assert said(store, "replay") == [
        "step 5, done again, came to the same numbers, bit for bit",
        "steps 3 to 6, done again, came to the same numbers, bit for bit",
    ]


def test_a_resumed_run_that_goes_back_behind_where_it_began_compares_with_what_was_before(config_for, store, asked):
    with pytest.MonkeyPatch.context() as patch, dies_at(patch, 6):
        start_run(config_for(**EVERY_TWO), store)
    answers = asked(after_2=[back(2)])
    resume_run("r", (), store)
    assert answers == ["went back from step 6 to step 2, on branch 3"]
    assert said(store, "replay") == [
        "step 5, done again, came to the same numbers, bit for bit",
        "steps 3 to 6, done again, came to the same numbers, bit for bit",
    ]


def test_a_live_run_goes_back_on_a_persons_request(config_for, store, monkeypatch):
    monkeypatch.setattr("trainer.session.Inbox", lambda *args: Inbox(*args, every=0.02))
    place = {"step": 0}

    def see_where_it_is():
        if len(person.answers) == 1:
            place["step"] = int(person.answers[0].removeprefix("paused after step "))

    person = Person(
        store, "pause", "save-now", ("rollback", place), "continue", "stop-and-save",
        before=see_where_it_is, first=lambda: metric(store, "loss"),
    )  # fmt: skip
    ended = start_run(config_for(**ENDLESS), store)
    person.join()
    step = place["step"]
    assert step > 0
    assert person.answers[2] == f"went back from step {step} to step {step}, on branch 2"
    assert ended.outcome.state.step > step
    assert [item["fork_step"] for item in show_run(store, "r")["branches"]] == [-1, step]


@pytest.mark.parametrize(
    ("args", "answer"),
    [
        ({"step": 3}, "not done: there is no sealed checkpoint at step 3; the nearest is at step 2 (there are 2, 4)"),
        ({"step": 0}, "not done: there is no sealed checkpoint at step 0; the nearest is at step 2 (there are 2, 4)"),
        ({}, "not done: a rollback names the step of a checkpoint"),
        ({"step": -1}, "not done: a rollback names the step of a checkpoint"),
        ({"step": "2"}, "not done: a rollback names the step of a checkpoint"),
        ({"step": True}, "not done: a rollback names the step of a checkpoint"),
    ],
)
def test_a_step_one_cannot_go_back_to_is_answered_in_words_and_nothing_changes(config_for, store, asked, args, answer):
    answers = asked(after_5=[("rollback", args)])
    start_run(config_for(**EVERY_TWO), store)
    assert answers == [answer]
    assert [item["branch"] for item in show_run(store, "r")["branches"]] == [1]
    assert list(active(store, "loss")) == [1, 2, 3, 4, 5, 6]


def test_a_damaged_checkpoint_is_not_gone_back_to_but_the_next_older_one_and_that_is_said(
    config_for, store, asked, monkeypatch
):
    monkeypatch.setattr("trainer.train.asked_back", _harming(store, "00000004"))
    answers = asked(after_5=[back(4)])
    start_run(config_for(**EVERY_TWO), store)
    assert "optimizer.safetensors is damaged" in answers[0]
    assert answers[0].endswith("; went back from step 5 to step 2, on branch 2")
    (_, branch) = show_run(store, "r")["branches"]
    assert branch["fork_step"] == 2
    assert branch["data"]["refused"] == [answers[0].removesuffix("; went back from step 5 to step 2, on branch 2")]
    assert list(active(store, "loss")) == [1, 2, 3, 4, 5, 6]


def test_where_every_checkpoint_is_damaged_nothing_is_gone_back_to(config_for, store, asked, monkeypatch):
    monkeypatch.setattr("trainer.train.asked_back", _harming(store, "00000004", "00000002"))
    answers = asked(after_5=[back(4)])
    start_run(config_for(**EVERY_TWO), store)
    assert answers[0].startswith("not done: ")
    assert answers[0].count("optimizer.safetensors is damaged") == 2
    assert [item["branch"] for item in show_run(store, "r")["branches"]] == [1]


def _harming(store, *names):
    """`asked_back`, with the optimizer's state of some checkpoints harmed before."""

    def harmed(training, step, actor):
        for name in names:
            (path,) = (store.root / "r" / "checkpoints").glob(f"{name}*/optimizer.safetensors")
            path.write_bytes(path.read_bytes()[:-1] + b"?")
        return asked_back(training, step, actor)

    return harmed


def test_what_is_asked_after_a_rollback_is_done_where_the_run_is_then(config_for, store, asked):
    answers = asked(after_5=[back(2), ("save-now", {}), ("note", {"text": "better"}), ("stop-and-save", {})])
    ended = start_run(config_for(**EVERY_TWO), store)
    assert answers[1:] == ["saved as r/checkpoints/00000002-b2", "noted", "stops after step 2 and saves"]
    assert ended.outcome.state.step == 2
    assert [event["step"] for event in events(store, "note")] == [2]
    assert show_run(store, "r")["error"] == "stopped at step 2 of 6 by lin"
    resume_run("r", (), store)
    assert list(active(store, "loss")) == [1, 2, 3, 4, 5, 6]
    assert [item["branch"] for item in show_run(store, "r")["branches"]] == [1, 2]


def test_what_became_of_the_validation_is_gone_back_on_too(config_for, store, asked, monkeypatch):
    losses = iter([9.0, 3.0, 2.0, 8.0, 8.5, 7.0])
    monkeypatch.setattr("trainer.step.Engine.held_out", lambda *_, **__: (next(losses), {}))
    asked(after_5=[back(2)])
    ended = start_run(config_for(**EVERY_TWO), store)
    # 2.0 of step 4 was measured on a branch that was left.
    assert (ended.outcome.state.best_loss, ended.outcome.state.best_step) == (3.0, 2)
    assert state_of(checkpoints(store)[-1])["worse_in_row"] == 2


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_resumed_run_can_begin_at_an_earlier_step(config_for, store, method):
    start_run(config_for(**EVERY_TWO, train__method=method), store)
    before = learned(checkpoints(store)[-1])
    resume_run("r@2", (), store)
    run = show_run(store, "r")
    assert [(item["fork_step"], item["reason"]) for item in run["branches"]] == [(-1, "start"), (2, "rollback")]
    assert learned(store.root / "r" / "checkpoints" / "00000006-b2") == before
    assert said(store, "replay") == ["steps 3 to 6, done again, came to the same numbers, bit for bit"]
    assert (run["status"], run["step"]) == ("finished", 6)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("r@5", "run r has no whole checkpoint at step 5; there are: 2, 4, 6"),
        ("r@0", "run r has no whole checkpoint at step 0; there are: 2, 4, 6"),
        ("r/1@2", OTHER_BRANCH),
        ("r@6", "run r is at its end (step 6 of 6); give it more with --set train.steps=12"),
    ],
)  # fmt: skip
def test_a_step_one_cannot_resume_at_is_refused_in_words(config_for, store, name, says):
    start_run(config_for(**EVERY_TWO), store)
    with pytest.raises(ResumeError) as caught:
        resume_run(name, (), store)
    assert str(caught.value) == says
    assert [item["branch"] for item in show_run(store, "r")["branches"]] == [1]


# --- which checkpoints are safe to return to ---------------------------------------------------


def told(store, run="r"):
    """What was said of the states of checkpoints, in order."""
    lines = [
        json.loads(line)
        for path in sorted((store.root / run / "spool").iterdir())
        for line in path.read_text().splitlines()
    ]
    return [(line["state"], line["s"], line.get("reason")) for line in lines if line["k"] == "checkpoint"]


SAFE = {"checkpoint__every": 1, "checkpoint__keep": 9, "data__validation": 0.0, "train__steps": 5}


def test_a_checkpoint_is_safe_to_return_to_after_enough_clean_steps(config_for, store):
    start_run(config_for(**SAFE, checkpoint__stable_after=2), store)
    assert told(store) == [
        ("sealed", 1, None), ("sealed", 2, None),
        ("sealed", 3, None), ("stable", 1, "no alarm in the 2 steps since"),
        ("sealed", 4, None), ("stable", 2, "no alarm in the 2 steps since"),
        ("sealed", 5, None), ("stable", 3, "no alarm in the 2 steps since"),
        ("stable", 4, "no alarm in the 1 steps since"), ("stable", 5, "the end of a clean run"),
    ]  # fmt: skip


def test_a_step_that_was_skipped_begins_the_count_anew(config_for, store, monkeypatch):
    monkeypatch.setattr("trainer.step.Engine.measure", _poisoned({2}))
    start_run(config_for(**SAFE, checkpoint__stable_after=2), store)
    stable = [(step, reason) for state, step, reason in told(store) if state == "stable"]
    assert stable[:2] == [(1, "no alarm in the 2 steps before this one"), (2, "no alarm in the 2 steps since")]
    assert [step for step, _ in stable] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("skipped", [2, 5])
def test_a_run_that_did_not_end_cleanly_has_no_last_safe_checkpoint(config_for, store, monkeypatch, skipped):
    monkeypatch.setattr("trainer.step.Engine.measure", _poisoned({skipped}))
    start_run(config_for(**SAFE, checkpoint__stable_after=50), store)
    assert {state for state, _, _ in told(store)} == {"sealed"}
    assert {item["state"] for item in show_run(store, "r")["checkpoints"]} == {"sealed"}


def test_a_run_that_was_stopped_says_nothing_of_its_last_checkpoint(config_for, store, asked):
    asked(after_3=[("stop-and-save", {})])
    start_run(config_for(**SAFE), store)
    assert {state for state, _, _ in told(store)} == {"sealed"}
    resume_run("r", (), store)
    stable = [step for state, step, _ in told(store) if state == "stable"]
    assert stable == [1, 2, 3, 4, 5]


def test_what_was_called_safe_is_not_called_so_again_and_a_suspect_never_is(config_for, store):
    ended = start_run(config_for(**SAFE, checkpoint__stable_after=1), store)
    said_of = {f"r/checkpoints/{folder.name}": {"state": "sealed"} for folder in checkpoints(store)}
    said_of["r/checkpoints/00000002-b1"]["state"] = "suspect"
    said_of["r/checkpoints/00000003-b1"]["state"] = "stable"
    spoken = []

    class Listener:
        folder = ended.folder

        def record(self, _kind, **line):
            spoken.append((line["state"], line["s"]))

    shelf = Shelf(Listener(), store, config_for().checkpoint)
    history = History(last_steps={1: 5}, announced=said_of)
    shelf.read(history)
    shelf.mature(5, 0, history, after=1)
    assert spoken == [("stable", 1), ("stable", 4)]
