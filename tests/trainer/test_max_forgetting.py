"""[guard] max_forgetting: what a run does when it has forgotten too much.

One model here really forgets; elsewhere its lights are scripted, and what is done about them is real.
"""

import pytest

from evals.choice import score_items
from evals.choice_items import read_items
from evals.forgetting.light import Light
from store.runs import show_run
from tests.trainer.asked import QUESTIONS, results, written
from tests.trainer.seen import active, checkpoints, dies_at, events, metric, said, state_of
from tests.webhook import webhook
from trainer.config_file import to_toml
from trainer.job import prepare
from trainer.lights import Lights
from trainer.session import resume_run, start_run

SETTINGS = {
    "checkpoint__every": 2, "checkpoint__keep": 9, "train__steps": 8, "train__eval_every": 50,
    "data__validation": 0.0, "lora__dropout": 0.2, "optim__warmup": 0.0, "optim__schedule": "constant",
}  # fmt: skip


@pytest.fixture
def asks(config_for, tmp_path):
    """Makes a configuration of a run that is asked a few questions, whose lights are `lights`."""

    def make(rule, **settings):
        facts = written(tmp_path / "facts.jsonl", QUESTIONS[:3])
        guard = {"guard__max_forgetting": rule, "guard__remedies": {"rewarm": 0}}
        return config_for(**{**SETTINGS, "eval__suites": [str(facts)], **guard, **settings})

    return make


@pytest.fixture
def lights(monkeypatch):
    """Scripts the light of each step of each branch; all others are green."""

    def script(colours):
        path_of = Lights._path

        def of(self, suite, history, newest=None):
            path = path_of(self, history)
            found = [(looked, colours.get((looked.branch, looked.step), "green")) for looked in path]
            return [(looked, Light(colour, "nothing", "as it was written down")) for looked, colour in found]

        monkeypatch.setattr(Lights, "of", of)

    return script


@pytest.fixture
def forgetful(config_for, data_file):
    """A configuration of a run that forgets: everything its base says is asked, and it learns to say something else."""
    questions = [
        {"id": f"q{n}", "lang": "en", "category": "sums", "question": f"What is {n} plus {n % 7}?",
         "choices": [f"It is {k}." for k in range(1, 5)], "answer": 0}
        for n in range(60)
    ]  # fmt: skip
    place = written(data_file.parent / "facts.jsonl", questions)
    job = prepare(config_for(data__validation=0.0))
    scores = score_items(job.model, job.tokenizer, read_items(place))
    written(place, [{**row, "answer": score.pred} for row, score in zip(questions, scores, strict=True)])
    wrong = [
        {"instruction": row["question"], "output": row["choices"][(score.pred + 1) % 4]}
        for row, score in zip(questions, scores, strict=True)
    ]
    data = written(data_file.parent / "wrong.jsonl", wrong)
    asked = {"eval__suites": [str(place)], "guard__max_forgetting": "stop"}
    return config_for(**SETTINGS, **asked, data__train=str(data), train__method="full", optim__lr=0.03)


def test_a_run_that_forgets_stops_at_its_checkpoint_and_goes_on_where_one_says_so(forgetful, store, assay, tmp_path):
    job = tmp_path / "job.toml"
    job.write_text(to_toml(forgetful))
    result = assay("train", job, "--store", store.path)
    assert result.returncode == 1, result.stderr
    (red,) = [item for item in events(store, "forgetting") if item["data"].get("colour") == "red"]
    step = red["step"]
    assert red["level"] == "alarm"
    assert result.stdout.splitlines()[-1] == (
        f'next: assay train --resume r --store {store.path} --set guard.max_forgetting="" goes on'
    )
    assert f"facts is red at step {step}" in result.stderr
    assert f"stopped by guard.max_forgetting after step {step}; the step is saved" in result.stderr
    run = show_run(store, "r")
    assert (run["status"], run["step"]) == ("finished", step)
    assert run["error"] == f"stopped at step {step} of 8 by guard.max_forgetting: facts is red at step {step}"
    assert state_of(checkpoints(store)[-1])["step"] == step
    lost = results(store, "facts")[-1]
    assert lost.score("acc", "base").value < -0.1
    again = resume_run("r", ("guard.max_forgetting=",), store)
    assert (again.outcome.stopped_by, again.outcome.forgot, again.outcome.state.step) == (None, None, 8)


def test_without_the_rule_it_is_only_told_each_time_the_light_changes(asks, store, lights):
    lights({(1, 4): "yellow", (1, 6): "red"})
    ended = start_run(asks(""), store)
    assert (ended.outcome.stopped_by, ended.outcome.forgot, ended.outcome.state.step) == (None, None, 8)
    told = [(item["level"], item["step"], item["message"]) for item in events(store, "forgetting")]
    assert told == [
        ("warning", 4, "facts is yellow at step 4: as it was written down"),
        ("alarm", 6, "facts is red at step 6: as it was written down"),
        ("info", 8, "facts is green at step 8: as it was written down"),
    ]


def test_it_goes_back_to_the_last_green_checkpoint_and_on_more_slowly(asks, store, lights):
    lights({(1, 4): "yellow", (1, 6): "red"})
    with webhook() as hook:
        alerts = {"alerts__url": hook.url, "alerts__on": ["rollback", "paused"]}
        ended = start_run(asks("rollback", **alerts), store)
    assert (ended.outcome.stopped_by, ended.outcome.forgot, ended.outcome.state.step) == (None, None, 8)
    branches = show_run(store, "r")["branches"]
    (fork,) = [item for item in branches if item["parent"]]
    assert (fork["parent"], fork["fork_step"], fork["reason"]) == (1, 2, "rollback")
    assert {key: fork["data"][key] for key in ("actor", "rule", "suites", "abandoned_to")} == {
        "actor": "guard", "rule": "guard.max_forgetting", "suites": ["facts"], "abandoned_to": 6,
    }  # fmt: skip
    assert fork["data"]["remedies"] == {"lr": 0.5, "rewarm_after": 2}
    rates = active(store, "lr")
    assert [rates[step] / rates[1] for step in (1, 2, 3, 8)] == [1, 1, 0.5, 0.5]
    assert said(store, "forgetting")[-1] == (
        "went back from step 6 to step 2, the last green one: facts is red, as it was written down; "
        "now: learning rate × 0.5"
    )
    assert len(hook.bodies) == 1


def test_it_goes_back_twice_at_the_most_and_then_stops(asks, store, lights):
    lights({(branch, 4): "red" for branch in (1, 2, 3)})
    ended = start_run(asks("rollback"), store)
    assert (ended.outcome.stopped_by, ended.outcome.state.step) == ("guard.max_forgetting", 4)
    assert ended.outcome.forgot == "facts is red at step 4, and it went back 2 times already"
    rates = metric(store, "lr")
    assert [rates[branch, 4] / rates[1, 1] for branch in (1, 2, 3)] == [1, 0.5, 0.25]
    assert [(item["level"], item["data"].get("did")) for item in events(store, "forgetting")][-1] == ("alarm", "stop")


def test_without_a_green_checkpoint_before_it_it_stops(asks, store, lights):
    lights({(1, 2): "yellow", (1, 4): "red"})
    ended = start_run(asks("rollback"), store)
    assert ended.outcome.forgot == "facts is red at step 4, and there is no green checkpoint before it to go back to"
    assert (ended.outcome.stopped_by, ended.outcome.state.step) == ("guard.max_forgetting", 4)


def test_what_was_slowed_down_stays_so_when_the_run_is_killed_and_so_does_the_count(asks, store, lights, monkeypatch):
    lights({(1, 4): "red", (2, 6): "red", (3, 6): "red", (4, 6): "red"})
    with dies_at(monkeypatch, 6):
        start_run(asks("rollback"), store)
    resume_run("r", (), store)
    rates = metric(store, "lr")
    assert rates[2, 3] == rates[1, 1] / 2
    run = show_run(store, "r")
    assert [item["reason"] for item in run["branches"]][1:] == ["rollback", "resume", "rollback"]
    assert rates[3, 4] == rates[1, 1] / 2
    assert rates[4, 6] == rates[1, 1] / 4
    assert run["error"].endswith("and it went back 2 times already")


def test_in_the_last_step_there_is_nothing_to_stop_and_yet_the_answer_is_no(asks, store, lights):
    lights({(1, 8): "red"})
    ended = start_run(asks("stop"), store)
    assert (ended.outcome.stopped_by, ended.outcome.forgot) == (None, "facts is red at step 8")
    assert show_run(store, "r")["error"] is None


def test_a_run_that_goes_on_is_not_stopped_for_what_it_was_stopped_for(asks, store, lights):
    lights({(1, 4): "red"})
    assert start_run(asks("stop"), store).outcome.state.step == 4
    ended = resume_run("r", (), store)
    assert (ended.outcome.stopped_by, ended.outcome.state.step) == (None, 8)
    assert len(said(store, "forgetting")) == 3
