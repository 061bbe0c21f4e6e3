"""What people ask of a running trainer is done between two steps, and answered."""

import functools
import signal

import pytest

from store.artifacts import sealed_folders
from store.errors import StoreError
from store.requests import ask, waiting
from store.runs import list_runs, show_run
from tests.trainer.seen import Person, checkpoints, learned, metric, said, wait_for
from tests.trainer.started import start
from trainer.config_file import to_toml
from trainer.inbox import Inbox
from trainer.session import resume_run, start_run
from trainer.step import Engine

NOTE = ("note", {"text": "looks good"})
ENDLESS = {"train__steps": 100000, "train__eval_every": 100000, "checkpoint__every": 100000}


@pytest.fixture(autouse=True)
def _ask_often(monkeypatch):
    monkeypatch.setattr("trainer.session.Inbox", functools.partial(Inbox, every=0.02))


def test_stop_and_save_ends_the_run_with_a_checkpoint_it_can_go_on_from(config_for, store):
    person = Person(store, "stop-and-save")
    ended = start_run(config_for(**ENDLESS), store)
    person.join()
    step = ended.outcome.state.step
    assert ended.outcome.stopped_by == "lin"
    assert person.answers == [f"stops after step {step} and saves"]
    assert [folder.name for folder in sealed_folders(ended.folder / "checkpoints")] == [f"{step:08d}-b1"]
    run = show_run(store, "r")
    assert (run["status"], run["error"]) == ("finished", f"stopped at step {step} of 100000 by lin")
    again = resume_run("r", (f"train.steps={step + 2}",), store)
    assert again.outcome.state.step == step + 2
    assert [item["branch"] for item in show_run(store, "r")["branches"]] == [1]


def test_save_now_and_note_let_the_run_go_on(config_for, store):
    person = Person(store, "save-now", NOTE, "stop-and-save")
    ended = start_run(config_for(**ENDLESS), store)
    person.join()
    saved, noted, _ = person.answers
    first, last = sealed_folders(ended.folder / "checkpoints")
    assert saved == f"saved as r/checkpoints/{first.name}"
    assert noted == "noted"
    assert first.name < last.name
    events = [(item["kind"], item["message"]) for item in show_run(store, "r")["events"]]
    assert ("note", "looks good") in events


def test_a_paused_run_waits_takes_other_requests_and_goes_on(config_for, store):
    statuses = []
    person = Person(
        store, "pause", "save-now", "continue", "stop-and-save",
        before=lambda: statuses.append(wait_for(lambda: store.rows("SELECT status, last_step FROM run"))[0]),
    )  # fmt: skip
    ended = start_run(config_for(**ENDLESS), store)
    person.join()
    paused, saved, going, stopped = person.answers
    step = int(paused.removeprefix("paused after step "))
    assert saved == f"saved as r/checkpoints/{step:08d}-b1"
    assert going == "goes on"
    assert stopped == f"stops after step {ended.outcome.state.step} and saves"
    assert ended.outcome.state.step > step
    events = [item["message"] for item in reversed(show_run(store, "r")["events"]) if item["kind"] == "status"]
    assert events[:3] == ["running", "paused", "running"]


@pytest.mark.parametrize("kind", ["evaluate", "open-campaign", "propose"])
def test_what_asks_models_questions_is_left_to_the_evaluator(kind, config_for, store):
    person = Person(store, "save-now", "stop-and-save", first=lambda: ask(store, "r", kind, actor="command:lin"))
    start_run(config_for(**ENDLESS), store)
    person.join()
    assert [request.kind for request in waiting(store, "r")] == [kind]
    assert len(said(store, "request")) == 2


def test_requests_survive_a_store_that_fails_for_a_while(config_for, store, monkeypatch):
    from store.requests import take  # noqa: PLC0415 - the real one

    failures = iter([True] * 5)

    def failing(*arguments):
        if next(failures, False):
            raise StoreError("locked")
        return take(*arguments)

    monkeypatch.setattr("trainer.inbox.take", failing)
    person = Person(store, "stop-and-save")
    ended = start_run(config_for(**ENDLESS), store)
    person.join()
    assert ended.outcome.stopped_by == "lin"
    assert next(failures, None) is None


@pytest.mark.parametrize("at", [0, 3])
def test_one_ctrl_c_ends_a_validation_at_its_next_part(config_for, store, monkeypatch, at):
    settings = {"train__micro_batch": 1, "lora__dropout": 0.2}
    start_run(config_for(run__name="whole", **settings), store)
    measured, sample_losses = [], Engine.sample_losses

    def pressing(engine, batch):
        if not engine.model.training:
            measured.append(batch)
            if len(measured) == 1 + (5 if at else 0):
                signal.raise_signal(signal.SIGINT)
        return sample_losses(engine, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "sample_losses", pressing)
        ended = start_run(config_for(**settings), store)
    assert (ended.outcome.state.step, ended.outcome.stopped_by) == (at, "Ctrl-C")
    assert len(measured) == 1 + (5 if at else 0)
    assert list(metric(store, "val_loss")) == ([(1, 0)] if at else [])
    resume_run("r", (), store)
    whole = metric(store, "val_loss", "whole")
    assert metric(store, "val_loss") == {key: loss for key, loss in whole.items() if key[1] != at or not at}
    assert said(store, "validation") == [f"the validation after step {at} was not finished"]
    assert learned(checkpoints(store)[-1]) == learned(checkpoints(store, "whole")[-1])


@pytest.mark.parametrize(
    ("number", "code", "name"),
    [
        (signal.SIGINT, 130, "Ctrl-C"),
        pytest.param(signal.SIGTERM, 143, "SIGTERM", marks=pytest.mark.slow),
    ],
)
def test_a_signal_finishes_the_step_saves_and_says_how_to_go_on(config_for, store, tmp_path, number, code, name):
    job = tmp_path / "job.toml"
    job.write_text(to_toml(config_for(**ENDLESS)))
    process = start("train", job, "--store", store.path)
    wait_for(lambda: any((row["step"] or 0) >= 2 for row in list_runs(store)))
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in err
    assert out.splitlines()[-1] == f"next: assay train --resume r --store {store.path} goes on"
    run = show_run(store, "r")
    step = run["step"]
    assert (run["status"], run["error"]) == ("finished", f"stopped at step {step} of 100000 by {name}")
    assert [item["step"] for item in run["checkpoints"]] == [step]
