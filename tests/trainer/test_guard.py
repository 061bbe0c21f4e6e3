"""What the guard does about a spike: skip, go back, try the next thing, ask; and that a kill loses none of it.

The rules that find a spike are scripted here (tests/assay has theirs); what is done is real.
"""

import json

import pytest

from assay.errors import AssayError
from assay.spikes import Alarm, Verdict
from store.runs import show_run
from tests.trainer.seen import Person, active, batches, checkpoints, dies_at, events, learned, said, state_of
from tests.webhook import webhook
from trainer.errors import TrainingError
from trainer.origin import find_origin
from trainer.session import fork_run, resume_run, start_run

EVERY_TWO = {
    "checkpoint__every": 2, "checkpoint__keep": 9, "checkpoint__stable_after": 2, "train__steps": 14,
    "train__eval_every": 50, "lora__dropout": 0.2, "guard__skip_after": 1, "data__validation": 0.0,
}  # fmt: skip

SPIKE_AT_8 = {8: ["rollback", "rollback"]}


class Scripted:
    """A detector that says of a step what was written down, each time it sees it."""

    script, begins, resets = {}, 7, []
    armed = True

    def __init__(self):
        self.onset = self.first_alarm = None

    def see(self, step, loss, grad_norm=None, *, overflow=False, parameters_finite=True):
        action = self.script[step].pop(0) if self.script.get(step) else "commit"
        self._move(step, action)
        if action == "commit":
            return Verdict("commit")
        rule = {"skip": "T1", "rollback": "T2"}[action]
        return Verdict(action, (Alarm(step, "loss", rule, action, loss, 1.0, f"loss {rule}"),))

    def _move(self, step, action):
        begins = step if self.begins is None and action == "rollback" else self.begins
        if begins is not None and (step == begins or action == "rollback"):
            self.onset = self.first_alarm = begins
        elif begins is None or step > begins + 2:
            self.onset = self.first_alarm = None

    def after(self, step, values):
        return ()

    def reset(self, reason):
        self.resets.append(reason)

    def state(self):
        return {"onset": self.onset}

    @classmethod
    def restored(cls, kept):
        found = cls()
        found.onset = found.first_alarm = kept["onset"]
        return found


@pytest.fixture
def spikes(monkeypatch):
    """Puts a scripted detector in place: what it says of a step, each time it sees it. Spikes begin at `onset`, or
    where they are gone back from; returns why it was reset.
    """

    def script(by_step, onset=7):
        fields = {"script": {step: list(actions) for step, actions in by_step.items()}, "begins": onset, "resets": []}
        made = type("Scripted", (Scripted,), fields)
        monkeypatch.setattr("trainer.guard.Detector", made)
        return made.resets

    return script


def branches(store, run="r"):
    return [
        (item["branch"], item["parent"], item["fork_step"], item["reason"]) for item in show_run(store, run)["branches"]
    ]


def asks(store):
    return [row for row in events(store, "guard") if row["data"].get("did") == "ask"]


def verdicts(store, run="r"):
    return [(row["branch"], row["step"], row["verdict"]) for row in batches(store, run) if row["verdict"] != "commit"]


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_skipped_step_changes_no_weight_no_moment_and_no_count(config_for, store, spikes, monkeypatch, method):
    from trainer.train import Training  # noqa: PLC0415 - only here

    spikes({3: ["skip"]})
    seen, train_step = [], Training.train_step

    def everything(self):
        tensors = [item.detach().clone() for item in self.job.model.parameters()]
        moments = [part.clone() for state in self.job.optimizer.state.values() for part in state.values()]
        return [*tensors, *moments], self.state.update

    def watched(self, step):
        before = everything(self)
        verdict = train_step(self, step)
        seen.append((step, before, everything(self)))
        return verdict

    monkeypatch.setattr("trainer.train.Training.train_step", watched)
    start_run(config_for(train__method=method, data__validation=0.0), store)
    for step, (before, updates), (after, updates_then) in seen:
        same = len(before) == len(after) and all(map(lambda a, b: a.equal(b), before, after))
        assert same == (step == 3)
        assert updates_then - updates == (step != 3)
    assert verdicts(store) == [(1, 3, "skip")]
    assert said(store, "spike") == ["step 3: loss T1, the step was not taken"]


def test_a_spike_is_done_again_unchanged_and_then_gone_around(config_for, store, spikes):
    spikes(SPIKE_AT_8)
    start_run(config_for(**EVERY_TWO), store)
    assert branches(store) == [(1, None, -1, "start"), (2, 1, 4, "replay"), (3, 2, 4, "rollback")]
    assert said(store, "replay") == ["steps 5 to 7, done again, came to the same numbers, bit for bit"]
    assert verdicts(store) == [(1, 8, "rollback"), *((3, step, "left-out") for step in (5, 6, 7, 8))]
    assert [step for step in active(store, "loss") if step] == [1, 2, 3, 4, 9, 10, 11, 12, 13, 14]
    (over,) = events(store, "spike-over")
    assert (over["step"], over["data"]["cause"]) == (11, "batch-linked")
    assert "without the samples around it it did not" in over["message"]
    assert "bit for bit" in over["message"]


def test_what_the_guard_left_out_is_what_a_run_that_never_read_it_comes_to(config_for, store, spikes):
    spikes({})
    settings = {**EVERY_TWO, "guard.remedies__leave_out": [[5, 8]]}
    start_run(config_for(run__name="whole", **settings), store)
    spikes(SPIKE_AT_8)
    start_run(config_for(**EVERY_TWO), store)
    whole, mended = (learned(checkpoints(store, run)[-1]) for run in ("whole", "r"))
    assert {name: data for name, data in whole.items() if name.endswith("safetensors")} == {
        name: data for name, data in mended.items() if name.endswith("safetensors")
    }
    assert state_of(checkpoints(store)[-1])["remedies"] == {"left_out": [[5, 8]]}


def test_what_was_sealed_during_the_spike_is_suspect_and_never_gone_back_to(config_for, store, spikes):
    spikes(SPIKE_AT_8, onset=5)
    start_run(config_for(**EVERY_TWO), store)
    history = store.rows("SELECT path, state FROM checkpoint")
    states = {row["path"]: row["state"] for row in history}
    assert states["r/checkpoints/00000006-b1"] in ("suspect", "deleted")
    told = store.rows("SELECT message FROM event WHERE kind = 'checkpoint' AND message LIKE '%suspect%'")
    assert len(told) == 1
    assert branches(store)[1] == (2, 1, 4, "replay")


def test_the_branch_says_what_is_tried_and_the_event_shows_the_samples(config_for, store, spikes):
    spikes(SPIKE_AT_8)
    start_run(config_for(**EVERY_TWO), store)
    data = show_run(store, "r")["branches"][2]["data"]
    assert (data["rung"], data["onset"], data["alarm"], data["actor"]) == ("leave-out", 7, 7, "guard")
    assert data["remedies"] == {"left_out": [[5, 8]]}
    assert data["checkpoint"] == "r/checkpoints/00000004-b1"
    first = events(store, "guard")[0]
    assert first["message"].startswith("the guard went back from step 8 to step 4, before the spike at step 7; now: ")
    samples = first["data"]["samples"]
    assert [item["loss"] for item in samples] == sorted((item["loss"] for item in samples), reverse=True)
    assert {item["step"] for item in samples} <= {7, 8}
    assert "plus" in samples[0]["text"]
    assert len(json.dumps(samples)) < 6000


def test_a_spike_that_comes_back_meets_the_next_rung_and_then_the_run_asks(config_for, store, spikes):
    resets = spikes({8: ["rollback", "rollback"], 9: ["rollback"], 10: ["rollback"], 11: ["rollback"]}, onset=7)
    person = Person(store, "stop-and-save", first=lambda: asks(store))
    ended = start_run(config_for(**{**EVERY_TWO, "guard__skip_after": 0, "guard.remedies__rewarm": 2}), store)
    person.join()
    assert [row["reason"] for row in show_run(store, "r")["branches"]] == ["start", "replay", *["rollback"] * 3]
    rungs = [row["data"]["rung"] for row in show_run(store, "r")["branches"][1:]]
    assert rungs == ["control", "leave-out", "slower", "remedies"]
    assert resets == ["the learning rate rises again"] * 2
    assert ended.outcome.stopped_by == "lin"
    asked = events(store, "guard")[-1]
    assert "the run waits" in asked["message"]
    remedies = state_of(checkpoints(store)[-1])["remedies"]
    assert (remedies["lr"], remedies["shallow_update"]) == (0.5, 0.1)


def test_one_who_says_go_on_is_not_asked_again_about_the_same_spike(config_for, store, spikes):
    spikes({8: ["rollback"], 9: ["rollback"]})
    person = Person(store, "continue", first=lambda: asks(store))
    ended = start_run(config_for(**EVERY_TWO, guard__rollbacks=0), store)
    person.join()
    assert ended.outcome.state.step == 14
    assert verdicts(store) == [(1, 8, "rollback")]
    assert len(events(store, "guard")) == 1


def test_without_a_checkpoint_it_begins_again_with_the_same_bits(config_for, store, spikes):
    settings = {**EVERY_TWO, "checkpoint__every": 100}
    spikes({})
    start_run(config_for(run__name="whole", **settings), store)
    spikes({8: ["rollback"]})
    start_run(config_for(**settings), store)
    assert branches(store) == [(1, None, -1, "start"), (2, 1, 0, "replay"), (3, 2, 0, "rollback")]
    assert said(store, "replay") == ["steps 1 to 7, done again, came to the same numbers, bit for bit"]
    whole = {**settings, "guard.remedies__leave_out": [[1, 8]]}
    spikes({})
    start_run(config_for(run__name="late", **whole), store)
    for name in ("adapter_model.safetensors", "optimizer.safetensors"):
        assert learned(checkpoints(store)[-1])[name] == learned(checkpoints(store, "late")[-1])[name]


@pytest.mark.parametrize("dies_in", ["restore_weights", "restore_optimizer"])
def test_killed_in_the_middle_of_a_rollback_it_goes_on_and_comes_to_the_same_bits(
    config_for, store, spikes, monkeypatch, dies_in
):
    spikes(SPIKE_AT_8)
    start_run(config_for(run__name="whole", **EVERY_TWO), store)
    spikes({8: ["rollback"] * 9})
    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="the power failed"):
        patch.setattr(f"trainer.parallel.restoring.{dies_in}", _dies)
        start_run(config_for(**EVERY_TWO), store)
    spikes(SPIKE_AT_8)
    resume_run("r", (), store)
    names = ("adapter_model.safetensors", "optimizer.safetensors")
    whole, found = (learned(checkpoints(store, run)[-1]) for run in ("whole", "r"))
    assert {name: whole[name] for name in names} == {name: found[name] for name in names}


@pytest.mark.parametrize("number", [9, 12, 13, 14])
def test_killed_after_a_rollback_it_still_knows_what_was_tried(config_for, store, spikes, monkeypatch, number):
    spikes(SPIKE_AT_8)
    start_run(config_for(run__name="whole", **EVERY_TWO), store)
    spikes(SPIKE_AT_8)
    with dies_at(monkeypatch, number):
        start_run(config_for(**EVERY_TWO), store)
    spikes({8: ["rollback"]} if number < 12 else {})
    resume_run("r", (), store)
    names = ("adapter_model.safetensors", "optimizer.safetensors")
    whole, found = (learned(checkpoints(store, run)[-1]) for run in ("whole", "r"))
    assert {name: whole[name] for name in names} == {name: found[name] for name in names}
    (over,) = events(store, "spike-over")
    assert over["data"]["cause"] == "batch-linked"


def test_a_guard_that_watches_only_tells(config_for, store, spikes):
    spikes({3: ["skip"], 8: ["rollback"]})
    start_run(config_for(**EVERY_TWO, guard__mode="watch"), store)
    assert branches(store) == [(1, None, -1, "start")]
    assert verdicts(store) == []
    assert said(store, "spike") == [
        "step 3: loss T1 (the guard only watches)", "step 8: loss T2 (the guard only watches)",
    ]  # fmt: skip


def test_a_damaged_target_is_told_and_the_next_older_one_is_taken(config_for, store, spikes, monkeypatch):
    from trainer.rollback import go_around  # noqa: PLC0415 - only here

    def harmed(training, verdict):
        for path in (store.root / "r" / "checkpoints").glob("00000004-b1/optimizer.safetensors"):
            path.write_bytes(path.read_bytes()[:-1] + b"?")
        return go_around(training, verdict)

    monkeypatch.setattr("trainer.train.go_around", harmed)
    spikes(SPIKE_AT_8)
    start_run(config_for(**EVERY_TWO), store)
    assert branches(store)[1] == (2, 1, 2, "replay")
    (refused,) = show_run(store, "r")["branches"][1]["data"]["refused"]
    assert "optimizer.safetensors is damaged" in refused


def test_numbers_that_are_none_in_watch_mode_end_a_useless_run(config_for, store, monkeypatch):
    from trainer.step import Engine  # noqa: PLC0415 - only here

    measure = Engine.measure
    monkeypatch.setattr("trainer.step.Engine.measure", lambda *a, **o: measure(*a, **o)._replace(loss=float("nan")))
    with pytest.raises(TrainingError, match="20 steps in a row"):
        start_run(config_for(**{**EVERY_TWO, "train__steps": 60}, guard__mode="watch"), store)


def _dies(*_):
    raise RuntimeError("the power failed")


def test_who_is_to_be_told_by_webhook_is_told_of_spike_rollback_and_end_with_links(config_for, store, spikes):
    spikes(SPIKE_AT_8)
    with webhook() as hook:
        start_run(config_for(**EVERY_TWO, alerts__url=hook.url, alerts__dashboard="http://lab:8501"), store)
    told = [(body["kind"], body["step"]) for body in hook.bodies]
    assert told == [("spike", 8), ("rollback", 8), ("finished", 14)]
    assert all(body["link"].startswith("http://lab:8501/run?run=r") for body in hook.bodies)
    assert store.rows("SELECT message FROM event WHERE kind = 'alert'") == []


def test_a_hook_that_cannot_be_used_is_refused_before_anything_is_written(config_for, store):
    with pytest.raises(AssayError, match="NO_SUCH_HOOK"):
        start_run(config_for(alerts__url="env:NO_SUCH_HOOK"), store)
    assert not (store.root / "r").exists()


def test_a_new_spike_before_the_next_checkpoint_keeps_what_helped_against_the_one_before(config_for, store, spikes):
    settings = {**EVERY_TWO, "checkpoint__every": 100, "checkpoint__keep": 3, "guard__skip_after": 0}
    # The first spike begins at 3 and is over at 6; another one begins at 9, and the only way back is the beginning.
    spikes({3: ["rollback"], 9: ["rollback"]}, onset=None)
    start_run(config_for(**settings), store)
    reasons = [(row["reason"], row["fork_step"]) for row in show_run(store, "r")["branches"][1:]]
    assert reasons == [("replay", 0), ("rollback", 0)] * 2
    assert [event["data"]["cause"] for event in events(store, "spike-over")] == ["batch-linked"] * 2
    proofs = events(store, "replay")
    assert [proof["data"]["equal"] for proof in proofs] == [True, True]
    assert state_of(checkpoints(store)[-1])["remedies"] == {"left_out": [[1, 9]]}


def test_killed_in_the_middle_of_the_control_it_does_not_take_a_part_for_the_whole(
    config_for, store, spikes, monkeypatch
):
    spikes({8: ["rollback"]})
    with dies_at(monkeypatch, 11):  # steps 1 to 8, then 5 and 6 of the control
        start_run(config_for(**EVERY_TWO), store)
    spikes({8: ["rollback"]})
    resume_run("r", (), store)
    rungs = [row["data"].get("rung") for row in show_run(store, "r")["branches"]]
    assert rungs.count("leave-out") == 1
    (back,) = [row for row in show_run(store, "r")["branches"] if (row["data"] or {}).get("rung") == "leave-out"]
    assert back["data"]["abandoned_to"] == 8
    (over,) = events(store, "spike-over")
    assert "bit for bit" not in over["message"]


def test_an_update_that_is_no_number_is_gone_back_from_and_never_sealed(config_for, store, monkeypatch):
    from trainer.train import Training  # noqa: PLC0415 - only here

    take, harmed = Training.take, []

    def broken(self, step, found):
        if step == 5 and not harmed:
            harmed.append(step)
            state = next(iter(self.job.optimizer.state.values()))
            state["exp_avg"].view(-1)[0] = float("inf")
        return take(self, step, found)

    monkeypatch.setattr("trainer.train.Training.take", broken)
    start_run(config_for(**EVERY_TWO), store)
    assert branches(store)[1][2:] == (2, "replay")
    assert "a weight of the model is none" in said(store, "spike")[0]
    assert store.rows("SELECT count(*) AS bad FROM metric WHERE NOT isfinite(value) AND step > 5")[0]["bad"] == 0


def test_a_spike_in_the_last_step_that_is_let_through_still_saves_what_was_reached(config_for, store, spikes):
    spikes({14: ["rollback"]}, onset=14)
    person = Person(store, "continue", first=lambda: asks(store))
    ended = start_run(config_for(**EVERY_TWO, guard__rollbacks=0), store)
    person.join()
    assert ended.outcome.unsaved is None
    assert state_of(checkpoints(store)[-1])["step"] == 14


def test_what_a_person_went_back_from_is_not_taken_up_again_by_a_resumption(config_for, store, spikes, monkeypatch):
    spikes(SPIKE_AT_8)
    start_run(config_for(**EVERY_TWO), store)
    spikes({})
    resume_run("r@2", (), store)
    assert state_of(checkpoints(store)[-1])["remedies"] == {}
    assert [step for step in active(store, "loss") if step] == list(range(1, 15))


def test_a_forked_run_goes_back_to_where_it_began(config_for, store, spikes):
    spikes({})
    start_run(config_for(run__name="parent", **EVERY_TWO), store)
    spikes({6: ["rollback"]}, onset=6)
    config = config_for(**{**EVERY_TWO, "checkpoint__every": 100})
    fork_run(config, find_origin("parent@4", store), store)
    assert [row[2:] for row in branches(store)[1:]] == [(4, "replay"), (4, "rollback")]
